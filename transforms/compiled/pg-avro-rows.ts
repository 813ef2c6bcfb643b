import type { LossRule } from '../../core/loss-ledger';
import type { PgField } from '../../core/pg-binary';
import { wasmOfThread } from '../../core/wasm';
import { compileNull } from '../cells/null-array';
import { policiesOf } from '../schema-aware-converter';
import { compileFieldNull } from './field-null';
import { pgAvroColumn, type PgAvroColumn } from './pg-avro-columns';
import { PG_AVRO_MODULE } from './pg-avro-module';
import type { CodecInput } from './row-codec';
import type { AvroRowsSink } from './value-sink';

/** wasm/pg-avro.wat. */
interface PgAvroExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly columns: { readonly value: number };
  readonly columnBytes: { readonly value: number };
  readonly input: { readonly value: number };
  readonly inputBytes: { readonly value: number };
  readonly output: { readonly value: number };
  readonly encode: (
    fields: number,
    at: number,
    inputEnd: number,
    gap: number,
    rows: number,
    full: number,
    maxRowBytes: number,
  ) => void;
}

/** There is room for so many columns, with those of arrays' elements. */
const MAX_COLUMNS = 1_000;

/** Numbers of WebAssembly are of 32 bits. */
const MOST_BYTES = 2 ** 31 - 1;

/** Places within a column, in bytes. */
const UNION_AT = 4;
const NULL_AT = 8;
const COUNT_AT = 12;
const LEAST_AT = 16;
const MOST_AT = 24;
const ADDED_AT = 32;

/** What becomes of null: see wasm/pg-avro.wat. */
const NULL_LEFT_OUT = 0;
const NULL_WRITTEN = 1;
const NULL_COUNTED = 2;

/** What a thread has one of: its memory belongs to one `PgAvroRows` at a time. */
class Machine {
  readonly bytes: Buffer;
  readonly told: Int32Array;
  owner: PgAvroRows | undefined;

  constructor(readonly exports: PgAvroExports) {
    this.bytes = Buffer.from(exports.memory.buffer);
    this.told = new Int32Array(exports.memory.buffer, 0, 4);
  }
}

const machineOfThread = wasmOfThread(PG_AVRO_MODULE, (exports: PgAvroExports) => new Machine(exports));

interface Step {
  readonly column: PgAvroColumn;
  readonly whenNull: number;
  /** What is counted for each null. */
  readonly losses: readonly LossRule[];
}

/** Writes rows of COPY binary to blocks of Avro, many at once. Undefined where there is no WebAssembly, or none for these columns. */
export function compilePgAvroRows(fields: readonly PgField[], input: CodecInput): PgAvroRows | undefined {
  const { rows, columns, destination, rules } = input;
  if (rows === undefined || fields.length === 0 || fields.length !== columns.length) return undefined;
  const steps: Step[] = [];
  for (const [index, { form }] of fields.entries()) {
    const planned = columns[index];
    const target = destination.columns[index];
    if (planned === undefined || target === undefined) return undefined;
    const { sourceType: source, destinationType } = planned;
    const column = pgAvroColumn(form, { source, destination: destinationType, rules });
    if (column === undefined) return undefined;
    steps.push({ column, ...nullStep(index, input) });
  }
  const places = steps.length + steps.filter(({ column }) => column.element !== undefined).length;
  const machine = places <= MAX_COLUMNS ? machineOfThread() : undefined;
  return machine === undefined ? undefined : new PgAvroRows(machine, steps, rows, input.lose);
}

/** What `compileFieldNull` does with null. */
function nullStep(index: number, input: CodecInput): Omit<Step, 'column'> {
  const whenNull = compileFieldNull(index, input);
  if (whenNull === 'null') return { whenNull: NULL_WRITTEN, losses: [] };
  const planned = input.columns[index];
  if (whenNull === 'reference' || planned === undefined) return { whenNull: NULL_LEFT_OUT, losses: [] };
  const losses: LossRule[] = [];
  const makeCell = compileNull(planned.destinationType, {
    rules: input.rules,
    policies: policiesOf(input.policies, planned.source),
    lose: (rule) => losses.push(rule),
  });
  try {
    const cell = makeCell();
    if (Array.isArray(cell) && cell.length === 0) return { whenNull: NULL_COUNTED, losses };
  } catch {
    // It is refused, which the reference says.
  }
  return { whenNull: NULL_LEFT_OUT, losses: [] };
}

