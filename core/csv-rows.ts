import type { Cell } from './cells';

/*
 * A field of a CSV record takes two numbers: where its bytes begin, and `length * 16 + flags` (`CSV_FIELD_SHIFT`). Bytes of a quoted field are those
 * between its quotes.
 */

/** How far the length of a field is shifted to the left of its flags. */
export const CSV_FIELD_SHIFT = 4;
/** Flags of a field. */
export const CSV_QUOTED = 1;
export const CSV_DOUBLED_QUOTES = 2;
export const CSV_ESCAPES = 4;
/** The record is shorter: the field is null, and has no bytes. */
export const CSV_ABSENT = 8;

/** Records of a CSV file: where their fields are, and no texts. */
export interface CsvRows {
  readonly wire: 'csv';
  /** Valid UTF-8 wherever a record is, of a file in another encoding ASCII. At least four bytes follow the last record. */
  readonly bytes: Buffer;
  /** Of `bytes`. */
  readonly view: DataView;
  /** Two numbers for each field. */
  readonly fields: Int32Array;
  /** For each row, where its first field is in `fields`. */
  readonly bases: readonly number[];
  readonly rows: number;
  /** For each column of the source, the place of its field in a record; -1: the file has no such column, it is null. */
  readonly places: Int32Array;
  readonly layout: CsvLayout;
}

/** What all rows of a file have in common. */
export interface CsvLayout {
  /** The byte that is doubled in quoted fields; -1: there is none. */
  readonly quote: number;
  readonly nulls: CsvNulls;
  /** The cell of a field by its two numbers. */
  readonly decode: (bytes: Buffer, start: number, lengthAndFlags: number) => Cell;
}

/** Which fields are null. */
export interface CsvNulls {
  /** Texts that mean null, in UTF-8. */
  readonly markers: readonly Uint8Array[];
  /** Whether quoted ones do, too. */
  readonly quoted: boolean;
}
