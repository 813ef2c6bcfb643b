import type { RowBatch } from '../../core/extractor';
import type { Logger } from '../../core/logger';

const NONE: ReadonlyMap<string, number> = new Map();

/** Columns of a file that the schema does not have, because it was taken from other files or from a sample: they are not loaded, but said. */
export class UnknownColumns {
  /** Values that are not null, by name; 0 where they were not counted. */
  private readonly found = new Map<string, number>();
  private readonly known: ReadonlySet<string>;

  /** Names that the next batch is to tell of. */
  private untold: string[] = [];

  constructor(known: Iterable<string>) {
    this.known = new Set(known);
  }

  addNames(names: readonly string[]): void {
    for (const name of names) {
      if (this.known.has(name)) continue;
      this.add(name, 0);
      this.untold.push(name);
    }
  }

  /** Counts what the batch says of them, takes out what is only a column that was not asked for, and adds names that nothing was counted of. */
  addBatch(batch: RowBatch): RowBatch {
    const { unknownColumns = NONE, ...rest } = batch;
    if (unknownColumns.size === 0 && this.untold.length === 0) return rest;
    const unknown = new Map(this.untold.map((name) => [name, 0]));
    this.untold = [];
    for (const [name, values] of unknownColumns) {
      if (this.known.has(name)) continue;
      unknown.set(name, values);
      this.add(name, values);
    }
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