/** Rows that `PgCodec` hands over; what it leaves out, `PgCodec` writes one by one. */
export class PgAvroRows {
  private bytes: Buffer = Buffer.alloc(0);
  private gap = 0;
  /** What of `bytes` is in the machine's memory. */
  private from = 0;
  private to = 0;

  constructor(
    private readonly machine: Machine,
    private readonly steps: readonly Step[],
    private readonly sink: AvroRowsSink,
    private readonly lose: CodecInput['lose'],
  ) {}

  begin(bytes: Buffer, gap: number): void {
    this.bytes = bytes;
    this.gap = gap;
    this.from = this.to = 0;
  }

  /** Where the row behind those that were written last begins. */
  at = 0;

  /** Writes rows from the one at `at` on, at most so many, until the block is full or one is left out. Returns how many. */
  write(at: number, rows: number): number {
    const { machine, sink, steps } = this;
    const { exports, told } = machine;
    const input = exports.input.value;
    if (machine.owner !== this) this.takeOver();
    let written = 0;
    this.at = at;
    while (written < rows) {
      const full = sink.left;
      if (full <= 0) break;
      const isAtBegin = this.moveTo(this.at);
      exports.encode(
        steps.length,
        input + this.at - this.from,
        input + this.to - this.from,
        this.gap,
        rows - written,
        full,
        Math.min(sink.maxRowBytes, MOST_BYTES),
      );
      const [done = 0, next = 0, end = 0, isCut = 0] = told;
      if (done > 0) {
        const output = exports.output.value;
        sink.addRows(machine.bytes, output, end, done);
        written += done;
        this.at = this.from + next - input;
      }
      // A row that is left out, or has more bytes than there is room for.
      if (isCut === 0 || (done === 0 && isAtBegin)) break;
      this.from = this.to = 0;
    }
    this.countLosses();
    return written;
  }

  /** Sees to it that bytes from `at` on are in the machine's memory. True: as many as there is room for. */
  private moveTo(at: number): boolean {
    const { bytes, machine } = this;
    if (at < this.from || at >= this.to) {
      const { input, inputBytes } = machine.exports;
      this.from = at;
      this.to = Math.min(bytes.length, at + inputBytes.value);
      bytes.copy(machine.bytes, input.value, this.from, this.to);
    }
    return at === this.from;
  }

  private takeOver(): void {
    const { machine, steps, sink } = this;
    machine.owner = this;
    this.from = this.to = 0;
    const { columns, columnBytes } = machine.exports;
    let element = columns.value + steps.length * columnBytes.value;
    for (const [index, { column, whenNull }] of steps.entries()) {
      const place = columns.value + index * columnBytes.value;
      const { element: inner } = column;
      this.writeColumn(place, inner === undefined ? column : { ...column, least: BigInt(element) });
      machine.bytes.writeInt32LE(sink.unions[index] === true ? 1 : 0, place + UNION_AT);
      machine.bytes.writeInt32LE(whenNull, place + NULL_AT);
      if (inner === undefined) continue;
      this.writeColumn(element, inner);
      element += columnBytes.value;
    }
  }

  private writeColumn(place: number, { kind, least, most, added }: PgAvroColumn): void {
    const { bytes, exports } = this.machine;
    bytes.fill(0, place, place + exports.columnBytes.value);
    bytes.writeInt32LE(kind, place);
    bytes.writeBigInt64LE(least, place + LEAST_AT);
    bytes.writeBigInt64LE(most, place + MOST_AT);
    bytes.writeBigInt64LE(added, place + ADDED_AT);
  }

  private countLosses(): void {
    const { machine, steps } = this;
    const { columns, columnBytes } = machine.exports;
    for (const [index, { whenNull, losses }] of steps.entries()) {
      if (whenNull !== NULL_COUNTED) continue;
      const place = columns.value + index * columnBytes.value + COUNT_AT;
      const count = machine.bytes.readInt32LE(place);
      if (count === 0) continue;
      machine.bytes.writeInt32LE(0, place);
      for (const rule of losses) this.lose(index, rule, count);
    }
  }
}
