import fc from 'fast-check';
import * as judge from './judge';
import {
  INTEGER,
  NUMERIC,
  STRING,
  anyText,
  decimals,
  literals,
  mapped,
  numeric,
  repeated,
  shortText,
  whole,
  type SourceKind,
} from './source-kind';

const asText = (column: string): string => `${column}::VARCHAR`;
const of = (values: fc.Arbitrary<string>, type: string): fc.Arbitrary<string> =>
  values.map((value) => `${value}::${type}`);
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const texts = anyText.map(quoted);
const instants = fc.oneof(
  fc
    .date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59Z'),
      noInvalidDate: true,
    })
    .map((date) => quoted(date.toISOString().slice(0, 23))),
  ...[
    literals(
      '0001-01-01 00:00:00',
      '9999-12-31 23:59:59.999',
      '1899-12-31 23:59:59.5',
      '10000-01-01 00:00:00',
    ),
  ],
);
const list = (elements: fc.Arbitrary<string>, type: string): fc.Arbitrary<string> =>
  fc
    .array(fc.oneof({ weight: 5, arbitrary: elements }, { weight: 1, arbitrary: fc.constant('NULL') }), {
      maxLength: 4,
    })
    .map((items) => `[${items.join(', ')}]::${type}[]`);
const elementTexts = (column: string): string =>
  `to_json(list_transform(${column}, lambda x: x::VARCHAR))::VARCHAR`;

const structure = fc
  .tuple(fc.option(whole(32)), fc.option(texts), fc.option(list(whole(64), 'BIGINT')))
  .map(
    ([a, b, l]) =>
      `{'a': ${a ?? 'NULL'}, 'b': ${b ?? 'NULL'}, 'l': ${l ?? 'NULL'}}::STRUCT(a INTEGER, b VARCHAR, l BIGINT[])`,
  );
const structureText = (value: string): string =>
  `to_json([${value}.a::VARCHAR, ${value}.b, ${elementTexts(`${value}.l`)}])::VARCHAR`;
const structureJudge = judge.recordOf(
  ...[{ judge: judge.same }, { judge: judge.same }, { judge: judge.listOf(judge.same), isList: true }],
);

const integer = (type: string, values: fc.Arbitrary<string>): SourceKind => ({
  ...{
    type,
    values: of(values, type),
    shown: asText,
    created: INTEGER,
    existing: [INTEGER, NUMERIC, STRING],
  },
});
const exactDecimal = (digits: number, scale: number): SourceKind => ({
  type: `DECIMAL(${digits},${scale})`,
  values: of(mapped(decimals(digits - scale, scale)), `DECIMAL(${digits},${scale})`),
  ...{ shown: asText, created: { judge: judge.decimal(digits - scale, scale) } },
  existing: [numeric(digits - scale + 2, 2), ...(scale <= 9 ? [NUMERIC] : [])],
});
const instant = (
  type: string,
  values: fc.Arbitrary<string>,
  shown = 'epoch_us',
  judged = judge.instant,
): SourceKind => ({
  ...{
    type,
    values: of(values, type),
    shown: (c: string) => `${shown}(${c})::VARCHAR`,
    created: { judge: judged },
  },
  existing: ['DATETIME', 'TIMESTAMP'].map((field) => ({ field: { type: field }, judge: judged })),
});

