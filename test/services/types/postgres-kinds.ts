import fc from 'fast-check';
import { escapeLiteral } from 'pg';
import * as judge from './judge';
import {
  INTEGER,
  JSON_TARGET,
  NUMERIC,
  STRING,
  anyText,
  asText,
  decimals,
  literals,
  mapped,
  numeric,
  shortText,
  whole,
  type SourceKind,
} from './source-kind';

const instants = (zone: string): fc.Arbitrary<string> =>
  fc.oneof(
    fc
      .date({
        min: new Date('0001-01-01T00:00:00Z'),
        max: new Date('9999-12-31T23:59:59Z'),
        noInvalidDate: true,
      })
      .map((date) => escapeLiteral(`${date.toISOString().slice(0, 23)}${zone}`)),
    literals(
      ...['0001-01-01 00:00:00', '9999-12-31 23:59:59.999999', '1899-12-31 23:59:59.999999'].map(
        (at) => at + zone,
      ),
      ...['1969-12-31 23:59:59.999999', '9990-02-28 00:00:00', '10000-01-01 00:00:00'].map((at) => at + zone),
      ...['infinity', '-infinity', `0044-03-15 00:00:00${zone} BC`, `294276-12-31 23:59:59.999999${zone}`],
    ),
  );
const microseconds = (column: string): string => `(CASE WHEN isfinite(${column})
  THEN ((${column}::date - date '1970-01-01')::numeric * 86400000000 + (extract(epoch FROM ${column}::time) * 1000000)::int8)::text
  ELSE ${column}::text END)`;

/** What the type itself writes: casts to text take blanks off, or add masks. */
const output = (column: string): string => `CASE WHEN ${column} IS NOT NULL THEN format('%s', ${column}) END`;

/** What PostgreSQL alone can write, as its text. */
const written = (type: string, ...texts: readonly string[]): SourceKind => ({
  ...{ type, values: literals(...texts), shown: output, created: STRING, existing: [STRING, shortText(6)] },
});
const floating = (type: string, arbitrary: fc.Arbitrary<number>): SourceKind => ({
  type,
  values: fc.oneof(
    arbitrary.map((value) => escapeLiteral(Object.is(value, -0) ? '-0' : String(value))),
    literals('NaN', 'Infinity', '-Infinity', '0.1', '-0'),
  ),
  shown: (column) => `${column}::float8::text`,
  ...{ created: { judge: judge.float }, existing: [{ field: { type: 'FLOAT' }, judge: judge.float }] },
});

