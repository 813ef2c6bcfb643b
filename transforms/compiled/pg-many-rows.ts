import type { LossRule } from '../../core/loss-ledger';
import type { PgField, PgRows } from '../../core/pg-binary';
import { nullStep, NULL_COUNTED, type NullStep } from './many-rows-null';
import { kindNumber, wireColumn, type WireColumn, type WireValue } from './pg-columns';
import type { HeldBytes, PgMachine } from './pg-machine';
import type { CodecInput } from './row-codec';

/** There is room for so many columns, with those of arrays' elements. */
const MAX_COLUMNS = 1_000;

/** Places within a column, in bytes. */
const LEVEL_AT = 4;
const NULL_AT = 8;
const COUNT_AT = 12;
const LEAST_AT = 16;
const MOST_AT = 24;
const ADDED_AT = 32;
const BYTES_AT = 40;

/** A value as a format has it. */
export interface StagedValue extends WireValue {
  /** Avro: 1 for a union with null; Parquet: the definition level of a value. */
  readonly level: number;
  /** Parquet: of a number or uuid. */
  readonly bytes: number;
  readonly whenNull: number;
}

export interface StagedColumn extends StagedValue {
  readonly element?: StagedValue;
}

export interface ManyRowsStep extends NullStep {
  readonly column: WireColumn;
}

/** What is to be done with each field. Undefined: WebAssembly cannot. */
export function manyRowsSteps(
  fields: readonly PgField[],
  input: CodecInput,
): readonly ManyRowsStep[] | undefined {
  const { columns, destination, rules } = input;
  if (fields.length === 0 || fields.length !== columns.length) return undefined;
  const steps: ManyRowsStep[] = [];
  for (const [index, { form }] of fields.entries()) {
    const planned = columns[index];
    if (planned === undefined || destination.columns[index] === undefined) return undefined;
    const { sourceType: source, destinationType } = planned;
    const column = wireColumn(form, { source, destination: destinationType, rules });
    if (column === undefined) return undefined;
    steps.push({ column, ...nullStep(index, input) });
  }
  const places = steps.length + steps.filter(({ column }) => column.element !== undefined).length;
  return places <= MAX_COLUMNS ? steps : undefined;
}

/** What has become of rows that are in the machine's memory. */
export interface WrittenRows {
  readonly done: number;
  /** Where the row behind them begins. */
  readonly next: number;
  /** Whether it goes beyond what is in the memory; otherwise it is left out, or the block is full. */
  readonly isCut: boolean;
}

/** Rows that `PgCodec` hands over, many at once; what is left out, `PgCodec` writes one by one. */
export abstract class PgManyRows {
  /** Where the row behind those that were written last begins. */
  at = 0;
  private bytes: Buffer = Buffer.alloc(0);
  protected gap = 0;
  /** By whom the machine holds `bytes`. */
  private holder: object = this;

  constructor(
    protected readonly machine: PgMachine,
    private readonly columns: readonly StagedColumn[],
    private readonly losses: readonly (readonly LossRule[])[],
    private readonly lose: CodecInput['lose'],
  ) {}

  protected abstract readonly isFull: boolean;
  /** Writes rows of the machine's memory from `at` to `end`, at most so many. */
  protected abstract encode(at: number, end: number, rows: number): WrittenRows;

  begin({ bytes, gap, holder }: PgRows): void {
    this.bytes = bytes;
    this.gap = gap;
    this.holder = holder ?? {};
  }

  /** Writes rows from the one at `at` on, at most so many, until the block is full or one is left out. Returns how many. */
  write(at: number, rows: number): number {
    const { machine } = this;
    const { input, windowBytes } = machine.exports;
    if (machine.owner !== this) this.takeOver();
    let written = 0;
    this.at = at;
    while (written < rows && !this.isFull) {
      const { from, to } = this.moveTo(this.at);
      const end = Math.min(to, this.at + windowBytes);
      const isWhole = end === Math.min(this.bytes.length, this.at + windowBytes);
      const shift = input - from;
      const { done, next, isCut } = this.encode(this.at + shift, end + shift, rows - written);
      written += done;
      this.at = next - shift;
      // A row that is left out, or has more bytes than are written at once.
      if (!isCut || (done === 0 && isWhole)) break;
      // The row is read again, from its beginning.
      if (!isWhole) machine.forget();
    }
    this.countLosses();
    return written;
  }

  /** Sees to it that bytes from `at` on are in the machine's memory. */
  private moveTo(at: number): HeldBytes {
    const { bytes, holder, machine } = this;
    const { held } = machine;
    if (held?.holder === holder && at >= held.from && at < held.to) return held;
    return machine.hold(holder, bytes, at, Math.min(bytes.length, at + machine.exports.windowBytes));
  }

  /** Where a column is in the machine's memory. */
  protected placeOf(index: number): number {
    const { columns, columnBytes } = this.machine.exports;
    return columns + index * columnBytes;
  }

  private takeOver(): void {
    const { machine, columns } = this;
    machine.owner = this;
    let elements = columns.length;
    for (const [index, column] of columns.entries()) {
      const { element } = column;
      if (element === undefined) {
        this.writeColumn(this.placeOf(index), column);
        continue;
      }
      const place = this.placeOf(elements++);
      this.writeColumn(this.placeOf(index), { ...column, least: BigInt(place) });
      this.writeColumn(place, element);
    }
  }

  private writeColumn(place: number, column: StagedValue): void {
    const { bytes } = this.machine;
    bytes.writeInt32LE(kindNumber(column.kind), place);
    bytes.writeInt32LE(column.level, place + LEVEL_AT);
    bytes.writeInt32LE(column.whenNull, place + NULL_AT);
    bytes.writeInt32LE(0, place + COUNT_AT);
    bytes.writeBigInt64LE(column.least, place + LEAST_AT);
    bytes.writeBigInt64LE(column.most, place + MOST_AT);
    bytes.writeBigInt64LE(column.added, place + ADDED_AT);
    bytes.writeInt32LE(column.bytes, place + BYTES_AT);
  }

  private countLosses(): void {
    const { bytes } = this.machine;
    for (const [index, { whenNull }] of this.columns.entries()) {
      if (whenNull !== NULL_COUNTED) continue;
      const place = this.placeOf(index) + COUNT_AT;
      const count = bytes.readInt32LE(place);
      if (count === 0) continue;
      bytes.writeInt32LE(0, place);
      for (const rule of this.losses[index] ?? []) this.lose(index, rule, count);
    }
  }
}
