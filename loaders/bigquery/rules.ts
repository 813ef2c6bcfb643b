import { MICROS_PER_DAY } from '../../core/calendar';
import type { DestinationRules } from '../../core/destination-rules';
import type { NdjsonDialect } from '../../core/encoding';

/*
 * Limits of BigQuery, from its documentation: "Data types" (numbers, dates), "Schemas" (names, nesting), "Quotas and limits" (sizes).
 */

/** NUMERIC without parameters is NUMERIC(38, 9): at most 29 digits before the point. */
export const NUMERIC = { precision: 38, scale: 9, wholeDigits: 29 } as const;

/**
 * BIGNUMERIC without parameters holds every decimal of 38 digits before the point and 38 after it. A part of the numbers of 39 digits
 * before the point (below 5.8E38) would fit, too; they are rejects.
 */
export const BIGNUMERIC = { precision: 76, scale: 38, wholeDigits: 38 } as const;

/** An encoded row may not be longer, in bytes: Avro blocks and NDJSON rows may be larger, what a query reads may not. */
export const MAX_ROW_BYTES = 15 * 1024 * 1024;

/** Columns of a table, fields within records included. */
export const MAX_COLUMNS = 10_000;

/** Levels of records within records. */
export const MAX_NESTING = 15;

export const MAX_CLUSTERING_COLUMNS = 4;

/** In characters. */
export const MAX_COLUMN_DESCRIPTION = 1024;

/** In characters. */
const MAX_COLUMN_NAME = 300;

/** Classic names; flexible ones (spaces, accents, some punctuation) only work with columns that are there already. */
export const CLASSIC_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

const DAY_OF_YEAR_1 = -719_162n;
const LAST_DAY_OF_YEAR_9999 = 2_932_896n;

export const BIGQUERY_RULES: DestinationRules = {
  decimal: { maxPrecision: BIGNUMERIC.precision, maxScale: BIGNUMERIC.scale },
  unboundedDecimal: { precision: BIGNUMERIC.precision, scale: BIGNUMERIC.scale },
  nonFiniteFloat: true,
  infiniteInstant: false,
  /** 0001-01-01 to 9999-12-31. */
  dateRange: [DAY_OF_YEAR_1, LAST_DAY_OF_YEAR_9999],
  /** 0001-01-01 00:00:00 to 9999-12-31 23:59:59.999999. */
  instantRange: [DAY_OF_YEAR_1 * MICROS_PER_DAY, (LAST_DAY_OF_YEAR_9999 + 1n) * MICROS_PER_DAY - 1n],
  nullInArray: false,
  nullArray: false,
  nestedArray: false,
  jsonNumbers: '64-bit',
  endOfDay: false,
  nulCharacter: true,
  maxRowBytes: MAX_ROW_BYTES,
  names: {
    maxLength: MAX_COLUMN_NAME,
    allowed: /[A-Za-z0-9_]/,
    mayStartWithDigit: false,
    reservedPrefixes: [
      '_TABLE_',
      '_FILE_',
      '_PARTITION',
      '_ROW_TIMESTAMP',
      '__ROOT__',
      '_COLIDENTIFIER',
      '_CHANGE_SEQUENCE_NUMBER',
      '_CHANGE_TYPE',
      '_CHANGE_TIMESTAMP',
    ],
    caseInsensitive: true,
  },
};

/** As load jobs read NEWLINE_DELIMITED_JSON. A JSON document `null` in place is read as NULL: there is no other way to write it. */
export const BIGQUERY_NDJSON: NdjsonDialect = {
  bytes: 'base64',
  json: 'raw',
  zone: '+00',
  eraSuffix: undefined,
  floatAsNumber: true,
};
