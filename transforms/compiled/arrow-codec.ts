import type { ArrowLayout } from '../../core/arrow-layout';
import { UnreadableCell, type ArrowRows, type CellReader } from '../../core/arrow-rows';
import type { Cell } from '../../core/cells';
import { showValue } from '../../core/errors';
import type { DecodedRow, RowProblem } from '../../core/raw-rows';
import { ArrowManyRows } from './arrow-many-rows';
import { compileArrowRow } from './arrow-row';
import type { ArrowRowWriter } from './arrow-row-writer';
import type { CodecInput, RowCodec } from './row-codec';

type Layouts = ArrowRows['layouts'];

/** Of columns that lie alike. */
interface Compiled {
  readonly rows: ArrowRowWriter | undefined;
  readonly many: ArrowManyRows | undefined;
}

/** Rows in Arrow's buffers. Columns may lie otherwise from one batch to the next, as files of one job may differ. */
export class ArrowCodec implements RowCodec {
  private layouts: Layouts | undefined;
  private compiled: Compiled | undefined;
  /** Whether `compiled.rows` has been told of `columns`. */
  private isBound = false;
  /** By the layouts, as text: a unit may read thousands of files that are alike. */
  private readonly known = new Map<string, Compiled>();
  private columns: ArrowRows['columns'] = [];
  /** Readers of `columns`, made at first use. */
  private readers: (CellReader | undefined)[] = [];
  private at = 0;

  /** Of the source, for each column of the destination. */
  private readonly fields: readonly number[];

  constructor(private readonly input: CodecInput) {
    const { columns, source } = input;
    this.fields = columns.map((planned) => source.columns.findIndex(({ name }) => name === planned.source));
  }

  begin({ layouts, columns, start }: ArrowRows): void {
    if (layouts !== this.layouts) {
      this.layouts = layouts;
      this.compiled = this.compile(layouts);
    }
    this.columns = columns;
    this.readers = [];
    this.at = start;
    this.isBound = false;
    this.compiled?.many?.begin(columns);
  }

  writeMany(rows: number, each: (() => void) | undefined): number {
    const written = this.compiled?.many?.write(this.at, rows) ?? 0;
    if (each === undefined) {
      this.at += written;
      return written;
    }
    for (let row = 0; row < written; row++) {
      each();
      this.at++;
    }
    return written;
  }

  write(): boolean {
    const rows = this.compiled?.rows;
    if (rows === undefined) return false;
    if (!this.isBound) {
      rows.bind(this.columns);
      this.isBound = true;
    }
    return rows.write(this.at);
  }

  decode(): DecodedRow {
    let problem: RowProblem | undefined;
    const row = this.columns.map((_, field): Cell => {
      try {
        return this.cellOf(field);
      } catch (error) {
        if (!(error instanceof UnreadableCell)) throw error;
        problem ??= { field, value: showValue(error.value), reason: error.reason };
        return null;
      }
    });
    return problem === undefined ? { row } : { row, problem };
  }

  cell(column: number): Cell {
    return this.cellOf(this.fields[column] ?? -1);
  }

  next(): void {
    this.at++;
  }

  private cellOf(field: number): Cell {
    const column = this.columns[field];
    if (column === undefined) return null;
    const read = (this.readers[field] ??= column.cells());
    return read(this.at);
  }

  private compile(layouts: Layouts): Compiled {
    const key = JSON.stringify(layouts.map((layout): ArrowLayout | null => layout ?? null));
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const rows = compileArrowRow(layouts, this.input);
    // What contradicts itself is for the reference, as a whole.
    const many = rows === undefined ? undefined : ArrowManyRows.of(layouts, this.input);
    const compiled = { rows, many };
    this.known.set(key, compiled);
    return compiled;
  }
}
