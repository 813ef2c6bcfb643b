import type { ColumnType } from '../core/schema';
import { isCalendarDate } from '../core/calendar';
import { readFloat } from './float-text';

/**
 * What texts mean. Types form a semilattice, so the type of a column depends on which values were seen, never on their order:
 *
 *     (nothing) < int64 < decimal(19+,s) < float64 < string        false/true: bool < string
 *     date < datetime(us) < datetime(ns) < string                  timestamp(us) < timestamp(ns) < string
 *
 * - Exactness comes first: whole numbers and decimals meet in the decimal that holds both. Where that needs more than 38 digits
 *   the column is text.
 * - float64 is for columns in which at least one value says so: an exponent, NaN, an infinity, or a fraction of more than
 *   `FLOAT_SCALE` digits that is exactly how a double prints. Decimals join it only up to (`FLOAT_INTEGER_DIGITS`, `FLOAT_SCALE`)
 *   digits: wider ones with floats are text, and so is a column in which a number of a sample has more digits than a float keeps. The box makes the order associative: two decimals in it never overflow 38 digits.
 * - A zone is not made up: datetime with timestamp is text. Anything that does not print back as it was (leading zeros, a plus sign,
 *   `.5`, yes/no) is text.
 */

/** Most digits of an inferred decimal: what DuckDB, PostgreSQL's common practice and BigQuery's BIGNUMERIC hold exactly. */
export const MAX_DECIMAL_DIGITS = 38;

/** Digits before and after the point up to which decimals may become float64 beside values that are clearly floats; together `MAX_DECIMAL_DIGITS`. */
const FLOAT_INTEGER_DIGITS = 20;
const FLOAT_SCALE = 18;

/** Digits of the largest int64 and uint64. */
const INT64_DIGITS = 19;
const UINT64_DIGITS = 20;

/** Longer texts are never numbers or instants; the longest is a number of 38 digits, or a double in full. In characters. */
const MAX_TYPED_TEXT = 400;

const STRING = { kind: 'string' } as const satisfies ColumnType;
const INT64 = { kind: 'int', bits: 64 } as const satisfies ColumnType;
const FLOAT64 = { kind: 'float', bits: 64 } as const satisfies ColumnType;

/** Whole years that 64 bits of nanoseconds reach; texts, as years have four digits. */
const FIRST_NS_YEAR = '1678';
const LAST_NS_YEAR = '2261';

const NUMBER = /^-?(0|[1-9]\d*)(?:\.(\d+))?([eE][+-]?\d+)?$/;
const INSTANT =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.(\d{1,9}))?(Z|[+-](?:0\d|1[0-5])(?::?[0-5]\d)?)?)?$/;
const BOOLEAN = /^(?:true|false|TRUE|FALSE|True|False)$/;
const NON_FINITE = /^(?:NaN|-?Infinity)$/;

/** The narrowest type that holds a value with this text, without a loss. Never undefined: an empty text is a string. */
export function inferTextValue(text: string): ColumnType {
  if (text.length === 0 || text.length > MAX_TYPED_TEXT) return STRING;
  const first = text.charCodeAt(0);
  if ((first >= 48 && first <= 57) || first === 45)
    return inferNumber(text) ?? inferInstant(text) ?? nonFinite(text);
  if (BOOLEAN.test(text)) return { kind: 'bool' };
  return nonFinite(text);
}

function nonFinite(text: string): ColumnType {
  return NON_FINITE.test(text) ? FLOAT64 : STRING;
}

function inferNumber(text: string): ColumnType | undefined {
  const match = NUMBER.exec(text);
  if (match === null) return undefined;
  const [, whole = '', fraction, exponent] = match;
  // An exponent says double, unless doubles cannot reach the number or do not have so many digits.
  if (exponent !== undefined) return readFloat(text, 64).exact ? FLOAT64 : STRING;
  if (fraction === undefined) {
    if (whole.length < INT64_DIGITS || BigInt.asIntN(64, BigInt(text)) === BigInt(text)) return INT64;
    return whole.length <= MAX_DECIMAL_DIGITS ? decimal(whole.length, 0) : STRING;
  }
  if (fraction.length > FLOAT_SCALE && printsBack(whole + fraction, text)) return FLOAT64;
  const digits = whole === '0' ? 0 : whole.length;
  return digits + fraction.length <= MAX_DECIMAL_DIGITS ? decimal(digits, fraction.length) : STRING;
}

