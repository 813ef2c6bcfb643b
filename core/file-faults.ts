import type { ErrorCode } from './error-codes';
import { BeamliftError } from './errors';

/**
 * Errors that are one file's own fault. Others (a network that is down, a store that does not answer) would leave out files that are
 * right.
 */
const FAULTS_OF_FILES: ReadonlySet<ErrorCode> = new Set([
  'FORMAT_INVALID',
  'REJECTS_EXCEEDED',
  'SOURCE_CHANGED',
  'SOURCE_NOT_FOUND',
  'RIGHTS_MISSING',
  'LIMIT_EXCEEDED',
]);

/** Whether a file that gave this error may be left out where others are read. */
export function isFaultOfFile(thrown: unknown): thrown is BeamliftError {
  return thrown instanceof BeamliftError && FAULTS_OF_FILES.has(thrown.code);
}
