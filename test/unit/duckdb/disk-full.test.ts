import assert from 'node:assert/strict';
import { BeamliftError } from '../../../core/errors';
import { isDiskFull } from '../../../core/clients/duckdb-failures';
import { explainOpening } from '../../../loaders/duckdb/warehouse-file';

describe('a full disk', () => {
  // as DuckDB 1.5 says it while rows are written, at the commit, and when a file is made
  const messages = [
    'IO Error: Could not write file "/w/a.duckdb": No space left on device',
    'TransactionContext Error: Failed to commit: Could not write file "/w/a.duckdb.wal": No space left on device',
    'IO Error: Could not write file "/w/a.duckdb": Disk quota exceeded',
  ];
  for (const message of messages) {
    it(`is called so: ${message}`, () => {
      const error = explainOpening('/w/a.duckdb', new Error(message));
      assert.ok(error instanceof BeamliftError && error.code === 'DESTINATION_FAILED');
      assert.match(error.what, /^The disk of the warehouse \/w\/a\.duckdb is full/);
      assert.match(error.hint ?? '', /Make room/);
    });
  }

  it('is nothing else', () => {
    assert.equal(isDiskFull(new Error('IO Error: Could not set lock on file')), false);
    assert.equal(isDiskFull('No space left on device'), false);
  });
});