/**
 * Whether a float64 would lose digits of this value, whose type is `type`. A column that has such a value and is float64 because of others
 * holds neither: it is text.
 */
export function needsAllDigits(text: string, type: ColumnType): boolean {
  return (type.kind === 'int' || type.kind === 'decimal') && !readFloat(text, 64).exact;
}

/** The type of a column whose values together say `type`; `needsDigits`: one of them did (see `needsAllDigits`). */
export function withAllDigits(type: ColumnType | undefined, needsDigits: boolean): ColumnType | undefined {
  return needsDigits && type?.kind === 'float' ? STRING : type;
}

/** Whether the digits are those a double prints: then the text came from one, and goes back to the same one. */
function printsBack(digits: string, text: string): boolean {
  const printed = Math.abs(Number(text)).toExponential().split('e')[0] ?? '';
  return printed.replace('.', '') === digits.replace(/^0+/, '');
}

function inferInstant(text: string): ColumnType | undefined {
  const match = INSTANT.exec(text);
  if (match === null) return undefined;
  const [, year = '', month = '', day = '', hour, fraction = '', zone] = match;
  if (year === '0000' || !isCalendarDate(Number(year), Number(month), Number(day))) return undefined;
  if (hour === undefined) return { kind: 'date' };
  const unit = fraction.length > 6 ? 'ns' : 'us';
  if (unit === 'ns' && (year < FIRST_NS_YEAR || year > LAST_NS_YEAR)) return undefined;
  return zone === undefined ? { kind: 'datetime', unit } : { kind: 'timestamp', unit };
}

/**
 * The narrowest type that holds the values of both; undefined: only nulls were seen. Commutative, associative, idempotent.
 * Kinds that texts never have (json, bytes, …) are equal to themselves and string with anything else; integers of other widths
 * meet in the narrowest that holds both.
 */
export function widen(a: ColumnType | undefined, b: ColumnType | undefined): ColumnType | undefined {
  if (a === undefined) return b;
  if (b === undefined || sameType(a, b)) return a;
  return widenNumbers(a, b) ?? widenInstants(a, b) ?? STRING;
}

/** Whether two types are the same in every parameter; an absent parameter is the same as an undefined one. */
export function sameType(a: ColumnType, b: ColumnType): boolean {
  switch (a.kind) {
    case 'int':
      return b.kind === 'int' && a.bits === b.bits && (a.unsigned ?? false) === (b.unsigned ?? false);
    case 'float':
      return b.kind === 'float' && a.bits === b.bits;
    case 'decimal':
      return b.kind === 'decimal' && a.precision === b.precision && a.scale === b.scale;
    case 'string':
      return b.kind === 'string' && a.maxLength === b.maxLength && sameTexts(a.values, b.values);
    case 'time':
    case 'datetime':
    case 'timestamp':
      return b.kind === a.kind && a.unit === b.unit;
    case 'array':
      return b.kind === 'array' && sameType(a.element, b.element);
    case 'struct': {
      if (b.kind !== 'struct' || a.fields.length !== b.fields.length) return false;
      return a.fields.every((field, index) => {
        const other = b.fields[index];
        return other !== undefined && field.name === other.name && sameType(field.type, other.type);
      });
    }
    case 'bool':
    case 'bytes':
    case 'json':
    case 'variant':
    case 'uuid':
    case 'date':
    case 'interval':
      return b.kind === a.kind;
  }
}

function sameTexts(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((text, index) => text === b[index]);
}

