import type { ColumnType } from '../../core/schema';

/**
 * DuckDB's memory while it publishes. Measured with DuckDB 1.5.5, one thread and peaks of the whole Node process, of which 88 MB are
 * Node and the library: 3,000,000 rows of 5 columns 140 MB, 1,000,000 rows of 14 columns and 500 bytes 195 MB, both with a limit of 64 MB;
 * with 100 MB the same are 170 and 245 MB and no faster. Two threads fail below 100 MB and take 0.7 s less of 2.
 */

/** What is tried first for each thread, in MB. */
const LEAST_MB = 64;

/**
 * Each column of a table keeps blocks of 256 KiB in use while rows are appended: 60 columns work with 80 to 100 MB, 100 with 120, 200 with
 * 200. In MB.
 */
const WIDE_BASE_MB = 40;
const WIDE_COLUMN_MB = 1;

/** The last limit that is tried is this part of the machine's memory. */
const LARGEST_SHARE = 0.5;

/**
 * The memory limits to try, one after another, while DuckDB says that it ran out: every attempt is a transaction of its own. Rows of 20 KB, or
 * of 14 MB, and indexed tables need more than what is tried first, and nothing says so before.
 */
export function memoryLimits(
  configured: string | undefined,
  types: readonly ColumnType[],
  threads: number,
  machineBytes: number,
): string[] {
  if (configured !== undefined) return [configured];
  const columns = types.reduce((sum, type) => sum + leafCount(type), 0);
  const first = threads * Math.max(LEAST_MB, WIDE_BASE_MB + WIDE_COLUMN_MB * columns);
  const last = Math.max(first, Math.floor((machineBytes * LARGEST_SHARE) / 1e6));
  const limits: number[] = [];
  for (let limit = first; limit < last; limit *= 2) limits.push(limit);
  return [...limits, last].map((limit) => `${limit}MB`);
}

/** Columns as they are stored: each field of a struct is one, and so are the elements of an array. */
function leafCount(type: ColumnType): number {
  if (type.kind === 'array') return 1 + leafCount(type.element);
  if (type.kind !== 'struct') return 1;
  return type.fields.reduce((sum, field) => sum + leafCount(field.type), 1);
}
