import type { TableReference } from '../../core/clients/bigquery-api';
import type { ColumnDigests } from '../../core/manifest';
import type { Column } from '../../core/schema';
import {
  measuresOf,
  type Measure,
  type MeasureKind,
  type MeasureStep,
} from '../../transforms/digest-measures';
import type { Proof } from './commit-plan';
import { unionOf } from './merge-sql';
import { MAX_QUERY_CHARACTERS } from './job-limits';
import { textTypeIn } from './schema';
import { quoteIdentifier, quoteText } from './sql-text';

/** A staged column, by both of its names. */
export interface ProvedColumn {
  /** In the digests: the plan's. */
  readonly name: string;
  /** As the table has it. */
  readonly column: Column;
}

/** Results of one query; BigQuery takes 10,000 columns. */
const MAX_RESULTS = 2_000;
/** Of the text of a query, in characters: the names of the tables come on top. */
const MAX_RESULT_CHARACTERS = MAX_QUERY_CHARACTERS / 2;

/** No column is likely to have this name: it would be read in place of the table. */
const STAGED = 'beamlift_staged';

/** One number that SQL finds, and what it has to be. */
interface Check {
  /** For a row, as the columns `r0`, `r1`, …: NULL adds nothing. */
  readonly perRow: string | undefined;
  /** Over all rows, from the row's value. */
  readonly total: (perRow: string) => string;
  readonly expected: string | null;
  readonly meaning: string;
}

/**
 * Questions about all rows of the tables, whose answers follow from the digests of what was staged: the number of rows, the number of
 * values of each column, and the sums of transforms/digest-measures.ts. As few queries as their length allows.
 *
 * Sums are NUMERIC, whose limit is 10^29: with the largest measure, microseconds at the year 9999, that is 3 × 10^11 values, and with all
 * others 10^13 and more. INT64 would overflow after 35 of those microseconds, or 32,768 hashes.
 */
export function proofsOf(
  sources: readonly TableReference[],
  columns: readonly ProvedColumn[],
  digests: ColumnDigests,
  rowsStaged: number,
): Proof[] {
  const rows: Check = {
    perRow: undefined,
    total: () => 'CAST(COUNT(*) AS STRING)',
    expected: String(rowsStaged),
    meaning: 'rows',
  };
  const checks = [rows, ...columns.flatMap((column) => checksOf(column, digests))];
  return inPortions(checks).map((portion, index) => proofOf(`proof-${index}`, sources, portion));
}

function inPortions(checks: readonly Check[]): Check[][] {
  const portions: Check[][] = [];
  let characters = 0;
  for (const check of checks) {
    const length = (check.perRow?.length ?? 0) + check.total('').length + 40;
    const last = portions.at(-1);
    if (last === undefined || last.length >= MAX_RESULTS || characters + length > MAX_RESULT_CHARACTERS) {
      portions.push([check]);
      characters = length;
    } else {
      last.push(check);
      characters += length;
    }
  }
  return portions;
}

function proofOf(step: string, sources: readonly TableReference[], checks: readonly Check[]): Proof {
  const expected = Object.create(null) as Record<string, string | null>;
  const meaning = Object.create(null) as Record<string, string>;
  const perRow: string[] = [];
  const totals = checks.map((check, index) => {
    expected[`c${index}`] = check.expected;
    meaning[`c${index}`] = check.meaning;
    if (check.perRow !== undefined) perRow.push(`${check.perRow} AS r${index}`);
    return `${check.total(`r${index}`)} AS c${index}`;
  });
  const from = `(SELECT ${perRow.length === 0 ? '1 AS one' : perRow.join(',\n')} FROM (${unionOf(sources)}) AS ${STAGED})`;
  return { step, sql: `SELECT ${totals.join(',\n')}\nFROM ${from}`, expected, meaning };
}

function checksOf({ name, column }: ProvedColumn, digests: ColumnDigests): Check[] {
  const digest = digests[name];
  const own = `${STAGED}.${quoteIdentifier(column.name)}`;
  const values: Check = {
    perRow: rowValue('values', column, own),
    total: sumOf,
    expected: String(digest?.values ?? 0),
    meaning: `values of "${name}"`,
  };
  // GEOGRAPHY, INTERVAL and RANGE are written as texts, and read as something else.
  if (textTypeIn(column.nativeType) !== undefined) return [values];
  return [
    values,
    ...measuresOf(column.type).map((measure): Check => {
      const expected = digest?.sums[measure.name];
      const meaning = `${measure.name} of "${name}"`;
      const { kind } = measure;
      const perRow = nested(measure, measure.steps, own, 0);
      if (kind === 'min' || kind === 'max') {
        return {
          perRow,
          total: (row) => extremeOf(kind, row, expected),
          expected: expected ?? null,
          meaning,
        };
      }
      return { perRow, total: sumOf, expected: expected ?? '0', meaning };
    }),
  ];
}

