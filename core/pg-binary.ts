import type { Cell } from './cells';

/** How values of a column are written in PostgreSQL's binary format, as far as codecs know it; everything else is `other`. */
export type PgForm =
  | 'bool'
  | 'int16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'float32'
  | 'float64'
  | 'numeric'
  /** UTF-8 that the server has checked. */
  | 'text'
  | 'jsonb'
  | 'bytes'
  | 'uuid'
  | 'date'
  /** Microseconds since 2000. */
  | 'instant'
  | 'time'
  | 'other'
  | { readonly element: PgForm };

/** A column as COPY sends it. */
export interface PgField {
  readonly form: PgForm;
  /** Makes a cell of the `length` bytes from `start`; throws for a value that no cell can hold. */
  readonly decode: (bytes: Buffer, view: DataView, start: number, length: number) => Cell;
}

/** In place of a field's length: the field is null. */
export const PG_NULL = -1;

/** A value that the server can hold and a cell cannot; the row is rejected. */
export class UnreadableValue extends Error {}

/** Complete rows of COPY binary, `gap` bytes from one to the next: the number of fields, then each field with its length in front. */
export interface PgRows {
  readonly wire: 'pg-copy';
  readonly fields: readonly PgField[];
  readonly bytes: Buffer;
  /** Of `bytes`. */
  readonly view: DataView;
  /** Where the first row begins. */
  readonly start: number;
  /** Bytes of something else between a row and the next. */
  readonly gap: number;
  readonly rows: number;
  /** By what a codec knows that WebAssembly's memory still holds these rows, and where their fields are: see pg-machine.ts. */
  readonly holder?: object;
}
