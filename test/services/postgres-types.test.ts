import assert from 'node:assert/strict';
import { INSTANT_INFINITY, INSTANT_MINUS_INFINITY, type Cell } from '../../core/cells';
import { formatType } from '../../core/format-type';
import { startPostgres, type PostgresServer } from './postgres-server';
import { never, query, readAll, table, withSource } from './postgres-source';

/**
 * Every type with its extreme values. `expected` is an independent query's text of what the cell `c` should be; `show` makes
 * the same text of the cell that was read.
 */
interface TypeCase {
  readonly type: string;
  readonly values: readonly string[];
  readonly becomes: string;
  readonly expected: string;
  readonly show: (cell: Cell) => string;
}

/** What the server itself writes: its output function, not a cast. */
const OUTPUT = "format('%s', c)";
const asText = (cell: Cell): string => String(cell);
/** Of a timestamp; extract(epoch) is inexact for years far away. */
const microseconds = (c: string): string => `CASE WHEN isfinite(c)
  THEN ((${c}::date - date '1970-01-01')::numeric * 86400000000 + (extract(epoch FROM ${c}::time) * 1000000)::int8)::text
  ELSE c::text END`;
const instant = (cell: Cell): string => {
  if (cell === INSTANT_INFINITY) return 'infinity';
  return cell === INSTANT_MINUS_INFINITY ? '-infinity' : String(cell);
};
const toJson = (cell: Cell): string =>
  JSON.stringify(cell, (_key, value: unknown) => (typeof value === 'bigint' ? Number(value) : value));
const asJson = (expression: string): string => `(${expression})::jsonb::text`;
const jsonOf = (cell: Cell): string => toJson(cell).replaceAll(',', ', ').replaceAll(':', ': ');

const server = (type: string, values: string[], becomes = 'string'): TypeCase => ({
  ...{ type, values, becomes, expected: OUTPUT, show: asText },
});