/** An exact sum as a whole number in text. */
function sumOf(perRow: string): string {
  return `REGEXP_EXTRACT(CAST(COALESCE(SUM(CAST(${perRow} AS NUMERIC)), 0) AS STRING), r'^-?[0-9]+')`;
}

/** A float is what it has to be where it is equal; otherwise its text, which is for people, is something else. */
function extremeOf(kind: 'min' | 'max', perRow: string, expected: string | undefined): string {
  const extreme = `${kind.toUpperCase()}(${perRow})`;
  const text = `CAST(${extreme} AS STRING)`;
  if (expected === undefined) return text;
  const wanted = quoteText(expected);
  return `IF(${extreme} = CAST(${wanted} AS FLOAT64), ${wanted}, CONCAT('not ', ${text}))`;
}

/** The measure of one row: through arrays it is a sum (or the least, or the greatest) over their elements. */
function nested(measure: Measure, steps: readonly MeasureStep[], value: string, depth: number): string {
  const [step, ...rest] = steps;
  if (step === undefined) return rowValue(measure.kind, measure, value);
  if (step.kind === 'field') return nested(measure, rest, `${value}.${quoteIdentifier(step.name)}`, depth);
  const element = `e${depth}`;
  const inner = nested(measure, rest, element, depth + 1);
  const { kind } = measure;
  const total =
    kind === 'min' || kind === 'max' ? `${kind.toUpperCase()}(${inner})` : `SUM(CAST(${inner} AS NUMERIC))`;
  return `(SELECT ${total} FROM UNNEST(${value}) AS ${element})`;
}

function rowValue(kind: MeasureKind, { type }: Pick<Column, 'type'>, value: string): string {
  switch (kind) {
    case 'values':
      if (type.kind === 'array') return `IF(ARRAY_LENGTH(${value}) > 0, 1, 0)`;
      if (type.kind === 'json') return `IF(${value} IS NULL OR JSON_TYPE(${value}) = 'null', 0, 1)`;
      return `IF(${value} IS NULL, 0, 1)`;
    case 'elements':
      return `ARRAY_LENGTH(${value})`;
    case 'true':
      return `IF(${value}, 1, 0)`;
    case 'high':
      return `DIV(${value}, 4294967296)`;
    case 'low':
      return `MOD(${value}, 4294967296)`;
    case 'days':
      return `UNIX_DATE(${value})`;
    case 'microseconds':
      if (type.kind === 'timestamp') return `UNIX_MICROS(${value})`;
      return type.kind === 'time'
        ? `TIME_DIFF(${value}, TIME '00:00:00', MICROSECOND)`
        : `DATETIME_DIFF(${value}, DATETIME '1970-01-01 00:00:00', MICROSECOND)`;
    case 'bytes':
      return `BYTE_LENGTH(${value})`;
    case 'md5': {
      const content = type.kind === 'decimal' ? shortestDecimal(value) : value;
      return `CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(${content})), 1, 12)) AS INT64)`;
    }
    case 'nan':
      return `IF(IS_NAN(${value}), 1, 0)`;
    case 'infinite':
      return `IF(IS_INF(${value}), 1, 0)`;
    case 'negative':
      return `IF(${value} < 0, 1, 0)`;
    case 'whole':
      return smallOnly(value, `TRUNC(${value})`);
    case 'fraction':
      return smallOnly(value, `TRUNC(${fractionOf(value)} * ${UNITS})`);
    case 'rest':
      return smallOnly(value, `TRUNC(${fractionOf(`(${fractionOf(value)} * ${UNITS})`)} * ${UNITS})`);
    case 'large':
      return largeOnly(value, `TRUNC(${value} / ${UNITS})`);
    case 'large_rest':
      return largeOnly(value, `${fractionOf(`(${value} / ${UNITS})`)} * ${UNITS}`);
    case 'min':
    case 'max':
      return `IF(IS_NAN(${value}), NULL, ${value})`;
  }
}

/** 2^52, 2^53 and 2^105: see transforms/digest-measures.ts. */
const [UNITS, SMALL_LIMIT, LARGE_LIMIT] = ['4503599627370496', '9007199254740992', '4.056481920730334e31'];

function smallOnly(value: string, whole: string): string {
  return `IF(ABS(${value}) < ${SMALL_LIMIT}, SAFE_CAST(${whole} AS INT64), 0)`;
}

function largeOnly(value: string, whole: string): string {
  return `IF(ABS(${value}) >= ${SMALL_LIMIT} AND ABS(${value}) < ${LARGE_LIMIT}, SAFE_CAST(${whole} AS INT64), 0)`;
}

function fractionOf(value: string): string {
  return `(${value} - TRUNC(${value}))`;
}

/** A decimal without zeros at the end of its fraction. */
function shortestDecimal(value: string): string {
  return `REGEXP_REPLACE(CAST(${value} AS STRING), r'[.]0+$|([.][0-9]*[1-9])0+$', r'\\1')`;
}
