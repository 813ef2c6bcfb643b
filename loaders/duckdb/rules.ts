import type { DestinationRules } from '../../core/destination-rules';
import type { NdjsonDialect } from '../../core/encoding';

/** DECIMAL has at most so many digits. */
export const MAX_DECIMAL_DIGITS = 38;

/** DuckDB sets no limit (70,000 characters were tried); a longer name is a mistake in a header. In characters. */
const MAX_NAME_LENGTH = 1024;

/** What DuckDB 1.5 holds; the tests ask DuckDB itself for each limit. */
export const DUCKDB_RULES: DestinationRules = {
  decimal: { maxPrecision: MAX_DECIMAL_DIGITS, maxScale: MAX_DECIMAL_DIGITS },
  unboundedDecimal: { precision: MAX_DECIMAL_DIGITS, scale: 9 },
  nonFiniteFloat: true,
  infiniteInstant: true,
  /** 5877642-06-25 (BC) to 5881580-07-10; the numbers next to them are the infinities. */
  dateRange: [-2_147_483_646n, 2_147_483_646n],
  /** 290309-12-22 (BC) 00:00:00 to 294247-01-10 04:00:54.775806; nanoseconds reach from 1677-09-22 to 2262-04-11 only. */
  instantRange: [-9_223_372_022_400_000_000n, 9_223_372_036_854_775_806n],
  nullInArray: true,
  nestedArray: true,
  nulCharacter: true,
  names: {
    maxLength: MAX_NAME_LENGTH,
    allowed: undefined,
    mayStartWithDigit: true,
    reservedPrefixes: [],
    caseInsensitive: true,
  },
};

/** Everything that a JSON reader could change is text, and cast by SQL: see staged-columns.ts. As a JSON number, -0 would lose its sign. */
export const DUCKDB_NDJSON: NdjsonDialect = {
  bytes: 'hex',
  json: 'string',
  zone: '+00',
  eraSuffix: ' (BC)',
  floatAsNumber: false,
};
