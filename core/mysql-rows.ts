import type { Cell } from './cells';

/** Values that MySQL's text protocol writes alike. */
export type MysqlFamily =
  | 'int'
  | 'decimal'
  | 'float'
  | 'text'
  | 'bytes'
  | 'json'
  | 'bit'
  | 'date'
  | 'datetime'
  | 'timestamp'
  | 'time'
  | 'geometry';

/** A column as the text protocol sends it. */
export interface MysqlField {
  readonly family: MysqlFamily;
  /** Makes a cell of the `length` bytes from `start`; throws `UnreadableValue` for a value that no cell can hold. */
  readonly decode: (bytes: Buffer, view: DataView, start: number, length: number) => Cell;
}

/** In front of a packet: the length of what follows (three bytes, the lowest first), and its number in the answer. In bytes. */
export const MYSQL_HEADER_BYTES = 4;

/*
 * In front of a value stands its length: one byte up to 250, or one of these marks, which say how many bytes the length has, the lowest first.
 * https://mariadb.com/kb/en/protocol-data-types/#length-encoded-integers
 */
export const MYSQL_NULL = 0xfb;
export const MYSQL_TWO_BYTES = 0xfc;
export const MYSQL_THREE_BYTES = 0xfd;
export const MYSQL_EIGHT_BYTES = 0xfe;

/** Rows of the text protocol, each one complete packet, one behind the other. */
export interface MysqlRows {
  readonly wire: 'mysql-text';
  readonly fields: readonly MysqlField[];
  readonly bytes: Buffer;
  /** Of `bytes`. */
  readonly view: DataView;
  /** Where the first packet begins. */
  readonly start: number;
  readonly rows: number;
}
