import fc from 'fast-check';
import type { TableField } from '../../../core/clients/bigquery-api';
import * as judge from './judge';
import type { FieldJudge } from './judge';
import { anyText, decimals, literals, mapped, repeated, whole, type SourceKind } from './source-kind';

const array = (elements: fc.Arbitrary<string>, type: string): fc.Arbitrary<string> =>
  fc
    .array(fc.oneof({ weight: 5, arbitrary: elements }, { weight: 1, arbitrary: fc.constant('NULL') }), {
      maxLength: 4,
    })
    .map((list) => `ARRAY[${list.join(', ')}]::${type}[]`);
const elementTexts = (column: string): string =>
  `(CASE WHEN ${column} IS NOT NULL THEN (SELECT coalesce(json_agg(e::text), '[]')::text FROM unnest(${column}) e) END)`;

const PAIR_FIELDS: TableField[] = [
  { name: 'a', type: 'INTEGER' },
  { name: 'b', type: 'STRING' },
  { name: 'c', type: 'INTEGER', mode: 'REPEATED' },
];
const LIST_OF_INT: FieldJudge = { judge: judge.listOf(judge.same), isList: true };
const pairJudge = judge.recordOf({ judge: judge.same }, { judge: judge.same }, LIST_OF_INT);
const pairText = (column: string): string =>
  `json_build_array((${column}).a::text, (${column}).b, ${elementTexts(`(${column}).c`)})`;
const pair = fc
  .tuple(fc.option(whole(32)), fc.option(mapped(anyText)), fc.option(array(whole(32), 'int4')))
  .map(([a, b, c]) => `ROW(${a ?? 'NULL'}, ${b ?? 'NULL'}, ${c ?? 'NULL'})::pair`);

/** Arrays and composite types; `pair` is (a int, b text, c int[]). */
export const POSTGRES_NESTED_KINDS: readonly SourceKind[] = [
  {
    ...{ type: 'int8[]', values: array(whole(64), 'int8'), shown: elementTexts, created: LIST_OF_INT },
    existing: [
      repeated('INTEGER', judge.same),
      repeated('NUMERIC', judge.decimal(29, 9)),
      repeated('STRING', judge.same),
    ],
  },
  {
    ...{ type: 'text[]', values: array(mapped(anyText), 'text'), shown: elementTexts, created: LIST_OF_INT },
    existing: [repeated('STRING', judge.same)],
  },
  {
    type: 'numeric[]',
    values: array(fc.oneof(mapped(decimals(12, 12)), literals('NaN', '-Infinity', '1.5')), 'numeric'),
    ...{ shown: elementTexts, created: undefined, existing: [repeated('NUMERIC', judge.decimal(29, 9))] },
  },
  {
    ...{
      type: 'date[]',
      values: array(literals('0001-01-01', 'infinity', '9999-12-31', '10000-01-01'), 'date'),
    },
    shown: (column) =>
      `(CASE WHEN ${column} IS NOT NULL THEN (SELECT coalesce(json_agg(CASE WHEN isfinite(e) THEN (e - date '1970-01-01')::text ELSE e::text END), '[]')::text FROM unnest(${column}) e) END)`,
    ...{ created: { judge: judge.listOf(judge.day), isList: true }, existing: [repeated('DATE', judge.day)] },
  },
  {
    ...{
      type: 'jsonb[]',
      values: array(literals('{"a": [1]}', 'null', '7', '["x"]'), 'jsonb'),
      shown: elementTexts,
    },
    ...{
      created: { judge: judge.listOf(judge.json), isList: true },
      existing: [repeated('JSON', judge.json)],
    },
  },
  {
    ...{ type: 'bytea[]', values: array(literals('\\x', '\\x00ff'), 'bytea') },
    shown: (column) =>
      `(CASE WHEN ${column} IS NOT NULL THEN (SELECT coalesce(json_agg(encode(e, 'hex')), '[]')::text FROM unnest(${column}) e) END)`,
    ...{ created: LIST_OF_INT, existing: [repeated('BYTES', judge.same)] },
  },
  {
    type: 'pair',
    values: pair,
    shown: (column) => `(CASE WHEN ${column} IS DISTINCT FROM NULL THEN ${pairText(column)}::text END)`,
    created: { judge: pairJudge },
    existing: [
      { field: { type: 'RECORD', fields: PAIR_FIELDS }, judge: pairJudge },
      {
        field: {
          type: 'RECORD',
          fields: [
            { name: 'B', type: 'STRING', mode: 'REQUIRED' },
            { name: 'absent', type: 'DATE' },
          ],
        },
        judge: (text, trial) => {
          const record = judge.recordOf({ judge: judge.same }, { judge: judge.same, required: true })(
            text,
            trial,
          );
          return [Array.isArray(record) ? (record[1] ?? null) : null, null];
        },
      },
    ],
  },
  {
    ...{ type: 'pair[]', values: array(pair, 'pair') },
    shown: (column) =>
      `(CASE WHEN ${column} IS NOT NULL THEN (SELECT coalesce(json_agg(CASE WHEN ${column}[i] IS DISTINCT FROM NULL THEN ${pairText(`${column}[i]`)}::text END), '[]')::text FROM generate_subscripts(${column}, 1) i) END)`,
    created: { judge: judge.listOf(pairJudge), isList: true },
    existing: [
      {
        field: { type: 'RECORD', mode: 'REPEATED', fields: PAIR_FIELDS },
        judge: judge.listOf(pairJudge),
        isList: true,
      },
    ],
  },
];
