import type { ColumnType } from '../../core/schema';
import type { NUMERIC } from './rules';
import { BIGNUMERIC, BIGQUERY_RULES, CLASSIC_NAME } from './rules';

/** The most digits of unsigned integers of 64 bits, and of integers of 128 bits that BIGNUMERIC holds for certain. */
const UINT64_DIGITS = 20;
const INT128_DIGITS = BIGNUMERIC.wholeDigits;

/**
 * The type that a created table gives to a source column: one that holds every value, and for decimals without limits one to calculate
 * with (BIGNUMERIC; more than 38 digits on a side of the point are rejects, or rounded where policy `inexact` says so). Whole numbers of
 * 128 bits have a 39th digit beyond 10^38, which is a reject.
 */
export function typeFor(type: ColumnType): ColumnType {
  switch (type.kind) {
    case 'int':
      return intFor(type.bits, type.unsigned === true);
    case 'float':
      return { kind: 'float', bits: 64 };
    case 'decimal':
      return decimalFor(type.precision, type.scale ?? 0);
    case 'string':
    case 'uuid':
    // INTERVAL cannot be loaded from Avro, and not be computed with by most tools; ISO 8601 text is exact, and `CAST(… AS INTERVAL)` reads it.
    case 'interval':
      return { kind: 'string' };
    case 'variant':
      return { kind: 'json' };
    case 'time':
    case 'datetime':
    case 'timestamp':
      // Digits beyond microseconds are up to policy `inexact`.
      return { kind: type.kind, unit: 'us' };
    case 'array':
      return arrayFor(type.element);
    case 'struct':
      return structFor(type.fields);
    case 'bytes':
      return { kind: 'bytes' };
    case 'bool':
    case 'json':
    case 'date':
      return type;
  }
}

/** For docs/types.md. */
export const TYPE_NOTES: readonly string[] = [
  'NUMERIC has at most 29 digits before the point and 9 after it, BIGNUMERIC 38 and 38: a decimal column gets the smaller one that holds it, and STRING where neither does. Decimals without limits get BIGNUMERIC; more digits than 38 before the point are a reject, more after it up to policy `inexact`.',
  'Whole numbers of 128 bits get BIGNUMERIC(38); the few beyond 38 digits are rejects.',
  'Digits of a second beyond microseconds are up to policy `inexact`. Dates and instants reach from year 1 to 9999, infinite ones are up to policy `infinity`; there is no 24:00:00.',
  'NaN and the infinities stay in FLOAT64 columns.',
  'Arrays have no null elements (policy `null_in_array`) and are never null themselves (policy `null_array`). Arrays of arrays are JSON, and so are structs with names that BigQuery does not take.',
  'A JSON column keeps values, not text: BigQuery drops blanks, the order of members and all but one of members with the same name, and keeps numbers as 64-bit integers or floats: policy `inexact` decides about others (`0.12345678901234567890`), and those beyond FLOAT64 (`1e400`) are rejects. A STRING column keeps the text.',
  'Columns of the types GEOGRAPHY, RANGE and INTERVAL take the texts that BigQuery reads for them. They, and columns whose names have more than letters, digits and `_`, make the whole run be staged as NDJSON; there, a JSON document that is just `null` becomes NULL.',
];

function intFor(bits: number, unsigned: boolean): ColumnType {
  if (bits < 64 || (bits === 64 && !unsigned)) return { kind: 'int', bits: 64 };
  return { kind: 'decimal', precision: bits === 64 ? UINT64_DIGITS : INT128_DIGITS, scale: 0 };
}

/** More digits than BIGNUMERIC has stay exact as text; a negative scale means zeros before the point. */
function decimalFor(precision: number | undefined, scale: number): ColumnType {
  if (precision === undefined) return { kind: 'decimal', ...BIGQUERY_RULES.unboundedDecimal };
  const fraction = Math.max(scale, 0);
  const whole = Math.max(precision - scale, 0);
  if (!isDecimalOf(BIGNUMERIC, whole, fraction)) return { kind: 'string' };
  return { kind: 'decimal', precision: Math.max(whole + fraction, 1), scale: fraction };
}

/** Whether NUMERIC or BIGNUMERIC can be declared with so many digits before and after the point. */
export function isDecimalOf(
  limits: typeof NUMERIC | typeof BIGNUMERIC,
  whole: number,
  fraction: number,
): boolean {
  return whole <= limits.wholeDigits && fraction <= limits.scale;
}

/** There are no arrays of arrays. */
function arrayFor(element: ColumnType): ColumnType {
  const inner = typeFor(element);
  return inner.kind === 'array' ? { kind: 'json' } : { kind: 'array', element: inner };
}

/** Fields of a RECORD keep their names or there is none: JSON has room for every name. */
function structFor(fields: readonly { readonly name: string; readonly type: ColumnType }[]): ColumnType {
  const names = fields.map(({ name }) => name);
  const distinct = new Set(names.map((name) => name.toLowerCase()));
  if (fields.length === 0 || distinct.size < names.length || !names.every(isFieldName))
    return { kind: 'json' };
  return { kind: 'struct', fields: fields.map(({ name, type }) => ({ name, type: typeFor(type) })) };
}

function isFieldName(name: string): boolean {
  const { maxLength, reservedPrefixes } = BIGQUERY_RULES.names;
  const upper = name.toUpperCase();
  return (
    CLASSIC_NAME.test(name) &&
    name.length <= maxLength &&
    !reservedPrefixes.some((prefix) => upper.startsWith(prefix))
  );
}
