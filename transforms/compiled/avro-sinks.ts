import type { ColumnType, TableSchema } from '../../core/schema';
import type { Present } from '../cell-shape';
import { AVRO_BLOCK_BYTES, type AvroEncoder } from '../encode/avro';
import type { AvroBuffer } from '../encode/avro-buffer';
import { compileWriter } from '../encode/avro-row';
import { isNullable } from '../encode/avro-schema';
import type { AvroRowsSink, RowSinks, ValueSink } from './value-sink';

/** Branches of the union with null, as Avro writes their numbers. */
const NULL_BRANCH = 0;
const VALUE_BRANCH = 2;
/** The number of elements that ends an array. */
const NO_ELEMENTS = 0;

/** Sinks that write behind what the encoder's block holds. */
export class AvroSinks implements RowSinks {
  readonly columns: readonly ValueSink[];
  readonly avroRows: AvroRowsSink;
  private start = 0;

  constructor(
    private readonly encoder: AvroEncoder,
    { columns }: TableSchema,
  ) {
    this.columns = columns.map(
      ({ type, nullable }) => new AvroSink(encoder.block, type, isNullable(type, nullable)),
    );
    this.avroRows = {
      unions: columns.map(({ type, nullable }) => isNullable(type, nullable)),
      maxRowBytes: encoder.maxRowBytes,
      get left() {
        return AVRO_BLOCK_BYTES - encoder.bytes;
      },
      addRows: (from, start, end, rows) => {
        encoder.addRows(from, start, end, rows);
      },
    };
  }

  beginRow(): void {
    this.start = this.encoder.beginRow();
  }

  endRow(): boolean {
    return this.encoder.endRow(this.start);
  }

  takeBackRow(): void {
    this.encoder.block.end = this.start;
  }
}

class AvroSink implements ValueSink {
  readonly element: ValueSink | undefined;
  private readonly write: (cell: Present) => void;

  constructor(
    readonly target: AvroBuffer,
    type: ColumnType,
    /** Whether the column is a union with null. */
    private readonly union: boolean,
  ) {
    this.element = type.kind === 'array' ? new AvroSink(target, type.element, false) : undefined;
    this.write = compileWriter(type, target);
  }

  putNull(): void {
    this.target.writeByte(this.union ? NULL_BRANCH : NO_ELEMENTS);
  }

  putBool(value: boolean): void {
    if (this.union) this.target.writeByte(VALUE_BRANCH);
    this.target.writeByte(value ? 1 : 0);
  }

  putLong(high: number, low: number): void {
    if (this.union) this.target.writeByte(VALUE_BRANCH);
    this.target.writeHalves(high, low);
  }

  putDouble(value: number): void {
    if (this.union) this.target.writeByte(VALUE_BRANCH);
    this.target.writeDouble(value);
  }

  putUnscaled(value: number): void {
    if (this.union) this.target.writeByte(VALUE_BRANCH);
    this.target.writeTwosComplementOf(value);
  }

  putUnscaledLong(high: number, low: number): void {
    if (this.union) this.target.writeByte(VALUE_BRANCH);
    this.target.writeTwosHalves(high, low);
  }

  putUnscaledBig(value: bigint): void {
    if (this.union) this.target.writeByte(VALUE_BRANCH);
    this.target.writeUnscaled(value);
  }

  putBytes(from: Buffer, view: DataView, start: number, length: number): void {
    this.target.writeRange(this.union, from, view, start, length);
  }

  putQuoted(from: Buffer, view: DataView, start: number, length: number, quote: number): void {
    this.target.writeQuoted(this.union, from, view, start, length, quote);
  }

  openBytes(length: number): number {
    const { target } = this;
    if (this.union) target.writeByte(VALUE_BRANCH);
    target.writeLength(length);
    target.reserve(length);
    const start = target.end;
    target.end = start + length;
    return start;
  }

  beginArray(count: number): void {
    if (this.union) this.target.writeByte(VALUE_BRANCH);
    if (count > 0) this.target.writeLength(count);
  }

  endArray(): void {
    this.target.writeByte(NO_ELEMENTS);
  }

  putCell(cell: Present): void {
    if (this.union) this.target.writeByte(VALUE_BRANCH);
    this.write(cell);
  }
}
