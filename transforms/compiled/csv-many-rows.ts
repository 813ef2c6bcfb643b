import { CSV_ABSENT, CSV_QUOTED, type CsvLayout, type CsvRows } from '../../core/csv-rows';
import { csvColumn, csvKindNumber, type CsvColumn } from './csv-columns';
import { csvMachine, type CsvMachine } from './csv-machine';
import { compileFieldNull } from './field-null';
import type { CodecInput } from './row-codec';
import type { AvroRowsSink } from './value-sink';

/** There is room for so many columns. */
const MAX_COLUMNS = 1_600;
/** Numbers of WebAssembly are of 32 bits. */
const MOST_BYTES = 2 ** 31 - 1;

/** Places within a column, in bytes. */
const UNION_AT = 4;
const NULL_AT = 8;
const FIELD_AT = 12;
const LEAST_AT = 16;
const MOST_AT = 24;
const SCALE_AT = 32;

/** Of a field. */
const NUMBERS = 2;
const NUMBER_BYTES = Int32Array.BYTES_PER_ELEMENT;

/** A column of the destination. */
interface CsvManyStep {
  /** Where in a record its field is; -1: the file has none. */
  readonly place: number;
  readonly column: CsvColumn;
  readonly union: boolean;
  /** Otherwise a row with null is left out. */
  readonly nullable: boolean;
}

type Records = Pick<CsvRows, 'bytes' | 'fields' | 'bases'>;

/** Rows that `CsvCodec` hands over, many at once; what is left out, `CsvCodec` writes one by one. */
export class CsvManyRows {
  private records: Records = { bytes: Buffer.alloc(0), fields: new Int32Array(0), bases: [] };
  /** Which rows are in the machine's memory, but for what is behind the bytes that are. */
  private from = 0;
  private to = 0;
  /** Of the bytes that are, where they begin and how many they are. */
  private start = 0;
  private size = 0;
  /** Numbers of a record, of the columns that are asked for. */
  private readonly recordNumbers: number;

  private constructor(
    private readonly machine: CsvMachine,
    private readonly steps: readonly CsvManyStep[],
    private readonly quote: number,
    /** Flags that a field without bytes may have and be null. */
    private readonly nulls: number,
    private readonly sink: AvroRowsSink,
  ) {
    this.recordNumbers = NUMBERS * (Math.max(...steps.map(({ place }) => place)) + 1);
  }

  /** Undefined: there is no WebAssembly, or none for these columns and nulls. `places` as in `CsvRows`. */
  static of(places: Int32Array, { quote, nulls }: CsvLayout, input: CodecInput): CsvManyRows | undefined {
    const sink = input.many?.avroRows;
    if (sink === undefined || input.mode !== 'wasm') return undefined;
    // Texts that are null; those without a byte alone.
    if (nulls.markers.length !== 1 || nulls.markers[0]?.length !== 0) return undefined;
    const steps = stepsOf(places, input, sink);
    const machine = steps === undefined ? undefined : csvMachine();
    if (steps === undefined || machine === undefined) return undefined;
    const flags = nulls.quoted ? CSV_ABSENT | CSV_QUOTED : CSV_ABSENT;
    return new CsvManyRows(machine, steps, quote, flags, sink);
  }

  /** Rows are of these records from now on. */
  begin(records: Records): void {
    this.records = records;
    this.from = this.to = 0;
  }

  /** Writes rows from the one at `at` on, at most so many, until the block is full or one is left out. Returns how many. */
  write(at: number, rows: number): number {
    const { machine, sink } = this;
    const end = at + rows;
    if (machine.owner !== this) this.takeOver();
    let next = at;
    while (next < end && sink.left > 0) {
      if (!this.holds(next, end)) break;
      const isAtBegin = next === this.from;
      const until = Math.min(end, this.to);
      const { done, isCut } = this.encode(next, until);
      next += done;
      if (next === until) continue;
      // A row that is left out, or for which there is no room; or the block is full.
      if (!isCut || (done === 0 && isAtBegin)) break;
      this.from = this.to = 0;
    }
    return next - at;
  }

