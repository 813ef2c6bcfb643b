import { BATCH_BYTES, type RowBatch } from '../../core/extractor';
import type { Cell, Row } from '../../core/cells';
import { showValue } from '../../core/errors';
import type { Reject } from '../../core/reject';

/** Collects decoded rows until they are worth passing on. */
export class RowBatcher {
  private rows: Row[] = [];
  private rejects: Reject[] = [];
  private bytes = 0;

  /**
   * @param keys indexes of the key columns among `columns`, by which an unreadable row is named.
   * @param rowNumber how many rows of the unit came before.
   */
  constructor(
    private readonly columns: readonly string[],
    private readonly keys: readonly number[],
    private rowNumber = 0,
  ) {}

  row(cells: Cell[]): void {
    this.rowNumber++;
    this.rows.push(cells);
  }

  unreadable(cells: Cell[], field: number, reason: string): void {
    this.rowNumber++;
    const column = this.columns[field];
    this.rejects.push({ row: this.nameOf(cells), ...(column === undefined ? {} : { column }), reason });
  }

  /** `bytes` have been read since the last call. */
  count(bytes: number): void {
    this.bytes += bytes;
  }

  get isFull(): boolean {
    return this.bytes >= BATCH_BYTES;
  }

  get isEmpty(): boolean {
    return this.rows.length === 0 && this.rejects.length === 0;
  }

  take(): RowBatch {
    const batch: RowBatch = { rows: this.rows, rejects: this.rejects, bytes: this.bytes };
    this.rows = [];
    this.rejects = [];
    this.bytes = 0;
    return batch;
  }

  private nameOf(cells: readonly Cell[]): string {
    if (this.keys.length === 0) return `row ${this.rowNumber} of its unit`;
    return this.keys
      .map((index) => `${this.columns[index] ?? ''}=${showValue(String(cells[index] ?? null))}`)
      .join(', ');
  }
}
