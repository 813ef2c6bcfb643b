import assert from 'node:assert/strict';
import type { Row } from '../../core/cells';
import type { Extractor } from '../../core/extractor';
import { fitsType } from '../contract/cell-shapes';
import { hasCode } from '../has-code';
import { openBigquery, readEverything, sortedRows, type SourceQuestion } from './bigquery-opened';
import { startBigQueryServer, type BigQueryServer } from './bigquery-server';

const { signal } = new AbortController();

/** Each type with its limits; what the stand-in cannot hold (BIGNUMERIC beyond 38 digits) is in the unit tests. */
const VALUES: readonly (readonly [name: string, type: string, values: readonly string[]])[] = [
  ['id', 'INT64', ['-9223372036854775807', '9223372036854775807', '0']],
  ['f', 'FLOAT64', ["CAST('nan' AS FLOAT64)", '1.7976931348623157e308', '-5e-324']],
  ['inf', 'FLOAT64', ["CAST('inf' AS FLOAT64)", "CAST('-inf' AS FLOAT64)", '0.1']],
  ['b', 'BOOL', ['TRUE', 'FALSE', 'NULL']],
  ['s', 'STRING', ["''", "'é€😀\\n'", "'NULL'"]],
  ['raw', 'BYTES', ["b''", "b'\\x00\\xff'", 'NULL']],
  [
    'n',
    'NUMERIC',
    ["NUMERIC '-99999999999999999999999999999.999999999'", "NUMERIC '0.000000001'", "NUMERIC '10'"],
  ],
  ['n2', 'NUMERIC(10, 2)', ["NUMERIC '1.50'", "NUMERIC '-0.01'", 'NULL']],
  [
    'big',
    'BIGNUMERIC',
    ["BIGNUMERIC '-12345678901234567890.000000000000000001'", "BIGNUMERIC '1.5'", "BIGNUMERIC '100'"],
  ],
  ['d', 'DATE', ["DATE '0001-01-01'", "DATE '9999-12-31'", "DATE '1969-12-31'"]],
  ['t', 'TIME', ["TIME '00:00:00'", "TIME '23:59:59.999999'", 'NULL']],
  ['dt', 'DATETIME', ["DATETIME '0001-01-01 00:00:00'", "DATETIME '9999-12-31 23:59:59.999999'", 'NULL']],
  [
    'ts',
    'TIMESTAMP',
    [
      "TIMESTAMP '0001-01-01 00:00:00+00'",
      "TIMESTAMP '9999-12-31 23:59:59.999999+00'",
      "TIMESTAMP '1969-12-31 23:59:59.999999+00'",
    ],
  ],
  ['j', 'JSON', ['JSON \'{"a": [1, null, "x"]}\'', 'JSON \'"text"\'', 'NULL']],
  ['iv', 'INTERVAL', ["INTERVAL '1-2 3 4:5:6.5' YEAR TO SECOND", 'INTERVAL 7 DAY', 'NULL']],
  ['g', 'GEOGRAPHY', ['ST_GEOGPOINT(1, 2)', 'ST_GEOGPOINT(-1.5, 0)', 'NULL']],
  ['tags', 'ARRAY<STRING>', ["['x', '']", '[]', 'NULL']],
  ['days', 'ARRAY<DATE>', ["[DATE '2024-02-29']", '[]', "[DATE '0001-01-01', DATE '9999-12-31']"]],
  [
    'st',
    'STRUCT<a INT64, n NUMERIC, xs ARRAY<BIGNUMERIC>>',
    ["STRUCT(1, NUMERIC '2.50', [BIGNUMERIC '1.10'])", 'STRUCT(NULL, NULL, [])', 'NULL'],
  ],
  [
    'deep',
    'ARRAY<STRUCT<k STRING, at TIMESTAMP, inner_ STRUCT<v TIME>>>',
    [
      "[STRUCT('k', TIMESTAMP '2024-01-01 00:00:00+00', STRUCT(TIME '01:02:03'))]",
      '[]',
      "[STRUCT('', NULL, STRUCT(NULL)), STRUCT(NULL, NULL, NULL)]",
    ],
  ],
];