/** Digits that a number may have before and after the point; undefined: not an exact number of at most 38 digits. */
function exactDigits(type: ColumnType): { before: number; after: number } | undefined {
  if (type.kind === 'int' && type.bits !== 128) {
    return { before: type.unsigned === true && type.bits === 64 ? UINT64_DIGITS : INT64_DIGITS, after: 0 };
  }
  if (type.kind !== 'decimal' || type.precision === undefined) return undefined;
  const after = type.scale ?? 0;
  const before = type.precision - after;
  if (after < 0 || before < 0 || type.precision > MAX_DECIMAL_DIGITS) return undefined;
  return { before, after };
}

function widenNumbers(a: ColumnType, b: ColumnType): ColumnType | undefined {
  if (a.kind === 'float') return joinsFloat(b) ? FLOAT64 : undefined;
  if (b.kind === 'float') return joinsFloat(a) ? FLOAT64 : undefined;
  const left = exactDigits(a);
  const right = exactDigits(b);
  if (left === undefined || right === undefined) return undefined;
  if (a.kind === 'int' && b.kind === 'int') {
    const whole = widenIntegers(a, b);
    if (whole !== undefined) return whole;
  }
  const before = Math.max(left.before, right.before);
  const after = Math.max(left.after, right.after);
  return before + after <= MAX_DECIMAL_DIGITS ? decimal(before, after) : undefined;
}

function joinsFloat(type: ColumnType): boolean {
  if (type.kind === 'float') return true;
  const digits = exactDigits(type);
  return digits !== undefined && digits.before <= FLOAT_INTEGER_DIGITS && digits.after <= FLOAT_SCALE;
}

type IntegerType = Extract<ColumnType, { kind: 'int' }>;

/** Both have at most 64 bits. Undefined: uint64 beside a signed type, which only a decimal holds. */
function widenIntegers(a: IntegerType, b: IntegerType): ColumnType | undefined {
  const wider = a.bits >= b.bits ? a : b;
  if ((a.unsigned ?? false) === (b.unsigned ?? false)) return wider;
  const unsignedBits = a.unsigned === true ? a.bits : b.bits;
  const signedBits = a.unsigned === true ? b.bits : a.bits;
  if (signedBits > unsignedBits) return { kind: 'int', bits: signedBits };
  if (unsignedBits === 64) return undefined;
  return { kind: 'int', bits: unsignedBits === 8 ? 16 : unsignedBits === 16 ? 32 : 64 };
}

function widenInstants(a: ColumnType, b: ColumnType): ColumnType | undefined {
  if (a.kind === 'date' && b.kind === 'datetime') return b;
  if (a.kind === 'datetime' && b.kind === 'date') return a;
  if (a.kind !== b.kind || (a.kind !== 'datetime' && a.kind !== 'timestamp' && a.kind !== 'time'))
    return undefined;
  if (b.kind !== 'datetime' && b.kind !== 'timestamp' && b.kind !== 'time') return undefined;
  return UNIT_ORDER[a.unit] >= UNIT_ORDER[b.unit] ? a : b;
}

const UNIT_ORDER = { s: 0, ms: 1, us: 2, ns: 3 } as const;

/** A decimal of at least one digit. */
function decimal(before: number, after: number): ColumnType {
  return { kind: 'decimal', precision: Math.max(before + after, 1), scale: after };
}

/**
 * The type for a column of which only a sample was seen: decimals get room, so that a later 100.125 is no reject because the sample
 * had prices below 100. Whole numbers stay whole, with all 38 digits; others get 29 digits before and 9 after the point (BigQuery's NUMERIC)
 * where the sample fits, else 19 and 19, else 38 in all at the scale seen.
 */
export function withRoom(type: ColumnType): ColumnType {
  const digits = type.kind === 'decimal' ? exactDigits(type) : undefined;
  if (digits === undefined) return type;
  if (digits.after === 0) return decimal(MAX_DECIMAL_DIGITS, 0);
  if (digits.before <= 29 && digits.after <= 9) return decimal(29, 9);
  if (digits.before <= 19 && digits.after <= 19) return decimal(19, 19);
  return decimal(MAX_DECIMAL_DIGITS - digits.after, digits.after);
}
