import type { Present } from '../cell-shape';
import type { BlockBuffer } from '../encode/block-buffer';
import type { LeafBuffer } from '../encode/parquet-leaf';

/**
 * Takes the values of one column, of whatever staging format, a row at a time and in the order of rows. Each `put…` writes one whole value that is
 * not null, in the form that the column's destination type has in a cell (core/cells.ts): whoever calls has decided that the value
 * belongs there, unchanged. A sink does not check that again. All but `putNull` may throw `BlockLimit`.
 *
 * Numbers of 64 bits come as two halves of 32 bits, both as int32.
 */
export interface ValueSink {
  /** Only where null can be: a nullable column that is no array of a destination whose arrays are never null. */
  putNull(): void;
  putBool(value: boolean): void;
  /** An int, date (days), time, datetime or timestamp (in the unit of the destination's type). */
  putLong(high: number, low: number): void;
  putDouble(value: number): void;
  /** A decimal: the whole number of its last digit at the destination's scale, where 53 bits hold it. */
  putUnscaled(value: number): void;
  /** The same where 64 bits hold it. */
  putUnscaledLong(high: number, low: number): void;
  /** The same of any size. */
  putUnscaledBig(value: bigint): void;
  /** A text (valid UTF-8), document, uuid (canonical text) or bytes, from what `view` shows, too. */
  putBytes(from: Buffer, view: DataView, start: number, length: number): void;
  /** As `putBytes`, of a text in which the byte `quote` stands twice for one. */
  putQuoted(from: Buffer, view: DataView, start: number, length: number, quote: number): void;
  /** A uuid from its 16 bytes. Absent: uuids are written as texts alone. */
  putUuid?(from: Buffer, start: number): void;
  /** As `putBytes`, which the caller then writes by itself: exactly `length` bytes at the index of `target.bytes` that is returned. */
  openBytes(length: number): number;
  /** What `openBytes` is about. Its `bytes` and `view` may be others after each call of a sink. */
  readonly target: BlockBuffer;
  /** An array of `count` values, which then go to `element`, and `endArray`. Only of a column of arrays; nulls only where the destination's arrays may hold them. */
  beginArray(count: number): void;
  endArray(): void;
  readonly element: ValueSink | undefined;
  /** Any value of the type, as a cell. Throws INTERNAL for a cell of another type. */
  putCell(cell: Present): void;
}

/** Takes rows that are Avro already. */
export interface AvroRowsSink {
  /** Of each column, whether it is a union with null. */
  readonly unions: readonly boolean[];
  /** A row may not be longer, in bytes. */
  readonly maxRowBytes: number;
  /** Bytes until the block at hand is full; rows begin as long as there are any. */
  readonly left: number;
  /** Copies rows from `start` to `end` of these bytes behind the others of the block at hand. */
  addRows(from: Buffer, start: number, end: number, rows: number): void;
}

/** Takes columns of rows that are Parquet's values and levels already. */
export interface ParquetRowsSink {
  readonly columns: readonly {
    readonly leaf: LeafBuffer;
    /** Level of a value, or of an array. */
    readonly definition: number;
    /** Level of an array's element; absent: the column is of no arrays. */
    readonly elementDefinition?: number;
  }[];
  /** A row may not have more bytes of values. */
  readonly maxRowBytes: number;
  /** Whether the row group at hand has reached its size. */
  readonly isFull: boolean;
  /** What is written to the leaves from now on can be taken back. */
  begin(): void;
  takeBack(): void;
  /** Counts rows that were written to all leaves. */
  addRows(rows: number): void;
}

/** The sinks of a row's columns, in the order of the destination's schema. */
export interface RowSinks {
  readonly columns: readonly ValueSink[];
  /** Where rows are Avro. */
  readonly avroRows?: AvroRowsSink;
  /** Where rows are Parquet, and every column has one leaf, in an array at most. */
  readonly parquetRows?: ParquetRowsSink | undefined;
  /** To be called before the first value of a row. */
  beginRow(): void;
  /** Counts the row. False: it is longer than allowed, and was left out. */
  endRow(): boolean;
  /** Forgets what was written since `beginRow`. */
  takeBackRow(): void;
}
