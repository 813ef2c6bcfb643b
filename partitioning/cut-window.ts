import { formatCount, formatCounted } from '../core/counted';
import type { SplitHints } from '../core/extractor';
import type { Estimate, Window, WorkUnit } from '../core/plan';
import { cutByRange } from './cut-by-range';
import { cutFiles, cutFirstFile } from './file';
import { hashUnits } from './hash';
import { streamUnits } from './stream';

/** The most units of a plan: keeping track of more would take longer than reading them. */
const MAX_WORK_UNITS = 20_000;

/** The size of a row where the source does not tell both rows and bytes. A guess; nothing but the number of units hangs on it. */
const ASSUMED_ROW_BYTES = 256;

/** A source that is worth cutting gets so many units, even where they are smaller than `minUnitBytes`: they are read at the same time. */
const CONCURRENT_UNITS = 4;

export interface CutInput {
  readonly hints: SplitHints;
  readonly window: Window | null;
  readonly estimate: Estimate;
  /** About so many rows make a unit. */
  readonly rowsPerUnit: number;
  readonly by: 'auto' | 'date' | 'range' | 'hash' | 'none';
  /** Units of a source that is large enough have about so many bytes or more, whatever `rowsPerUnit` says; of files only small ones share a unit. Absent: no matter. */
  readonly minUnitBytes?: number;
  /** Default and largest: MAX_WORK_UNITS. */
  readonly maxUnits?: number;
  /** A run that reads at most so many rows reads them as one unit; null: all rows. */
  readonly limit: number | null;
}

/** Work units, and why there are so many, in words. */
export interface CutResult {
  readonly units: WorkUnit[];
  readonly reason: string;
}

/**
 * Cuts a window into work units. Every row of the window is in exactly one of them: ranges are half open, the first
 * and the last are open towards the window's own bounds, and rows with NULL have a unit of their own. Wrong or old
 * statistics make units uneven, never wrong. The same input gives the same units with the same ids, in which letters,
 * digits and hyphens are all there is.
 *
 * `by` says what the job prefers; a source that cannot be cut that way is cut as it can be, and the reason says so.
 * Throws PLAN_REFUSED for more files than a run takes.
 */
export function cutWindow(input: CutInput): CutResult {
  const { hints, by, limit, estimate } = input;
  const maxUnits = Math.max(1, Math.min(input.maxUnits ?? MAX_WORK_UNITS, MAX_WORK_UNITS));
  if (hints.kind === 'files') {
    return limit === null
      ? cutFiles(
          hints.files,
          estimate,
          {
            maxUnits,
            ...(input.minUnitBytes === undefined ? {} : { minUnitBytes: input.minUnitBytes }),
          },
          hints.ranges,
        )
      : cutFirstFile(hints.files, limit);
  }
  if (limit !== null) return oneUnit(input, `at most ${formatCounted(limit, 'row is', 'rows are')} read`);
  if (hints.kind === 'none') return oneUnit(input, hints.reason);
  if (by === 'none') return oneUnit(input, 'split.by is none');
  if (hints.kind === 'streams') {
    const { streams, reason } = hints;
    if (streams.length === 0) return oneUnit(input, 'no row is in the window');
    return {
      units: streamUnits(streams),
      reason: `${reason}${by === 'auto' ? '' : `; split.by is ${by}, which this source does not offer`}`,
    };
  }

  const rows = estimate.rows ?? (estimate.bytes === null ? null : estimate.bytes / ASSUMED_ROW_BYTES);
  if (rows === null) return oneUnit(input, 'nothing is known about the number of rows');
  const wantedRows = Math.max(1, input.rowsPerUnit);
  if (rows <= wantedRows) {
    return oneUnit(
      input,
      `about ${formatCounted(Math.round(rows), 'row')}, and rows_per_unit is ${formatCount(wantedRows)}`,
    );
  }
  const rowsPerUnit = enlarged(wantedRows, rows, input);
  const atLeast = rowsPerUnit > wantedRows;
  if (hints.kind === 'hash' || by === 'hash') {
    const atMost = hints.kind === 'hash' ? Math.min(hints.maxUnits, maxUnits) : maxUnits;
    const modulus = Math.min(wholeUnits(rows / rowsPerUnit, atLeast), Math.max(1, atMost));
    if (modulus === 1) return oneUnit(input, `${hints.column} allows one unit`);
    return {
      units: hashUnits(hints.column, modulus, estimate.rows),
      reason: `by a hash of ${hints.column}${unlike(by, 'hash')}`,
    };
  }
  const { column, domain } = hints;
  const atMost = Math.min(hints.maxUnits ?? maxUnits, maxUnits);
  const units = cutByRange(hints, input.window, rowsPerUnit / rows, estimate.rows, atMost, atLeast);
  if (units.length === 1) return oneUnit(input, `the values of ${column} lie too close together to be cut`);
  const kind = domain === 'int' ? 'range' : 'date';
  return {
    units,
    reason: `ranges of ${column}${hints.histogram === undefined ? '' : ', cut by its histogram'}${by === 'date' ? unlike(by, kind) : ''}`,
  };
}

/** Units that are at most as large as was said, or at least. */
function wholeUnits(units: number, atLeast: boolean): number {
  return Math.max(1, atLeast ? Math.floor(units) : Math.ceil(units));
}

/** Rows of a unit with at least `minUnitBytes`, as far as that leaves enough units to read at the same time. */
function enlarged(wantedRows: number, rows: number, { estimate, minUnitBytes = 0 }: CutInput): number {
  const known = estimate.rows !== null && estimate.bytes !== null && estimate.bytes > 0;
  const rowBytes = known ? (estimate.bytes ?? 0) / rows : ASSUMED_ROW_BYTES;
  return Math.max(wantedRows, Math.min(minUnitBytes / rowBytes, rows / CONCURRENT_UNITS));
}

function oneUnit(input: CutInput, reason: string): CutResult {
  const rows = input.estimate.rows;
  const estimatedRows = rows === null ? null : Math.min(rows, input.limit ?? rows);
  return {
    units: [{ id: 'all', kind: 'all', ...(estimatedRows === null ? {} : { estimatedRows }) }],
    reason,
  };
}

/** What to add to the reason where the source is cut otherwise than the job asks. */
function unlike(by: CutInput['by'], used: 'date' | 'range' | 'hash'): string {
  return by === 'auto' || by === used ? '' : `; split.by is ${by}, which this source does not offer`;
}