const CASES: readonly TypeCase[] = [
  { type: 'bool', values: ['true', 'false'], becomes: 'bool', expected: 'c::text', show: asText },
  { type: 'int2', values: ['-32768', '32767', '0'], becomes: 'int16', expected: 'c::text', show: asText },
  {
    type: 'int4',
    values: ['-2147483648', '2147483647'],
    becomes: 'int32',
    expected: 'c::text',
    show: asText,
  },
  {
    ...{ type: 'int8', values: ["'-9223372036854775808'", '9223372036854775807', '9007199254740993'] },
    ...{ becomes: 'int64', expected: 'c::text', show: asText },
  },
  { type: 'oid', values: ['0', '4294967295'], becomes: 'uint32', expected: 'c::text', show: asText },
  {
    type: 'float4',
    values: ["'NaN'", "'Infinity'", "'-Infinity'", '3.4028235e38', '1e-45', '0.1', "'-0'"],
    ...{ becomes: 'float32', expected: 'c::float8::text', show: (cell) => showFloat(cell) },
  },
  {
    type: 'float8',
    values: ["'NaN'", "'Infinity'", "'-Infinity'", '1.7976931348623157e308', '5e-324', '0.1', "'-0'"],
    ...{ becomes: 'float64', expected: 'c::text', show: (cell) => showFloat(cell) },
  },
  {
    type: 'numeric',
    values: [
      ...[
        "'NaN'",
        "'Infinity'",
        "'-Infinity'",
        '0',
        '0.000',
        '-0.00',
        '1e20',
        '-1.50',
        '10000',
        '0.0001',
        '123456789.000100',
      ],
      ...[
        "repeat('9', 131072)::numeric",
        "('0.' || repeat('7', 16383))::numeric",
        '1e-1000',
        '99999999990000000000',
      ],
    ],
    ...{ becomes: 'decimal', expected: 'c::text', show: asText },
  },
  {
    type: 'numeric(12,2)',
    values: ['-9999999999.99', '0.1', "'NaN'"],
    becomes: 'decimal(12,2)',
    expected: 'c::text',
    show: asText,
  },
  {
    type: 'numeric(3,-2)',
    values: ['12345', '-99900'],
    becomes: 'decimal(3,-2)',
    expected: 'c::text',
    show: asText,
  },
  {
    type: 'numeric(2,5)',
    values: ['0.00099', '-0.00001'],
    becomes: 'decimal(2,5)',
    expected: 'c::text',
    show: asText,
  },
  {
    type: 'text',
    values: ["''", "E'a\\n\\t\\\\b''c'", "'📦 naïve 荷物'", "repeat('x', 300000)"],
    becomes: 'string',
    expected: 'c',
    show: asText,
  },
  { type: 'varchar(5)', values: ["'héllo'", "''"], becomes: 'string(5)', expected: 'c', show: asText },
  { type: 'char(4)', values: ["'ab'", "'abcd'"], becomes: 'string(4)', expected: OUTPUT, show: asText },
  { type: 'name', values: ["'pg_class'"], becomes: 'string', expected: 'c::text', show: asText },
  server('"char"', ["'x'", "''"]),
  server('citext', ["'MiXed'"]),
  {
    ...{ type: 'bytea', values: ["''", "'\\x00ff'", "decode(repeat('ab', 70000), 'hex')"], becomes: 'bytes' },
    ...{ expected: "encode(c, 'hex')", show: (cell) => Buffer.from(cell as Uint8Array).toString('hex') },
  },
  {
    type: 'json',
    values: [`'{"b": 1.00, "a": [null, 12345678901234567890], "b": 2 }'`, `'null'`, `' "x"'`],
    becomes: 'json',
    expected: 'c::text',
    show: asText,
  },
  {
    type: 'jsonb',
    values: [`'{"b": 1.00, "a": [null, 12345678901234567890]}'`, `'null'`, `'"\\u00e9"'`, `'1e400'`],
    becomes: 'json',
    expected: 'c::text',
    show: asText,
  },
  {
    type: 'uuid',
    values: ["'00000000-0000-0000-0000-000000000000'", "'FFFFFFFF-1234-5678-9ABC-DEF012345678'"],
    becomes: 'uuid',
    expected: 'c::text',
    show: asText,
  },
  {
    ...{
      type: 'date',
      values: [
        "'4713-01-01 BC'",
        "'5874897-12-31'",
        "'infinity'",
        "'-infinity'",
        "'1970-01-01'",
        "'0001-01-01 BC'",
      ],
    },
    becomes: 'date',
    expected: "CASE WHEN isfinite(c) THEN (c - date '1970-01-01')::text ELSE c::text END",
    show: instant,
  },
  {
    ...{
      type: 'time',
      values: ["'00:00'", "'24:00:00'", "'23:59:59.999999'"],
      becomes: 'time',
      show: asText,
    },
    expected: '(extract(epoch FROM c) * 1000000)::int8::text',
  },
  {
    ...{
      type: 'timestamp',
      values: [
        "'4713-01-01 00:00:00 BC'",
        "'294276-12-31 23:59:59.999999'",
        "'infinity'",
        "'-infinity'",
        "'1969-12-31 23:59:59.999999'",
      ],
    },
    ...{ becomes: 'datetime', expected: microseconds('c'), show: instant },
  },
  {
    ...{
      type: 'timestamptz',
      values: [
        "'4713-01-01 00:00:00+00 BC'",
        "'294276-12-31 23:59:59.999999+00'",
        "'infinity'",
        "'-infinity'",
        "'2024-06-01 12:00:00.000001+05:45'",
      ],
    },
    ...{ becomes: 'timestamp', expected: microseconds("(c AT TIME ZONE 'UTC')"), show: instant },
  },
  server('timetz', ["'23:59:59.999999+05:45'", "'00:00-12'"]),
  {
    type: 'interval',
    values: ["'1 year 2 mons -3 days 04:05:06.000007'", "'-178000000 years'", "'0'", "'-00:00:00.000001'"],
    becomes: 'interval',
    expected: `concat_ws(' ', (extract(year FROM c) * 12 + extract(month FROM c))::int8, extract(day FROM c)::int8,
      (extract(hour FROM c) * 3600000000 + extract(minute FROM c) * 60000000 + extract(microseconds FROM c))::int8)`,
    show: (cell) => (cell as Cell[]).join(' '),
  },
  { type: 'mood', values: ["'sad'", "'it''s \"ok\"'"], becomes: 'enum', expected: 'c::text', show: asText },
  {
    type: 'positive_price',
    values: ['1.50', '99999999.99'],
    becomes: 'decimal(10,2)',
    expected: 'c::text',
    show: asText,
  },
  {
    type: 'int4[]',
    values: ["'{}'", "'{1,NULL,-3}'", "'{{1,2},{3,NULL}}'", "'[5:6]={7,8}'", "'{{{1},{2}}}'"],
    becomes: 'array<int32>',
    expected: asJson('array_to_json(c)'),
    show: jsonOf,
  },
  {
    type: 'text[]',
    values: [`'{"a b",NULL,"NULL",""}'`, `'{{"x"},{"y"}}'`],
    becomes: 'array<string>',
    expected: asJson('array_to_json(c)'),
    show: jsonOf,
  },
  {
    type: 'mood[]',
    values: ["'{sad}'"],
    becomes: 'array<enum>',
    expected: asJson('array_to_json(c)'),
    show: jsonOf,
  },
  {
    type: 'positive_price[]',
    values: ["'{1.50,NULL}'"],
    becomes: 'array<decimal(10,2)>',
    expected: 'c::text',
    show: (cell) => `{${(cell as Cell[]).map((item) => item ?? 'NULL').join(',')}}`,
  },
  {
    type: 'inet[]',
    values: ["'{1.2.3.4,10.0.0.0/8,NULL}'"],
    becomes: 'array<string>',
    expected: 'c::text',
    show: (cell) => `{${(cell as Cell[]).map((item) => item ?? 'NULL').join(',')}}`,
  },
  {
    type: 'box[]',
    values: ["'{(1,2),(3,4);(5,6),(7,8)}'"],
    becomes: 'array<string>',
    expected: "c[1]::text || ' ' || c[2]::text",
    show: (cell) => (cell as Cell[]).join(' '),
  },
  {
    type: 'pair',
    values: ["ROW(1, 'x', '{1,2}')", 'ROW(NULL, NULL, NULL)'],
    becomes: 'struct<a int32, b string, c array<int32>>',
    expected: asJson('json_build_array((c).a, (c).b, (c).c)'),
    show: jsonOf,
  },
  {
    type: 'pair[]',
    values: ["ARRAY[ROW(1, 'x', '{}')::pair, NULL]"],
    becomes: 'array<struct<a int32, b string, c array<int32>>>',
    expected: asJson('json_build_array(json_build_array((c[1]).a, (c[1]).b, (c[1]).c), NULL)'),
    show: jsonOf,
  },
  server('place', ["ROW('(1,2)', 'a \"b\"')"]),
  server('inet', ["'1.2.3.4'", "'10.1.0.0/16'", "'::1'", "'fe80::/10'"]),
  ...[
    server('cidr', ["'10.0.0.0/8'"]),
    server('macaddr', ["'08:00:2b:01:02:03'"]),
    server('money', ["'-1234.5'"]),
  ],
  ...[server('bit(4)', ["B'1010'"]), server('varbit', ["B''", "B'1'"]), server('xml', ["'<a>é</a>'"])],
  ...[server('int4range', ["'[1,5)'", "'empty'"]), server('tstzrange', ["'[2024-01-01 00:00+00,)'"])],
  ...[
    server('int4multirange', ["'{[1,2),[5,)}'"]),
    server('point', ["'(1.5,-2)'"]),
    server('polygon', ["'((0,0),(1,1))'"]),
  ],
  ...[
    server('tsvector', ["'a:1 b:2A'"]),
    server('tsquery', ["'a & b'"]),
    server('hstore', [`'"a b"=>"1", c=>NULL'`]),
  ],
  ...[
    server('pg_lsn', ["'16/B374D848'"]),
    server('regclass', ["'pg_class'"]),
    server('int2vector', ["'1 2 3'"]),
  ],
  ...[server('jsonpath', ["'$.a[*]'"]), server('cube', ["'(1,2)'"])],
  { type: 'xid8', values: ["'18446744073709551615'"], becomes: 'uint64', expected: 'c::text', show: asText },
];

