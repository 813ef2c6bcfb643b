import { showValue } from '../../core/errors';
import type { RowBatch } from '../../core/extractor';
import type { Reject } from '../../core/reject';
import type { Column } from '../../core/schema';
import { RowsAsBytes, RowsAsCells, type KeptRows } from './json-kept-rows';
import { JsonNames } from './json-names';
import type { JsonRecord } from './json-record';

/** The name under which values are counted whose keys are too many to count one by one. */
export const OTHER_NAMES = '…';

/** Makes batches of records, of the columns that are asked for; one batch at a time. */
export class JsonBatches {
  readonly names: JsonNames;
  /** Whether a batch's rows are bytes where the scanner has them: then it is to be taken before the scanner is fed again. */
  readonly areBytes: boolean;
  private readonly width: number;
  private readonly kept: KeptRows;
  private numbers: number[] = [];
  private rejects: Reject[] = [];
  /** By number of the key, from `width` on. */
  private unknown: number[] = [];
  private unnumbered = 0;

  constructor(
    columns: readonly Column[],
    private readonly unit: 'line' | 'record',
    takesRaw: boolean,
  ) {
    const names = columns.map((column) => column.name);
    this.names = new JsonNames(names);
    this.width = names.length;
    this.areBytes = takesRaw && RowsAsBytes.canKeep(this.width);
    this.kept = this.areBytes ? new RowsAsBytes(this.width) : new RowsAsCells(this.width);
  }

  add(record: JsonRecord): void {
    if (record.problem !== undefined) {
      this.rejects.push({
        row: `${this.unit} ${record.number}`,
        ...(record.problemKey === undefined ? {} : { column: record.problemKey }),
        value: showValue(record.preview()),
        reason: record.problem,
      });
      return;
    }
    this.kept.add(record);
    this.numbers.push(record.number);
    this.countUnknown(record);
  }

  /** The batch so far, which came from `bytes` at the source. */
  take(bytes: number): RowBatch {
    const { rejects, numbers, unit } = this;
    const { rows, raw } = this.kept.take() ?? { rows: [], raw: undefined };
    const unknownColumns = this.takeUnknown();
    this.rejects = [];
    this.numbers = [];
    return {
      rows,
      rejects,
      bytes,
      nameRow: (index) => `${unit} ${numbers[index] ?? '?'}`,
      ...(raw === undefined ? {} : { raw }),
      ...(unknownColumns.size === 0 ? {} : { unknownColumns }),
    };
  }

  private countUnknown(record: JsonRecord): void {
    this.unnumbered += record.unnumbered;
    for (let index = 0; index < record.fields; index++) {
      const key = record.keys[index] ?? 0;
      if (key >= this.width && record.hasValue(key)) this.unknown[key] = (this.unknown[key] ?? 0) + 1;
    }
  }

  private takeUnknown(): Map<string, number> {
    const counts = new Map<string, number>();
    this.unknown.forEach((count, key) => counts.set(this.names.names[key] ?? '', count));
    if (this.unnumbered > 0) counts.set(OTHER_NAMES, this.unnumbered);
    this.unknown = [];
    this.unnumbered = 0;
    return counts;
  }
}