/** Types that DuckDB writes into Parquet files as they are. */
export const DUCKDB_KINDS: readonly SourceKind[] = [
  {
    ...{ type: 'BOOLEAN', values: literals('true', 'false'), shown: asText, created: STRING },
    existing: [{ field: { type: 'BOOLEAN' }, judge: judge.same }, shortText(4)],
  },
  integer('TINYINT', whole(8)),
  integer('SMALLINT', whole(16)),
  integer('INTEGER', whole(32)),
  integer('BIGINT', whole(64)),
  integer('UTINYINT', literals('0', '255')),
  integer('USMALLINT', literals('0', '65535')),
  integer('UINTEGER', literals('0', '4294967295')),
  {
    ...{
      type: 'UBIGINT',
      values: of(literals('18446744073709551615', '9223372036854775807', '0'), 'UBIGINT'),
    },
    ...{
      shown: asText,
      created: NUMERIC,
      existing: [{ ...INTEGER, judge: judge.wholeNumber }, NUMERIC, STRING],
    },
  },
  {
    type: 'FLOAT',
    values: of(fc.oneof(mapped(fc.float()), literals('NaN', '-inf', '0.1', '-0')), 'FLOAT'),
    ...{ shown: (c) => `${c}::DOUBLE::VARCHAR`, created: { judge: judge.float } },
    existing: [{ field: { type: 'FLOAT' }, judge: judge.float }],
  },
  {
    type: 'DOUBLE',
    values: of(fc.oneof(mapped(fc.double()), literals('NaN', 'inf', '-0', '5e-324')), 'DOUBLE'),
    ...{
      shown: asText,
      created: { judge: judge.float },
      existing: [{ field: { type: 'FLOAT' }, judge: judge.float }],
    },
  },
  ...[exactDecimal(4, 1), exactDecimal(9, 2), exactDecimal(18, 4), exactDecimal(38, 9), exactDecimal(30, 18)],
  { type: 'VARCHAR', values: texts, shown: asText, created: STRING, existing: [STRING, shortText(10)] },
  {
    type: 'BLOB',
    values: fc
      .uint8Array({ maxLength: 8 })
      .map((bytes) => `from_hex('${Buffer.from(bytes).toString('hex')}')`),
    ...{ shown: (c) => `lower(hex(${c}))`, created: STRING },
    existing: [
      { field: { type: 'BYTES' }, judge: judge.same },
      { field: { type: 'BYTES', maxLength: '5' }, judge: judge.bytesAtMost(5) },
    ],
  },
  {
    type: 'UUID',
    values: of(mapped(fc.uuid()), 'UUID'),
    shown: asText,
    created: STRING,
    existing: [STRING, shortText(36)],
  },
  {
    type: 'DATE',
    values: of(literals('0001-01-01', '9999-12-31', '1969-12-31', '10000-01-01', '0044-03-15 (BC)'), 'DATE'),
    ...{ shown: (c) => `(${c} - DATE '1970-01-01')::VARCHAR`, created: { judge: judge.day } },
    existing: [
      { field: { type: 'DATE' }, judge: judge.day },
      { field: { type: 'DATETIME' }, judge: judge.midnight },
    ],
  },
  {
    ...{ type: 'TIME', values: of(literals('00:00', '23:59:59.999999', '12:34:56.000001'), 'TIME') },
    ...{ shown: (c) => `epoch_us(${c})::VARCHAR`, created: { judge: judge.clock } },
    existing: [{ field: { type: 'TIME' }, judge: judge.clock }],
  },
  instant('TIMESTAMP', instants),
  instant('TIMESTAMP_MS', instants),
  instant('TIMESTAMPTZ', instants),
  instant(
    'TIMESTAMP_NS',
    literals(
      '1970-01-01 00:00:00.000000001',
      '2024-02-29 12:00:00.123456789',
      '1969-12-31 23:59:59.9999995',
      '2000-01-01',
    ),
    ...(['epoch_ns', judge.instantOfNanoseconds] as const),
  ),
  {
    ...{ type: "ENUM('sad', 'ok')", values: literals('sad', 'ok'), shown: asText, created: STRING },
    existing: [STRING, shortText(2)],
  },
  {
    ...{ type: 'BIGINT[]', values: list(whole(64), 'BIGINT'), shown: elementTexts },
    ...{
      created: repeated('INTEGER', judge.same),
      existing: [repeated('INTEGER', judge.same), repeated('STRING', judge.same)],
    },
  },
  {
    ...{ type: 'VARCHAR[]', values: list(texts, 'VARCHAR'), shown: elementTexts },
    ...{ created: repeated('STRING', judge.same), existing: [repeated('STRING', judge.same)] },
  },
  {
    ...{
      type: 'DECIMAL(20,4)[]',
      values: list(mapped(decimals(16, 4)), 'DECIMAL(20,4)'),
      shown: elementTexts,
    },
    created: repeated('NUMERIC', judge.decimal(29, 9)),
    existing: [repeated('NUMERIC', judge.decimal(29, 9))],
  },
  {
    type: 'STRUCT(a INTEGER, b VARCHAR, l BIGINT[])',
    values: structure,
    shown: (c) => `CASE WHEN ${c} IS NOT NULL THEN ${structureText(c)} END`,
    created: { judge: structureJudge },
    existing: [
      {
        field: {
          type: 'RECORD',
          fields: [
            { name: 'l', type: 'NUMERIC', mode: 'REPEATED' },
            { name: 'A', type: 'INTEGER', mode: 'REQUIRED' },
          ],
        },
        judge: (text, trial) => {
          const [a = null, , l = null] = JSON.parse(text) as (string | null)[];
          const numbers = { judge: judge.listOf(judge.decimal(29, 9)), isList: true };
          return [
            judge.judgeCell(numbers, l, trial),
            judge.judgeCell({ judge: judge.same, required: true }, a, trial),
          ];
        },
      },
    ],
  },
  {
    ...{
      type: 'STRUCT(a INTEGER, b VARCHAR, l BIGINT[])[]',
      values: list(structure, 'STRUCT(a INTEGER, b VARCHAR, l BIGINT[])'),
    },
    shown: (c) =>
      `to_json(list_transform(${c}, lambda s: CASE WHEN s IS NOT NULL THEN ${structureText('s')} END))::VARCHAR`,
    ...{ created: { judge: judge.listOf(structureJudge), isList: true }, existing: [] },
  },
];
