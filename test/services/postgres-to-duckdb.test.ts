import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Client } from 'pg';
import { Workspace } from '../pipelines/workspace';
import { startPostgres, type PostgresServer } from './postgres-server';

describe('PostgreSQL into a warehouse', function () {
  this.timeout(120_000);
  let server: PostgresServer;
  let client: Client;
  let workspace: Workspace;

  before(async () => {
    server = await startPostgres();
    client = await server.connect();
  });
  after(async () => {
    await client.end();
    await server.stop();
  });
  beforeEach(async () => {
    workspace = await Workspace.create();
    await client.query('DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop');
  });
  afterEach(async () => {
    await workspace.remove();
  });

  const configuration = (jobs: string): string => `connections:
  shop: { source_type: postgresql, host: 127.0.0.1, port: ${server.port}, database: postgres, user: postgres, password: '\${env:SHOP_PASSWORD}', sslmode: disable }
destinations:
  warehouse: { type: duckdb, path: warehouse.duckdb }
defaults: { connection: shop, destination: warehouse, load_type: catalog }
jobs:
${jobs}
`;
  const run = async (...args: string[]) =>
    await workspace.beamlift(['run', ...args], workspace.host({ SHOP_PASSWORD: server.password }));

  it('loads every value as the server prints it', async () => {
    await client.query(`CREATE TYPE shop.mood AS ENUM ('sad', 'ok');
      CREATE DOMAIN shop.price AS numeric(12,2);
      CREATE TABLE shop.everything (
        id bigint PRIMARY KEY, small smallint, flag boolean, amount shop.price, free numeric, real_ real, double_ double precision,
        name text, code char(4), raw bytea, doc jsonb, plain json, uid uuid, day date, at time, stamp timestamp, zoned timestamptz,
        span interval, mood shop.mood, tags text[], numbers int[], net inet, "weird ""name""; --" text, total numeric GENERATED ALWAYS AS (amount * 2) STORED);
      INSERT INTO shop.everything VALUES
        (9223372036854775807, -32768, true, -1234567890.12, 12345678901234567890.123456789, 0.1, 1e308, 'Ünïcode 📦'||chr(10)||'"', 'ab', '\\x00ff', '{"b": 1.50, "a": [null]}', '{"x" : 1 }', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '0044-03-15 BC', '23:59:59.999999', '9999-12-31 23:59:59.999999', '2024-02-29 12:00:00.000001+02', '1 year 2 mons -3 days 04:05:06.7', 'ok', '{a,NULL,"b,c"}', '{}', '10.0.0.1/8', 'x'),
        (-9223372036854775808, NULL, NULL, NULL, 0.000000001, '-Infinity', 'NaN', '', '', '', 'null', '[]', NULL, 'infinity', '00:00', '-infinity', 'infinity', '0', NULL, NULL, '{1,NULL}', NULL, NULL);`);
    await workspace.write(
      'beamlift.yaml',
      configuration('  everything: { source_table_name: shop.everything }'),
    );
    const { code, err, reports } = await run();
    assert.equal(code, 0, err);
    assert.equal(reports[0]?.rows_loaded, 2);
    assert.deepEqual(reports[0].losses, {});

    const texts = [
      ['id::text', 'id::VARCHAR'],
      ['small::text', 'small::VARCHAR'],
      ['flag::text', 'flag::VARCHAR'],
      ['amount::text', 'amount::VARCHAR'],
      ['round(free, 9)::text', 'free::VARCHAR'],
      [`encode(float4send(real_), 'hex')`, `lower(hex(real_::BIT::BLOB))`],
      [`encode(float8send(double_), 'hex')`, `lower(hex(double_::BIT::BLOB))`],
      ['name', 'name'],
      ['code', 'code'],
      [`encode(raw, 'hex')`, 'lower(hex(raw))'],
      ['doc::text', 'doc::VARCHAR'],
      ['plain::text', 'plain::VARCHAR'],
      ['uid::text', 'uid::VARCHAR'],
      [
        `CASE WHEN isfinite(day) THEN (day - '1970-01-01'::date)::text ELSE day::text END`,
        `CASE WHEN isfinite(day) THEN (day - '1970-01-01'::DATE)::VARCHAR ELSE day::VARCHAR END`,
      ],
      [`to_char("at", 'HH24:MI:SS.US')`, `strftime('2000-01-01'::DATE + "at", '%H:%M:%S.%f')`],
      [
        `CASE WHEN isfinite(stamp) THEN to_char(stamp, 'YYYY-MM-DD HH24:MI:SS.US') ELSE stamp::text END`,
        `CASE WHEN isfinite(stamp) THEN strftime(stamp, '%Y-%m-%d %H:%M:%S.%f') ELSE stamp::VARCHAR END`,
      ],
      [
        `CASE WHEN isfinite(zoned) THEN to_char(zoned AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') ELSE zoned::text END`,
        `CASE WHEN isfinite(zoned) THEN strftime(zoned AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M:%S.%f') ELSE zoned::VARCHAR END`,
      ],
      [
        `(extract(year from span) * 12 + extract(month from span))::int || ' ' || extract(day from span)::int || ' ' || (extract(epoch from make_interval(hours => extract(hour from span)::int, mins => extract(minute from span)::int)) + extract(second from span))::float8`,
        `(datepart('year', span) * 12 + datepart('month', span))::VARCHAR || ' ' || datepart('day', span)::VARCHAR || ' ' || regexp_replace(((datepart('hour', span) * 3600 + datepart('minute', span) * 60) + datepart('microsecond', span) / 1e6)::VARCHAR, '\\.0$', '')`,
      ],
      ['mood::text', 'mood'],
      ['array_to_json(tags)::text', 'to_json(tags)::VARCHAR'],
      ['array_to_json(numbers)::text', 'to_json(numbers)::VARCHAR'],
      ['net::text', 'net'],
      ['"weird ""name""; --"', '"weird ""name""; --"'],
      ['total::text', 'total::VARCHAR'],
    ] as const;
    for (const [postgres, duckdb] of texts) {
      const { rows } = await client.query<{ v: string | null }>(
        `SELECT ${postgres} AS v FROM shop.everything ORDER BY id`,
      );
      const loaded = await workspace.query(`SELECT ${duckdb} FROM everything ORDER BY id`);
      const expected = rows.map(({ v }) => [v]);
      if (postgres === 'total::text') {
        assert.equal(Number(loaded?.[1]?.[0]), Number(expected[1]?.[0]));
        continue;
      }
      assert.deepEqual(loaded, expected, postgres);
    }
  });

  it('keeps arrays of any depth: in lists of lists, or as JSON where they differ', async () => {
    await client.query(`CREATE DOMAIN shop.grid AS numeric(5,2)[][];
      CREATE TABLE shop.grids (id int PRIMARY KEY, flat int[], deep int[], declared text[][], empty date[][], mixed float8[], boxed shop.grid);
      INSERT INTO shop.grids VALUES
        (1, '{1,NULL}', '{{1,2},{3,NULL}}', '{{"a,b",NULL}}', NULL, '{1.5,NaN}', '{{1.10},{2.00}}'),
        (2, '{}', '{}', NULL, '{}', '{{{-0.5,NULL}}}', '{}'),
        (3, NULL, '{{4}}', '{{x},{y}}', NULL, '{}', NULL)`);
    await workspace.write('beamlift.yaml', configuration('  grids: { source_table_name: shop.grids }'));
    const { code, err, reports } = await run();
    assert.equal(code, 0, err);
    assert.deepEqual(reports[0]?.losses, { mixed: { nan: 1 } });
    const types = 'typeof(flat), typeof(deep), typeof(declared), typeof(empty), typeof(mixed), typeof(boxed)';
    assert.deepEqual(await workspace.query(`SELECT ${types} FROM grids LIMIT 1`), [
      ['INTEGER[]', 'INTEGER[][]', 'VARCHAR[][]', 'DATE[][]', 'JSON', 'DECIMAL(5,2)[][]'],
    ]);
    const values = ['flat', 'deep', 'declared', 'empty', 'mixed', 'boxed'].map((name) => `${name}::VARCHAR`);
    assert.deepEqual(await workspace.query(`SELECT ${values.join(', ')} FROM grids ORDER BY id`), [
      ['[1, NULL]', '[[1, 2], [3, NULL]]', "[['a,b', NULL]]", null, '[1.5,null]', '[[1.10], [2.00]]'],
      ['[]', '[]', null, '[]', '[[[-0.5,null]]]', '[]'],
      [null, '[[4]]', '[[x], [y]]', null, '[]', null],
    ]);

    await client.query(`INSERT INTO shop.grids (id, flat) VALUES (4, '{{1,2}}')`);
    const refused = await run();
    const error = refused.reports[0]?.error;
    assert.equal(error?.code, 'REJECTS_EXCEEDED');
    assert.deepEqual([error.where.row, error.where.column], ['id=4', 'flat']);
    assert.match(
      error.why ?? '',
      /an array in an array, and the column holds array<int32>; a json or string/,
    );
  });

  it('appends what is new, and waits for transactions that are still open', async () => {
    await client.query(`CREATE TABLE shop.orders (id int PRIMARY KEY, created_at timestamptz NOT NULL DEFAULT now());
      INSERT INTO shop.orders SELECT i, now() - interval '1 hour' FROM generate_series(1, 1000) i`);
    await workspace.write(
      'beamlift.yaml',
      configuration(
        '  orders: { source_table_name: shop.orders, load_type: transactional, timestamp_column: created_at, hold_back: 0 }',
      ),
    );
    const ids = async (): Promise<string | null | undefined> =>
      (await workspace.query('SELECT count(*)::VARCHAR FROM orders'))?.[0]?.[0];
    const first = await run();
    assert.equal(first.code, 0, first.err);
    assert.equal(await ids(), '1000');

    const slow = await server.connect();
    await slow.query('BEGIN');
    await slow.query('INSERT INTO shop.orders (id) VALUES (1001)');
    await client.query('INSERT INTO shop.orders (id) VALUES (1002)');
    const during = await run();
    assert.equal(during.code, 0, during.err);
    assert.equal(await ids(), '1000', 'the upper end is where the open transaction began');
    await slow.query('COMMIT');
    await slow.end();
    const after = await run();
    assert.equal(after.reports[0]?.rows_loaded, 2, after.err);
    assert.equal((await run()).reports[0]?.rows_loaded, 0);
    assert.equal(await ids(), '1002');
  });

  it('cuts a table into units that hold every row once', async () => {
    await client.query(`CREATE TABLE shop.many (id bigint PRIMARY KEY, v text);
      INSERT INTO shop.many SELECT i * i, md5(i::text) FROM generate_series(-20000, 20000) i ON CONFLICT DO NOTHING; ANALYZE shop.many`);
    await workspace.write(
      'beamlift.yaml',
      configuration('  many: { source_table_name: shop.many, split: { rows_per_unit: 1000 } }'),
    );
    const { code, err, reports } = await run('--concurrency', '4');
    assert.equal(code, 0, err);
    assert.ok((reports[0]?.work_units ?? 0) > 10, String(reports[0]?.work_units));
    const { rows } = await client.query<{ n: string; s: string }>(
      'SELECT count(*)::text AS n, sum(id)::text AS s FROM shop.many',
    );
    assert.deepEqual(await workspace.query('SELECT count(*)::VARCHAR, sum(id)::VARCHAR FROM many'), [
      [rows[0]?.n, rows[0]?.s],
    ]);
  });

  it('loads all tables of a pattern, a view and a query', async () => {
    await client.query(`CREATE TABLE shop.a (x int); INSERT INTO shop.a VALUES (1); CREATE TABLE shop."B c" (x int); INSERT INTO shop."B c" VALUES (2);
      CREATE VIEW shop.v AS SELECT x + 10 AS y FROM shop.a`);
    await workspace.write(
      'beamlift.yaml',
      configuration(`  all: { source_tables: ["shop.*"], dest_table_name: "copy_{table}" }
  asked: { query: "SELECT x * 100 AS z FROM shop.a", dest_table_name: asked }`),
    );
    const { code, err, reports } = await run();
    assert.equal(code, 0, err);
    assert.deepEqual(reports.map((report) => report.job).sort(), ['all.B c', 'all.a', 'all.v', 'asked']);
    assert.deepEqual(
      await workspace.query(
        'SELECT (SELECT x FROM copy_a), (SELECT x FROM "copy_B c"), (SELECT y FROM copy_v), (SELECT z FROM asked)',
      ),
      [['1', '2', '11', '100']],
    );
  });

  it('one snapshot: rows that are written while it reads are not in it', async () => {
    await client.query(
      `CREATE TABLE shop.pairs (id int PRIMARY KEY, v int); INSERT INTO shop.pairs SELECT i, 0 FROM generate_series(1, 50000) i; ANALYZE shop.pairs`,
    );
    await workspace.write(
      'beamlift.yaml',
      configuration('  pairs: { source_table_name: shop.pairs, split: { rows_per_unit: 500 } }'),
    );
    const loaded = new AbortController();
    const writer = (async () => {
      const other = await server.connect();
      while (!loaded.signal.aborted) await other.query('UPDATE shop.pairs SET v = v + 1');
      await other.end();
    })();
    const { code, err } = await run('--concurrency', '3');
    loaded.abort();
    await writer;
    assert.equal(code, 0, err);
    assert.deepEqual(
      await workspace.query('SELECT count(*)::VARCHAR, (max(v) - min(v))::VARCHAR FROM pairs'),
      [['50000', '0']],
    );
  });

  describe('what goes wrong', () => {
    const failure = async (jobs: string, host = workspace.host({ SHOP_PASSWORD: server.password })) => {
      await workspace.write('beamlift.yaml', configuration(jobs));
      const result = await workspace.beamlift(['run'], host);
      return { ...result, error: result.reports[0]?.error };
    };

    it('a wrong password: says so, and never shows it', async () => {
      const canary = 'canary-5f3b-password';
      const { code, error, out, err } = await failure(
        '  t: { source_table_name: shop.t }',
        workspace.host({ SHOP_PASSWORD: canary }),
      );
      assert.deepEqual([code, error?.code], [1, 'LOGIN_FAILED'], err);
      assert.ok(!`${out}${err}`.includes(canary));
    });

    it('a missing table names the nearest one', async () => {
      await client.query('CREATE TABLE shop.orders (x int)');
      const { code, error } = await failure('  t: { source_table_name: shop.order }');
      assert.deepEqual([code, error?.code], [1, 'SOURCE_NOT_FOUND']);
      assert.match([error?.what, error?.why, error?.hint].join(' '), /shop\.orders/);
    });

    it('SQL in an identifier is a name', async () => {
      const evil = 'x"; DROP SCHEMA shop CASCADE; --';
      await client.query(
        `CREATE TABLE shop."${evil.replaceAll('"', '""')}" (x int); INSERT INTO shop."${evil.replaceAll('"', '""')}" VALUES (1)`,
      );
      const name = `shop."${evil.replaceAll('"', '""')}"`;
      const { code, err } = await failure(
        `  t: { source_table_name: '${name}', dest_table_name: '${evil}' }`,
      );
      assert.equal(code, 0, err);
      assert.deepEqual(await workspace.query(`SELECT x FROM "${evil.replaceAll('"', '""')}"`), [['1']]);
    });

    it('a query that writes is refused', async () => {
      await client.query('CREATE TABLE shop.t (x int)');
      const { error } = await failure(
        `  t: { query: "WITH d AS (DELETE FROM shop.t RETURNING x) SELECT x FROM d", dest_table_name: t }`,
      );
      assert.equal(error?.code, 'QUERY_REFUSED');
    });

    it('a row that does not fit an existing table names its key, column and value', async () => {
      await client.query(
        `CREATE TABLE shop.t (id int PRIMARY KEY, v text); INSERT INTO shop.t VALUES (1, '7'), (42, 'seven')`,
      );
      await workspace.write('setup.yaml', '');
      await workspace.beamlift(['--version']);
      await client.query(`CREATE TABLE shop.typed (id int, v int)`);
      await workspace.write(
        'beamlift.yaml',
        configuration('  t: { source_table_name: shop.typed, dest_table_name: t, allow_empty: true }'),
      );
      await run();
      const { error } = await failure('  t: { source_table_name: shop.t, dest_table_name: t }');
      assert.equal(error?.code === 'STATE_CONFLICT' || error?.code === 'REJECTS_EXCEEDED', true, error?.code);
      const adopted = await run('--fresh-state');
      const refused = adopted.reports[0]?.error;
      assert.equal(refused?.code, 'REJECTS_EXCEEDED', adopted.err);
      assert.deepEqual(
        [refused.where.row, refused.where.column, refused.where.value],
        ['id=42', 'v', 'seven'],
      );
    });

    it('no file that a run leaves holds the password', async () => {
      await client.query('CREATE TABLE shop.t (x int); INSERT INTO shop.t VALUES (1)');
      const { code, err } = await failure('  t: { source_table_name: shop.t }');
      assert.equal(code, 0, err);
      const files = await readdir(workspace.folder, { recursive: true, withFileTypes: true });
      for (const file of files.filter((entry) => entry.isFile())) {
        const content = await readFile(path.join(file.parentPath, file.name));
        assert.ok(!content.includes(server.password), file.name);
      }
    });
  });
});