describe('BigQuery as a source: types and objects', () => {
  let server: BigQueryServer;
  let opened: Extractor[] = [];

  before(async function () {
    this.timeout(60_000);
    server = await startBigQueryServer({ storage: 'http://127.0.0.1:1' });
    await server.createDataset('elsewhere');
    await server.query(
      `CREATE TABLE everything (${VALUES.map(([name, type]) => `${name} ${type}`).join(', ')})`,
    );
    for (const row of [0, 1, 2]) {
      await server.query(
        `INSERT INTO everything VALUES (${VALUES.map(([, , values]) => values[row] ?? 'NULL').join(', ')})`,
      );
    }
    await server.query('CREATE TABLE elsewhere.numbers AS SELECT n FROM UNNEST(GENERATE_ARRAY(1, 20)) AS n');
  });
  afterEach(async () => {
    await Promise.all(opened.map(async (extractor) => await extractor.close()));
    opened = [];
  });
  after(() => server.stop());

  const open = async (question: SourceQuestion): Promise<Extractor> => {
    const extractor = await openBigquery(server, question);
    opened.push(extractor);
    return extractor;
  };
  const everything = { kind: 'table', name: 'everything' } as const;

  it('gives the same cells by the Storage Read API, by REST and from a query', async () => {
    const rows = new Map<string, readonly Row[]>();
    for (const method of ['storage', 'rest'] as const) {
      for (const object of [everything, { kind: 'query', sql: 'SELECT * FROM everything' } as const]) {
        const extractor = await open({ object, connection: { read_method: method } });
        const read = await readEverything(extractor, signal);
        const { columns } = await extractor.schema(signal);
        for (const row of read.rows) {
          for (const [index, cell] of row.entries()) {
            const column = columns[index];
            assert.ok(column !== undefined && fitsType(column.type, cell), `${column?.name} ${String(cell)}`);
          }
        }
        rows.set(`${method} ${object.kind}`, read.rows);
      }
    }
    const [first, ...others] = [...rows.values()].map(sortedRows);
    assert.equal(first?.length, 3);
    for (const other of others) assert.deepEqual(other, first);
    const [row] = rows.get('rest table') ?? [];
    const cell = (name: string): unknown => row?.[VALUES.findIndex(([column]) => column === name)];
    assert.equal(cell('n'), '-99999999999999999999999999999.999999999');
    assert.equal(cell('big'), '-12345678901234567890.000000000000000001');
    assert.equal(cell('n2'), '1.5');
    assert.equal(cell('ts'), -62_135_596_800_000_000n);
    assert.deepEqual(cell('iv'), [14n, 3n, 14_706_500_000n]);
    assert.deepEqual(cell('st'), [1n, '2.5', ['1.1']]);
    assert.deepEqual(cell('deep'), [['k', 1_704_067_200_000_000n, [3_723_000_000n]]]);
  });

  it('describes a query without running it, and refuses what is no single SELECT', async () => {
    const query = async (sql: string, filter?: string) =>
      await (
        await open({ object: { kind: 'query', sql }, ...(filter === undefined ? {} : { filter }) })
      ).schema(signal);
    assert.deepEqual(
      (await query('SELECT 1 AS a, CAST(NULL AS NUMERIC) AS b; ')).columns.map(({ name, type }) => [
        name,
        type.kind,
      ]),
      [
        ['a', 'int'],
        ['b', 'decimal'],
      ],
    );
    await assert.rejects(query('SELECT nothing FROM everything'), hasCode('QUERY_REFUSED', /nothing/));
    await assert.rejects(query('DROP TABLE elsewhere.numbers'), hasCode('QUERY_REFUSED'));
    await assert.rejects(query('SELECT 1 AS a', 'a) OR (a'), hasCode('QUERY_REFUSED', /filter/));
    await assert.rejects(query('SELECT 1 AS a', 'b = 1'), hasCode('QUERY_REFUSED', /filter/));
    await query('SELECT n FROM elsewhere.numbers');
  });

  it('tells which table is not there', async () => {
    const extractor = await open({ object: { kind: 'table', name: 'nothing' } });
    await assert.rejects(
      extractor.schema(signal),
      hasCode('SOURCE_NOT_FOUND', /test-project\.warehouse\.nothing/),
    );
  });

  it('bounds what a query may cost', async () => {
    const jobs = async (): Promise<unknown[]> =>
      ((await server.request('GET', 'jobs?projection=full')).body['jobs'] ?? []) as unknown[];
    const extractor = await open({
      object: { kind: 'query', sql: 'SELECT n FROM elsewhere.numbers' },
      connection: { maximum_bytes_billed: 12_345 },
    });
    await readEverything(extractor, signal);
    assert.ok(JSON.stringify(await jobs()).includes('"maximumBytesBilled":"12345"'));
  });

  it('finds the upper end of a window, and rows without a value', async () => {
    await server.query('CREATE TABLE marks (id INT64, at TIMESTAMP, day DATE, local DATETIME)');
    await server.query(
      "INSERT INTO marks VALUES (7, TIMESTAMP '2024-01-01 00:00:00+00', DATE '2024-01-31', DATETIME '2999-01-01 00:00:00'), (NULL, NULL, NULL, NULL)",
    );
    const extractor = await open({ object: { kind: 'table', name: 'marks' } });
    const bound = async (column: string) => await extractor.upperBound(column, 3600, signal);
    assert.deepEqual((await bound('id')).bound, { value: '7', inclusive: true });
    assert.deepEqual((await bound('at')).bound, { value: '2024-01-01T00:00:00.000001Z', inclusive: false });
    assert.deepEqual((await bound('day')).bound, { value: '2024-02-01', inclusive: false });
    const future = await bound('local');
    assert.equal(future.nullRows, 1);
    assert.equal(future.commitSafe, false);
    const behind = Date.now() - Date.parse(`${future.bound?.value ?? ''}Z`);
    assert.ok(behind >= 3_590_000 && behind < 3_700_000, `an hour before now, not ${behind} ms`);
    assert.equal(future.bound?.inclusive, false);
    await server.query('CREATE TABLE no_marks (id INT64)');
    const empty = await open({ object: { kind: 'table', name: 'no_marks' } });
    assert.equal((await empty.upperBound('id', 0, signal)).bound, null);
    assert.deepEqual((await readEverything(empty, signal)).rows, []);
  });

  it('reads another project than the one that pays', async () => {
    const extractor = await open({
      object: { kind: 'table', name: 'test-project.elsewhere.numbers' },
      connection: { project: 'public-data', billing_project: server.project },
    });
    const { rows } = await readEverything(extractor, signal, {
      column: 'n',
      lower: { value: '5', inclusive: true },
      upper: { value: '8', inclusive: false },
    });
    assert.deepEqual(sortedRows(rows), ['["5n"]', '["6n"]', '["7n"]']);
    const estimate = await extractor.estimate(
      { column: 'n', lower: { value: '5', inclusive: true }, upper: null },
      signal,
    );
    assert.equal(estimate.rows, 16);
  });
});
