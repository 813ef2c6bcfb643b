import type { RowBatch } from '../../core/extractor';
import type { Logger } from '../../core/logger';
import type { TableSchema } from '../../core/schema';

/** Columns of a file that the schema does not have, because it was taken from other files or from a sample: they are not loaded, but said. */
export class UnknownColumns {
  /** Values that are not null, by name; 0 where they were not counted. */
  private readonly found = new Map<string, number>();
  private readonly known: ReadonlySet<string>;

  constructor(schema: TableSchema) {
    this.known = new Set(schema.columns.map(({ name }) => name));
  }

  addNames(names: readonly string[]): void {
    for (const name of names) if (!this.known.has(name)) this.add(name, 0);
  }

  /** Counts what the batch says of them, and takes out what is only a column that was not asked for. */
  addBatch(batch: RowBatch): RowBatch {
    const { unknownColumns, ...rest } = batch;
    if (unknownColumns === undefined) return batch;
    const unknown = new Map(Array.from(unknownColumns).filter(([name]) => !this.known.has(name)));
    for (const [name, values] of unknown) this.add(name, values);
    return unknown.size === 0 ? rest : { ...rest, unknownColumns: unknown };
  }

  report(log: Logger, file: string): void {
    if (this.found.size === 0) return;
    log.warn('source.columns_unknown', {
      file,
      columns: Array.from(this.found, ([name, values]) => ({ name, ...(values === 0 ? {} : { values }) })),
      why: 'The files that the schema was taken from showed no such columns; they are not loaded.',
    });
  }

  private add(name: string, values: number): void {
    this.found.set(name, (this.found.get(name) ?? 0) + values);
  }
}
