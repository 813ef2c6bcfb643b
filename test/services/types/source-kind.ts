import fc from 'fast-check';
import { escapeLiteral } from 'pg';
import type { TableField } from '../../../core/clients/bigquery-api';
import * as judge from './judge';
import type { FieldJudge } from './judge';

/** A column of an existing table, and what becomes of values in it. */
export interface Target extends FieldJudge {
  readonly field: Omit<TableField, 'name'>;
}

/** A type of a source. */
export interface SourceKind {
  readonly type: string;
  /** SQL expressions of values. */
  readonly values: fc.Arbitrary<string>;
  /** SQL for the value of a column as text, for the judges. */
  readonly shown: (column: string) => string;
  /** What a created table has; undefined: the stand-in cannot hold what it gets. */
  readonly created: FieldJudge | undefined;
  readonly existing: readonly Target[];
}

export const asText = (column: string): string => `${column}::text`;
export const literals = (...texts: readonly string[]): fc.Arbitrary<string> =>
  fc.constantFrom(...texts.map((text) => escapeLiteral(text)));
export const mapped = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<string> =>
  arbitrary.map((value) => escapeLiteral(String(value)));

export const STRING: Target = { field: { type: 'STRING' }, judge: judge.same };
export const INTEGER: Target = { field: { type: 'INTEGER' }, judge: judge.same };
export const NUMERIC: Target = { field: { type: 'NUMERIC' }, judge: judge.decimal(29, 9) };
export const JSON_TARGET: Target = { field: { type: 'JSON' }, judge: judge.json };
export const shortText = (characters: number): Target => ({
  field: { type: 'STRING', maxLength: String(characters) },
  judge: judge.atMost(characters),
});
export const numeric = (precision: number, scale: number): Target => ({
  field: { type: 'NUMERIC', precision: String(precision), scale: String(scale) },
  judge: judge.decimal(precision - scale, scale),
});
export const repeated = (type: string, element: judge.Judge): Target => ({
  field: { type, mode: 'REPEATED' },
  judge: judge.listOf(element),
  isList: true,
});

/** Text without U+0000, which PostgreSQL has not. */
export const anyText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => text.replaceAll('\0', '')),
  fc.constantFrom(
    '',
    ' ',
    '"',
    "it's",
    '\\',
    '\n\t\r',
    '📦 naïve 荷物',
    '\\N',
    'NULL',
    'null',
    '{"a":1}',
    '\u2028\ufeff\u007f',
  ),
);
export const decimals = (whole: number, scale: number): fc.Arbitrary<string> => {
  const most = 10n ** BigInt(whole + scale) - 1n;
  return fc
    .oneof(fc.bigInt({ min: -most, max: most }), fc.bigInt({ min: -100n, max: 100n }))
    .map((unscaled) => {
      const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
      const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
      return `${unscaled < 0n ? '-' : ''}${text}`;
    });
};
export const whole = (bits: number): fc.Arbitrary<string> => {
  const most = 2n ** BigInt(bits - 1);
  return mapped(
    fc.oneof(fc.bigInt({ min: -most, max: most - 1n }), fc.constantFrom(-most, most - 1n, 0n, -1n)),
  );
};
