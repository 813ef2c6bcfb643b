import type { ArrowLayout } from '../../core/arrow-layout';
import { UnreadableCell, type ArrowRows, type CellReader } from '../../core/arrow-rows';
import type { Cell } from '../../core/cells';
import { showValue } from '../../core/errors';
import type { DecodedRow, RowProblem } from '../../core/raw-rows';
import { compileArrowRow } from './arrow-row';
import type { ArrowRowWriter } from './arrow-row-writer';
import type { CodecInput, RowCodec } from './row-codec';

type Layouts = ArrowRows['layouts'];

/** Rows in Arrow's buffers. Columns may lie otherwise from one batch to the next, as files of one job may differ. */
export class ArrowCodec implements RowCodec {
  private layouts: Layouts | undefined;
  private compiled: ArrowRowWriter | undefined;
  /** By the layouts, as text: a unit may read thousands of files that are alike. */
  private readonly known = new Map<string, ArrowRowWriter | undefined>();
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
    this.compiled?.bind(columns);
  }

  write(): boolean {
    return this.compiled?.write(this.at) ?? false;
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

  private compile(layouts: Layouts): ArrowRowWriter | undefined {
    const key = JSON.stringify(layouts.map((layout): ArrowLayout | null => layout ?? null));
    if (!this.known.has(key)) this.known.set(key, compileArrowRow(layouts, this.input));
    return this.known.get(key);
  }
}
