import type { RangeTarget } from '../core/extractor';
import type { Estimate } from '../core/plan';

/**
 * Ranges of a large file have about so many bytes of text: some two seconds of work, against which what a unit costs (1 ms on a local disk,
 * 150 ms on an object store) and what planning reads for a cut (64 KiB) are little, and a file of 200 MB has work for all processors of a machine.
 */
const RANGE_BYTES = 64 * 1024 * 1024;

/** Ranges of fewer bytes are not worth a unit, however few rows a job wants in one. */
const MIN_RANGE_BYTES = 1024 * 1024;

/** A run is cut into about so many ranges at most: enough work for the largest pool of workers, and few enough to find within a minute. */
const MAX_RANGES = 1_000;

export interface RangeTargetInput {
  /** Of all files of the run. */
  readonly bytes: number;
  readonly estimate: Estimate;
  /** What the job says; undefined: nothing. */
  readonly rowsPerUnit?: number;
  /** As in `CutInput`. */
  readonly minUnitBytes?: number;
}

/** How large a range of a large file should be. Files of fewer bytes of text are not worth cutting. */
export function rangeTarget({
  bytes,
  estimate,
  rowsPerUnit,
  minUnitBytes = 0,
}: RangeTargetInput): RangeTarget {
  const { rows, bytes: estimated } = estimate;
  const least = Math.max(minUnitBytes, Math.ceil(bytes / MAX_RANGES));
  if (rowsPerUnit === undefined || rows === null || rows === 0 || estimated === null) {
    return { bytes: Math.max(RANGE_BYTES, least) };
  }
  const wanted = Math.ceil((rowsPerUnit * estimated) / rows);
  return {
    bytes: Math.max(wanted, MIN_RANGE_BYTES, least),
    rows: Math.max(rowsPerUnit, Math.ceil(rows / MAX_RANGES)),
  };
}
