/**
 * One value of one row, in the only shapes that values take between a source and a destination.
 *
 * | column type | cell |
 * |---|---|
 * | bool | `boolean` |
 * | int (any width) | `bigint` |
 * | float | `number`; NaN and the infinities are values |
 * | decimal | canonical text: `-?digits[.digits]` without exponent or leading zeros, trailing zeros kept; or `NaN`, `Infinity`, `-Infinity` |
 * | string, uuid (lower case, hyphens) | `string` |
 * | bytes | `Uint8Array` |
 * | json, variant | the JSON text exactly as the source wrote it (never JavaScript's null for a JSON null inside a document) |
 * | date | `bigint`: days since 1970-01-01, proleptic Gregorian |
 * | time | `bigint`: units since midnight (`unit` of the type) |
 * | datetime, timestamp | `bigint`: units since 1970-01-01T00:00:00 (`unit` of the type); local for datetime, UTC for timestamp |
 * | interval | `[months, days, microseconds]`, three bigints |
 * | array | array of element cells |
 * | struct | array of field cells, in the order of the type's fields |
 *
 * SQL NULL and "not there" are both `null`.
 */
export type Cell = null | boolean | number | bigint | string | Uint8Array | readonly Cell[];

/** One row: a cell for each column, in the order of the schema that goes with it. */
export type Row = readonly Cell[];

/** The cell of a date, datetime or timestamp that means "later than every other" (PostgreSQL's 'infinity'). */
export const INSTANT_INFINITY = 2n ** 63n - 1n;

/** The cell of a date, datetime or timestamp that means "earlier than every other" (PostgreSQL's '-infinity'). */
export const INSTANT_MINUS_INFINITY = -(2n ** 63n) + 1n;

/** The cell of a date, datetime or timestamp whose month or day is zero, which is none (MySQL's '0000-00-00'): policy `zero_date` decides. No unit reaches it. */
export const ZERO_INSTANT = -(2n ** 64n);
