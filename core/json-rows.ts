/** Numbers in `JsonRows.fields` for each field: its column and marks, where its value begins, and where it ends. */
export const FIELD_INTS = 3;
/** Of the first of them: the column. Records have fewer names. */
export const FIELD_COLUMN = 0xffff;
/** The value has bytes of 128 and more. */
export const FIELD_HIGH = 1 << 16;
/** The value has escapes. */
export const FIELD_ESCAPED = 1 << 17;
/** Some of them are characters by their numbers: `\uXXXX`. */
export const FIELD_UNITS = 1 << 18;
/** The value has numbers of more than 15 digits (with the point), or with an exponent. */
export const FIELD_LONG_NUMBERS = 1 << 19;

/** Numbers in `JsonRows.records` for each record: where it begins and ends in `bytes`, and where its fields end in `fields`. */
export const RECORD_INTS = 3;

/**
 * Records of JSON whose bytes stand as they are in the file. The reader has checked them: each is one valid object of valid UTF-8, no
 * deeper than the reader allows, no key of which is there twice; its keys have been matched to the columns.
 */
export interface JsonRows {
  readonly wire: 'json';
  readonly bytes: Buffer;
  /** Of `bytes`. */
  readonly view: DataView;
  readonly rows: number;
  readonly records: Int32Array;
  /**
   * Fields of columns (by their place among those asked for) that are there and not null, in the order of the record. Values have no white
   * space around them.
   */
  readonly fields: Int32Array;
}