function showFloat(cell: Cell): string {
  if (Object.is(cell, -0)) return '-0';
  return String(cell);
}

describe('postgres: types', () => {
  let postgres: PostgresServer;
  before(async () => {
    postgres = await startPostgres();
    await postgres.execute(`
      CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE EXTENSION cube;
      CREATE TYPE mood AS ENUM ('sad', 'it''s "ok"');
      CREATE DOMAIN price AS numeric(10,2); CREATE DOMAIN positive_price AS price CHECK (VALUE > 0);
      CREATE TYPE pair AS (a int, b text, c int[]);
      CREATE TYPE place AS (at point, name text);`);
    for (const [index, { type, values }] of CASES.entries()) {
      const rows = [...values, 'NULL'].map(
        (value, row) => `(${row}, ${/^-?[0-9.e-]+$/.test(value) ? `'${value}'` : value}::${type})`,
      );
      await postgres.execute(
        `CREATE TABLE t${index} (n int, c ${type}); INSERT INTO t${index} VALUES ${rows.join(', ')}`,
      );
    }
  });
  after(() => postgres.stop());

  for (const [index, { type, becomes, expected, show }] of CASES.entries()) {
    it(`reads ${type} as ${becomes}, every value as the server has it`, async () => {
      const client = await postgres.connect();
      const wanted = await client
        .query<{ text: string | null }>({
          text: `SELECT CASE WHEN c IS NOT DISTINCT FROM NULL THEN NULL ELSE ${expected} END AS text FROM t${index} ORDER BY n`,
          types: { getTypeParser: () => (text: string) => text },
        })
        .finally(() => client.end());
      for (const object of [table(`t${index}`), query(`SELECT * FROM t${index}`)]) {
        await withSource(postgres, { object }, async (source) => {
          const schema = await source.schema(never);
          const column = schema.columns.find(({ name }) => name === 'c');
          assert.equal(column === undefined ? '' : formatType(column.type), becomes);
          const { rows, rejects } = await readAll(source);
          assert.deepEqual(rejects, []);
          assert.deepEqual(
            rows.map(([, cell]) => (cell === null ? null : normal(show(cell ?? '')))),
            wanted.rows.map(({ text }) => (text === null ? null : normal(text))),
          );
        });
      }
    });
  }

  /** Floats compare as numbers: the server and JavaScript write exponents differently. */
  function normal(text: string): string {
    return /^-?\d+(\.\d+)?e[+-]?\d+$/i.test(text) ? String(Number(text)) : text;
  }

  it('reads a hundred thousand random numerics and floats exactly', async () => {
    await postgres.execute(`
      SELECT setseed(0.42);
      CREATE TABLE random_values AS SELECT n,
        (CASE WHEN random() < 0.5 THEN -1 ELSE 1 END * (random() * 10::numeric ^ (random() * 40)::int)::numeric
          + (random() * 1e15)::numeric / 10::numeric ^ (random() * 30)::int) AS d,
        (random() - 0.5) * 10 ^ (random() * 600 - 300)::int AS f
      FROM generate_series(1, 100000) n`);
    const client = await postgres.connect();
    const wanted = await client
      .query<{ d: string; f: string }>({
        text: 'SELECT d::text, f::text FROM random_values ORDER BY n',
        types: { getTypeParser: () => (text: string) => text },
      })
      .finally(() => client.end());
    const { rows } = await withSource(postgres, { object: table('random_values') }, (source) =>
      readAll(source),
    );
    assert.equal(rows.length, 100_000);
    for (const [n, d, f] of rows) {
      const text = wanted.rows[Number(n) - 1];
      if (d !== text?.d || f !== Number(text?.f))
        assert.fail(`${String(n)}: ${String(d)}, ${String(f)} for ${JSON.stringify(text)}`);
    }
  });

  it('describes tables: keys, nullability, generated columns, comments', async () => {
    await postgres.execute(`
      CREATE TABLE described (b text, a int GENERATED ALWAYS AS IDENTITY, twice int GENERATED ALWAYS AS (x * 2) STORED,
        x int NOT NULL, gone int, PRIMARY KEY (x, a));
      ALTER TABLE described DROP COLUMN gone; COMMENT ON COLUMN described.b IS 'a "note"';
      INSERT INTO described (b, x) VALUES ('one', 21)`);
    await withSource(postgres, { object: table('described') }, async (source) => {
      assert.deepEqual(await source.schema(never), {
        columns: [
          { name: 'b', type: { kind: 'string' }, nullable: true, nativeType: 'text', comment: 'a "note"' },
          { name: 'a', type: { kind: 'int', bits: 32 }, nullable: false, nativeType: 'integer' },
          {
            name: 'twice',
            type: { kind: 'int', bits: 32 },
            nullable: true,
            nativeType: 'integer',
            generated: true,
          },
          { name: 'x', type: { kind: 'int', bits: 32 }, nullable: false, nativeType: 'integer' },
        ],
        primaryKey: ['x', 'a'],
      });
      assert.deepEqual((await readAll(source)).rows, [['one', 1n, 42n, 21n]]);
      assert.deepEqual((await readAll(source, { columns: ['x', 'b', 'x'] })).rows, [[21n, 'one', 21n]]);
      assert.deepEqual((await readAll(source, { columns: [] })).rows, [[]]);
    });
  });

  it('does not let texts through that are not valid in a database without an encoding', async () => {
    const admin = await postgres.connect();
    await admin.query(
      "CREATE DATABASE bytes TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'",
    );
    await admin.end();
    await postgres.execute(
      "CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t VALUES (1, 'ok'), (2, E'\\xff'), (3, E'\\xc3\\xa9')",
      'bytes',
    );
    await withSource(postgres, { object: table('t'), connection: { database: 'bytes' } }, async (source) => {
      const { rows, rejects } = await readAll(source);
      assert.deepEqual(rows, [
        [1n, 'ok'],
        [3n, 'é'],
      ]);
      assert.equal(rejects.length, 1);
      assert.deepEqual([rejects[0]?.row, rejects[0]?.column], ['id=2', 'a']);
      assert.match(rejects[0]?.reason ?? '', /UTF-8/);
    });
  });
});