  /** Sees to it that rows from `next` on are in the machine's memory. False: there is no room for the numbers of even one. */
  private holds(next: number, end: number): boolean {
    if (next >= this.from && next < this.to) return true;
    const { machine, recordNumbers } = this;
    const { bytes, fields, bases } = this.records;
    const { input, inputBytes, fields: place } = machine.exports;
    const first = bases[next] ?? 0;
    const start = fields[first] ?? 0;
    let last = first;
    let row = next;
    for (const most = Math.min(end, next + machine.rows.length); row < most; row++) {
      const base = bases[row] ?? 0;
      if (base < last || base + recordNumbers - first > machine.fields.length) break;
      if ((fields[base] ?? 0) - start >= inputBytes) break;
      machine.rows[row - next] = place + NUMBER_BYTES * (base - first);
      last = base;
    }
    if (row === next) return false;
    machine.fields.set(fields.subarray(first, last + recordNumbers));
    this.size = bytes.copy(machine.bytes, input, start, Math.min(bytes.length, start + inputBytes));
    this.start = start;
    this.from = next;
    this.to = row;
    return true;
  }

  /** Writes rows that are in the machine's memory. */
  private encode(row: number, end: number): { done: number; isCut: boolean } {
    const { machine, sink, steps, from, start, size, quote, nulls } = this;
    const { exports, told } = machine;
    const rows = exports.rows;
    exports.encode(
      steps.length,
      rows + NUMBER_BYTES * (row - from),
      rows + NUMBER_BYTES * (end - from),
      start,
      size,
      quote,
      nulls,
      sink.left,
      Math.min(sink.maxRowBytes, MOST_BYTES),
    );
    const [done = 0, outputEnd = 0, isCut = 0] = told;
    if (done > 0) sink.addRows(machine.bytes, exports.output, outputEnd, done);
    return { done, isCut: isCut === 1 };
  }

  /** Where a column is in the machine's memory. */
  private placeOf(index: number): number {
    const { columns, columnBytes } = this.machine.exports;
    return columns + index * columnBytes;
  }

  private takeOver(): void {
    const { machine, steps } = this;
    const { bytes } = machine;
    machine.owner = this;
    this.from = this.to = 0;
    for (const [index, { place, column, union, nullable }] of steps.entries()) {
      const at = this.placeOf(index);
      bytes.writeInt32LE(csvKindNumber(column.kind), at);
      bytes.writeInt32LE(union ? 1 : 0, at + UNION_AT);
      bytes.writeInt32LE(nullable ? 1 : 0, at + NULL_AT);
      bytes.writeInt32LE(place < 0 ? -1 : NUMBER_BYTES * NUMBERS * place, at + FIELD_AT);
      bytes.writeBigInt64LE(column.least, at + LEAST_AT);
      bytes.writeBigInt64LE(column.most, at + MOST_AT);
      bytes.writeInt32LE(column.scale, at + SCALE_AT);
    }
  }
}

/** What is to be done with each column. Undefined: WebAssembly cannot. */
function stepsOf(
  places: Int32Array,
  input: CodecInput,
  { unions }: AvroRowsSink,
): readonly CsvManyStep[] | undefined {
  const { columns, source, rules } = input;
  if (columns.length === 0 || columns.length > MAX_COLUMNS) return undefined;
  const indexes = new Map(source.columns.map(({ name }, index) => [name, index]));
  const steps: CsvManyStep[] = [];
  for (const [index, planned] of columns.entries()) {
    const place = places[indexes.get(planned.source) ?? -1] ?? -1;
    const { sourceType, destinationType } = planned;
    const column = csvColumn({ source: sourceType, destination: destinationType, rules });
    const whenNull = compileFieldNull(index, input);
    // Arrays alone become anything else than null, and are in no text.
    if (column === undefined || typeof whenNull === 'function') return undefined;
    steps.push({ place, column, union: unions[index] === true, nullable: whenNull === 'null' });
  }
  return steps;
}
