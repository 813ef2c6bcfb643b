import type { ColumnType } from '../../core/schema';
import type { LeafForm } from '../encode/parquet-schema';
import type { WireValue } from './pg-columns';
import type { PgMachine } from './pg-machine';
import { NULL_WRITTEN } from './many-rows-null';
import { PgManyRows, type ManyRowsStep, type StagedColumn, type WrittenRows } from './pg-many-rows';
import type { CodecInput } from './row-codec';
import type { ParquetRowsSink } from './value-sink';

/** Bytes of a value in each form that WebAssembly writes; 0: they differ. */
const BYTES: Readonly<Partial<Record<LeafForm, number>>> = {
  bool: 1,
  int32: 4,
  int64: 8,
  date: 4,
  float: 4,
  double: 8,
  decimal32: 4,
  decimal64: 8,
  decimal128: 16,
  bytes: 0,
  uuid: 16,
};
const UUID_TEXT_BYTES = 36;
const FIELD_BYTES = 4;
/** Rows that are tried at once behind one that was left out; twice as many each time that they are all written. */
const FEWEST_ROWS = 4;
const MOST_ROWS = 16_384;

/** Writes rows of COPY binary to row groups of Parquet, column by column. */
export class PgParquetRows extends PgManyRows {
  /** So many rows are tried at once: those before one that is left out are written twice. */
  private most = MOST_ROWS;

  private constructor(
    machine: PgMachine,
    columns: readonly StagedColumn[],
    private readonly sink: ParquetRowsSink,
    lose: CodecInput['lose'],
  ) {
    super(machine, columns, [], lose);
  }

  /** Undefined: there is a column that WebAssembly does not write, or lengths of rows matter. */
  static open(
    machine: PgMachine,
    steps: readonly ManyRowsStep[],
    sink: ParquetRowsSink,
    { destination, rules, lose }: CodecInput,
  ): PgParquetRows | undefined {
    const columns: StagedColumn[] = [];
    for (const [index, { column, whenNull, losses }] of steps.entries()) {
      const target = sink.columns[index];
      const type = destination.columns[index]?.type;
      if (target === undefined || type === undefined || losses.length > 0) return undefined;
      const { form } = target.leaf;
      const { element, ...own } = column;
      if ((element === undefined) !== (target.elementDefinition === undefined)) return undefined;
      const bytes = bytesOf(element ?? own, form, type.kind === 'array' ? type.element.kind : type.kind);
      if (bytes === undefined) return undefined;
      const staged = { ...own, bytes, whenNull, level: target.definition };
      if (element === undefined || target.elementDefinition === undefined) {
        columns.push(staged);
        continue;
      }
      const whenElementNull = rules.nullInArray ? NULL_WRITTEN : 0;
      const level = target.elementDefinition;
      columns.push({ ...staged, element: { ...element, bytes, whenNull: whenElementNull, level } });
    }
    return sink.maxRowBytes === Infinity ? new PgParquetRows(machine, columns, sink, lose) : undefined;
  }

  protected override get isFull(): boolean {
    return this.sink.isFull;
  }

  protected override encode(at: number, end: number, rows: number): WrittenRows {
    const { machine, sink } = this;
    const wanted = Math.min(rows, this.most);
    const held = machine.rowAt(at);
    const first = Math.max(0, held);
    const found =
      held === -1
        ? machine.indexRows(sink.columns.length, at, end, this.gap, wanted)
        : Math.min(wanted, machine.rowsUntil(held, end));
    sink.begin();
    let done = this.writeColumns(first, found);
    for (let tried = found; done < tried; done = this.writeColumns(first, tried)) {
      sink.takeBack();
      tried = done;
    }
    sink.addRows(done);
    const isWhole = done === found;
    this.most = isWhole ? Math.min(this.most * 2, MOST_ROWS) : Math.max(FEWEST_ROWS, done * 2);
    return { done, next: machine.startOf(first + done), isCut: isWhole && found < wanted };
  }

  /** Writes columns of rows from `first` on, until one is left out: then returns how many are before it, and what was written is to be taken back. */
  private writeColumns(first: number, rows: number): number {
    if (rows === 0) return 0;
    const { machine, sink } = this;
    const { exports, told } = machine;
    const stride = sink.columns.length * FIELD_BYTES;
    const { output, definitions, repetitions } = exports;
    let index = 0;
    for (const { leaf } of sink.columns) {
      exports.column(this.placeOf(index), machine.placeOf(first, index), stride, rows);
      const [done = 0, valuesEnd = 0, levelsEnd = 0] = told;
      if (done < rows) return done;
      leaf.appendValues(machine.bytes, output, valuesEnd, levelsEnd - definitions, definitions, repetitions);
      index++;
    }
    return rows;
  }
}

/** Bytes of a number or uuid of this form; undefined: WebAssembly does not write such values. */
function bytesOf({ kind }: WireValue, form: LeafForm, type: ColumnType['kind']): number | undefined {
  const bytes = BYTES[form];
  if (bytes === undefined) return undefined;
  if (kind === 'numeric') return form.startsWith('decimal') ? bytes : undefined;
  if (kind !== 'uuid') return bytes;
  if (form === 'uuid') return bytes;
  return type === 'string' && form === 'bytes' ? UUID_TEXT_BYTES : undefined;
}
