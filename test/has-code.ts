import assert from 'node:assert/strict';
import type { ErrorCode } from '../core/error-codes';
import { BeamliftError } from '../core/errors';

/** For `assert.throws` and `assert.rejects`: an error with this code, whose what and why match. */
export function hasCode(code: ErrorCode, pattern = /./): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof BeamliftError, String(error));
    assert.equal(error.code, code, error.what);
    assert.match(`${error.what} ${error.why ?? ''}`, pattern);
    return true;
  };
}
