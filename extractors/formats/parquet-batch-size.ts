/** About so many bytes are decoded at once; two such batches are in memory. Measured with 1,000,000 orders: 1.6 s at 256 KiB, 1.1 s from 1 MiB on. */
const DECODED_BYTES = 1024 * 1024;

/** Rows that are decoded at once, at most. Measured with 3,000,000 rows of five columns: 0.42 s at 1,024, 0.22 s at 8,192. */
const MAX_ROWS = 8192;

/** Rows of a first look at values whose sizes the footer does not tell. */
const PROBE_ROWS = 64;

/** A batch larger than this makes the next ones smaller. In bytes. */
const TOO_LARGE_BYTES = 4 * DECODED_BYTES;

/**
 * How many rows of a row group are decoded at once, so that they make about DECODED_BYTES. A dictionary hides how large values are: a
 * chunk of 1 MB may hold 1 MB in each of its rows. Then few rows are read first.
 */
export class ParquetBatchSize {
  rows: number;
  /** Read so many rows first, and `learn` from them; undefined: the footer says enough. */
  readonly probeRows: number | undefined;

  /** `bytesPerRow`: what the footer says; `hidden`: values may be larger than that. */
  constructor(bytesPerRow: number, hidden: boolean) {
    this.rows = rowsOf(bytesPerRow);
    this.probeRows = hidden && this.rows > PROBE_ROWS ? PROBE_ROWS : undefined;
  }

  learn(rows: number, bytes: number): void {
    this.rows = rowsOf(bytes / Math.max(1, rows));
  }

  /** Whether the rest of the row group is better read anew, with fewer `rows` at once than the batch had. */
  isTooLarge(rows: number, bytes: number): boolean {
    if (bytes < TOO_LARGE_BYTES || rowsOf(bytes / Math.max(1, rows)) >= this.rows) return false;
    this.learn(rows, bytes);
    return true;
  }
}

function rowsOf(bytesPerRow: number): number {
  return Math.min(MAX_ROWS, Math.max(1, Math.floor(DECODED_BYTES / Math.max(1, bytesPerRow))));
}