/** Types without parts; `mood` is an enum of 'sad' and 'it''s "ok"', `positive_price` a domain over numeric(10,2). */
export const POSTGRES_KINDS: readonly SourceKind[] = [
  {
    ...{ type: 'bool', values: literals('true', 'false'), shown: asText },
    ...{ created: STRING, existing: [{ field: { type: 'BOOLEAN' }, judge: judge.same }, shortText(4)] },
  },
  {
    type: 'int2',
    values: whole(16),
    shown: asText,
    created: INTEGER,
    existing: [INTEGER, STRING, numeric(6, 1)],
  },
  { type: 'int4', values: whole(32), shown: asText, created: INTEGER, existing: [INTEGER, numeric(8, 0)] },
  {
    ...{ type: 'int8', values: whole(64), shown: asText, created: INTEGER },
    existing: [INTEGER, NUMERIC, shortText(10), { field: { type: 'FLOAT' }, judge: judge.floatOfWhole }],
  },
  {
    ...{ type: 'oid', values: literals('0', '4294967295'), shown: asText, created: INTEGER },
    existing: [INTEGER, STRING],
  },
  {
    ...{ type: 'xid8', values: literals('18446744073709551615', '9223372036854775807', '3'), shown: asText },
    ...{
      created: { judge: judge.decimal(20, 0) },
      existing: [{ ...INTEGER, judge: judge.wholeNumber }, NUMERIC],
    },
  },
  floating('float4', fc.float({ noNaN: true })),
  floating('float8', fc.double({ noNaN: true })),
  {
    type: 'numeric',
    values: fc.oneof(
      mapped(decimals(20, 18)),
      literals(
        'NaN',
        'Infinity',
        '-Infinity',
        '0.000',
        '-0.00',
        '1e20',
        '1e-19',
        '99999999999999999999.9999999995',
        '1.50',
      ),
    ),
    ...{ shown: asText, created: undefined },
    existing: [
      { field: { type: 'BIGNUMERIC', precision: '38', scale: '18' }, judge: judge.decimal(20, 18) },
      ...[NUMERIC, numeric(5, 2), { ...INTEGER, judge: judge.wholeNumber }],
      ...[
        { ...STRING, judge: judge.decimalText() },
        { ...shortText(10), judge: judge.decimalText(10) },
      ],
    ],
  },
  {
    type: 'numeric(12,2)',
    values: fc.oneof(mapped(decimals(10, 2)), literals('NaN', '-9999999999.99', '0.1', '7.00')),
    ...{ shown: asText, created: { judge: judge.decimal(10, 2) } },
    existing: [NUMERIC, numeric(6, 1), numeric(12, 2), { ...INTEGER, judge: judge.wholeNumber }],
  },
  {
    ...{ type: 'numeric(38,9)', values: mapped(decimals(29, 9)), shown: asText },
    ...{ created: { judge: judge.decimal(29, 9) }, existing: [NUMERIC, numeric(38, 9)] },
  },
  {
    ...{ type: 'numeric(30,18)', values: mapped(decimals(12, 18)), shown: asText },
    ...{ created: { judge: judge.decimal(12, 18) }, existing: [NUMERIC] },
  },
  {
    ...{ type: 'numeric(3,-2)', values: literals('12345', '-99900', '0'), shown: asText },
    ...{ created: { judge: judge.decimal(5, 0) }, existing: [NUMERIC, INTEGER] },
  },
  {
    ...{ type: 'numeric(2,5)', values: literals('0.00099', '-0.00001', '0'), shown: asText },
    ...{ created: { judge: judge.decimal(0, 5) }, existing: [NUMERIC, numeric(5, 4)] },
  },
  {
    ...{ type: 'numeric(60,10)', values: mapped(decimals(50, 10)), shown: asText },
    ...{ created: STRING, existing: [STRING, NUMERIC] },
  },
  {
    type: 'text',
    values: mapped(anyText),
    shown: asText,
    created: STRING,
    existing: [STRING, shortText(10)],
  },
  {
    ...{ type: 'varchar(5)', values: mapped(anyText).map((text) => `left(${text}, 5)`), shown: asText },
    ...{ created: STRING, existing: [STRING, shortText(5), shortText(3)] },
  },
  {
    // A cast to text would take the blanks off.
    ...{
      type: 'char(4)',
      values: literals('ab', 'abcd', '', '荷'),
      shown: output,
    },
    ...{ created: STRING, existing: [STRING, shortText(4)] },
  },
  written('name', 'pg_class', ''),
  written('"char"', 'x', ''),
  {
    type: 'bytea',
    values: fc.uint8Array({ maxLength: 8 }).map((bytes) => `'\\x${Buffer.from(bytes).toString('hex')}'`),
    shown: (column) => `encode(${column}, 'hex')`,
    ...{ created: { judge: judge.same } },
    existing: [
      { field: { type: 'BYTES' }, judge: judge.same },
      { field: { type: 'BYTES', maxLength: '5' }, judge: judge.bytesAtMost(5) },
      { ...STRING, judge: judge.hexText },
    ],
  },
  ...['json', 'jsonb'].map((type): SourceKind => ({
    type,
    // The stand-in reads a document that is a text as the text of a document, when it comes as NDJSON.
    values: fc.oneof(
      fc
        .json({ maxDepth: 2 })
        .filter((text) => !/\\u0000|\\ud/i.test(text) && !text.startsWith('"'))
        .map((text) => escapeLiteral(text)),
      literals('{"b": 1.5, "a": [null, 9007199254740991], "": "é\\n\\"📦"}', 'null', '[]', '["x"]', '1e5'),
    ),
    ...{ shown: asText, created: JSON_TARGET, existing: [JSON_TARGET, STRING] },
  })),
  {
    ...{ type: 'uuid', values: mapped(fc.uuid()), shown: asText, created: STRING },
    existing: [
      ...[STRING, shortText(36), shortText(35)],
      { field: { type: 'BYTES' }, judge: (text) => text.replaceAll('-', '') },
    ],
  },
  {
    type: 'date',
    values: literals(
      ...['0001-01-01', '9999-12-31', '1899-12-31', '1970-01-01', '2024-02-29', '9990-01-01'],
      ...['infinity', '-infinity', '10000-01-01', '0001-12-31 BC', '5874897-12-31'],
    ),
    shown: (column) =>
      `CASE WHEN isfinite(${column}) THEN (${column} - date '1970-01-01')::text ELSE ${column}::text END`,
    created: { judge: judge.day },
    existing: [
      { field: { type: 'DATE' }, judge: judge.day },
      { field: { type: 'DATETIME' }, judge: judge.midnight },
      { field: { type: 'TIMESTAMP' }, judge: judge.midnight },
    ],
  },
  {
    type: 'time',
    values: literals('00:00', '23:59:59.999999', '12:34:56.000001', '24:00:00'),
    shown: (column) => `(extract(epoch FROM ${column}) * 1000000)::int8::text`,
    ...{ created: { judge: judge.clock }, existing: [{ field: { type: 'TIME' }, judge: judge.clock }] },
  },
  {
    ...{ type: 'timestamp', values: instants(''), shown: microseconds, created: { judge: judge.instant } },
    existing: ['DATETIME', 'TIMESTAMP'].map((type) => ({ field: { type }, judge: judge.instant })),
  },
  {
    ...{ type: 'timestamptz', values: instants('+00') },
    shown: (column) => microseconds(`(${column} AT TIME ZONE 'UTC')`),
    created: { judge: judge.instant },
    existing: ['DATETIME', 'TIMESTAMP'].map((type) => ({ field: { type }, judge: judge.instant })),
  },
  written('timetz', '23:59:59.999999+05:45', '00:00-12'),
  {
    ...{
      type: 'interval',
      values: literals('1 year 2 mons -3 days 04:05:06.000007', '0', '-00:00:00.000001', '-5 mons'),
    },
    // The session writes ISO 8601.
    ...{ shown: asText, created: STRING, existing: [STRING] },
  },
  written('mood', 'sad', `it's "ok"`),
  {
    ...{ type: 'positive_price', values: literals('1.50', '99999999.99'), shown: asText },
    ...{ created: { judge: judge.decimal(8, 2) }, existing: [NUMERIC, numeric(9, 1)] },
  },
  written('inet', '1.2.3.4', '10.1.0.0/16', '::1'),
  written('cidr', '10.0.0.0/8'),
  written('macaddr', '08:00:2b:01:02:03'),
  written('money', '-1234.5'),
  written('bit(4)', '1010'),
  written('int4range', '[1,5)', 'empty'),
  written('point', '(1.5,-2)'),
  written('xml', '<a>é</a>'),
  written('tsvector', 'a:1 b:2A'),
];
