import type { RowBatch } from '../core/extractor';
import type { FileCounts, FileFailure } from '../core/manifest';
import type { WorkUnit } from '../core/plan';

interface Count {
  extracted: number;
  rejected: number;
  readonly unknown: Map<string, number>;
}

/** Counts the rows of a unit by file. */
export class FileCounter {
  private readonly counts = new Map<string, Count>();

  constructor(private readonly unit: WorkUnit) {}

  /** Adds a batch of which so many rows were rejected. Returns how many rows of its file have been rejected by now. */
  add(batch: RowBatch, rejected: number): number {
    const file = batch.file ?? (this.unit.kind === 'file' ? this.unit.uri : undefined);
    if (file === undefined) return 0;
    const count = this.counts.get(file) ?? { extracted: 0, rejected: 0, unknown: new Map<string, number>() };
    this.counts.set(file, count);
    count.extracted += batch.rows.length + (batch.raw?.rows ?? 0) + batch.rejects.length;
    count.rejected += rejected;
    for (const [name, values] of batch.unknownColumns ?? []) {
      count.unknown.set(name, (count.unknown.get(name) ?? 0) + values);
    }
    return count.rejected;
  }

  /** Undefined: there is nothing to say beyond the unit's own counts. */
  result(failures: ReadonlyMap<string, FileFailure>): Record<string, FileCounts> | undefined {
    const isPlain = [...this.counts.values()].every(({ unknown }) => unknown.size === 0);
    if (this.unit.kind !== 'files' && failures.size === 0 && isPlain) return undefined;
    const files = Object.create(null) as Record<string, FileCounts>;
    for (const [file, { extracted, rejected, unknown }] of this.counts) {
      const columns = Object.assign(Object.create(null), Object.fromEntries(unknown)) as Record<
        string,
        number
      >;
      files[file] = {
        rowsExtracted: extracted,
        rowsRejected: rejected,
        ...(unknown.size === 0 ? {} : { unknownColumns: columns }),
      };
    }
    for (const [file, failure] of failures) files[file] = { rowsExtracted: 0, rowsRejected: 0, failure };
    return files;
  }
}
