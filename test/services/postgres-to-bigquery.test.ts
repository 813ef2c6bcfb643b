import assert from 'node:assert/strict';
import type { Client } from 'pg';
import { BigQueryServices, BigQueryWorkspace } from './bigquery-workspace';
import { startPostgres, type PostgresServer } from './postgres-server';

describe('PostgreSQL into BigQuery', function () {
  this.timeout(120_000);
  let postgres: PostgresServer;
  let client: Client;
  let services: BigQueryServices;
  let place: BigQueryWorkspace;

  before(async () => {
    [postgres, services] = await Promise.all([startPostgres(), BigQueryServices.start()]);
    client = await postgres.connect();
  });
  after(async () => {
    await client.end();
    await Promise.all([postgres.stop(), services.stop()]);
  });
  beforeEach(async () => {
    place = await BigQueryWorkspace.create(services);
    await client.query('DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop');
  });
  afterEach(async () => {
    await place.remove();
  });

  const configure = async (
    job: Readonly<Record<string, unknown>>,
    password = '${env:SHOP_PASSWORD}',
  ): Promise<void> => {
    const { host, port, user } = postgres;
    await place.configure({
      connection: undefined,
      file_pattern: undefined,
      source_type: 'postgresql',
      connection_params: {
        host,
        port,
        database: 'postgres',
        user,
        password,
        sslmode: 'disable',
      },
      ...job,
    });
  };
  const run = async (...args: string[]) =>
    await place.workspace.beamlift(
      ['run', ...args],
      place.workspace.host({ SHOP_PASSWORD: postgres.password }),
    );

  for (const staging of ['avro', 'ndjson']) {
    it(`keeps every value of every type that BigQuery has (staged as ${staging})`, async () => {
      await client.query(`CREATE TABLE shop.everything (
          id bigint PRIMARY KEY, small smallint, flag boolean, amount numeric(12,2), tiny numeric(38,18), real_ real, double_ double precision,
          name text, raw bytea, doc jsonb, uid uuid, day date, at time, stamp timestamp, zoned timestamptz, tags text[], numbers int[]);
        INSERT INTO shop.everything VALUES
          (9223372036854775807, -32768, true, -1234567890.12, 0.000000000000000001, 0.1, 1e308, 'Ünïcode 📦'||chr(10)||'"', '\\x00ff', '{"b": 1.5, "a": [null]}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '0001-01-01', '23:59:59.999999', '9999-12-31 23:59:59.999999', '2024-02-29 12:00:00.000001+02', '{a,"b,c"}', '{}'),
          (-9223372036854775808, NULL, NULL, NULL, -12345678901234567890.123456789012345678, '-Infinity', 'NaN', '', '', 'null', NULL, '9999-12-31', '00:00', '0001-01-01 00:00', NULL, NULL, '{1,NULL}'),
          (0, 0, false, 0, 0, 0, 0, 'x', '\\x', '[]', NULL, '1970-01-01', '12:00', '1970-01-01', '1970-01-01Z', NULL, NULL)`);
      await configure({
        source_table_name: 'shop.everything',
        load_type: 'catalog',
        staging_format: staging,
      });
      const { code, err, reports } = await run();
      assert.equal(code, 0, err);
      assert.deepEqual(reports[0]?.losses, {
        tags: { null_array: 2 },
        numbers: { null_array: 1, null_in_array: 1 },
      });
      const served = await services.bigquery.query(`SELECT * FROM ${place.name} ORDER BY id DESC`);
      const [first, second, third] = served.map((row) => ({ ...row }));
      assert.deepEqual(first, {
        id: '9223372036854775807',
        small: '-32768',
        flag: 'true',
        amount: '-1234567890.12',
        tiny: '0.000000000000000001',
        real_: '0.10000000149011612',
        double_: '1e+308',
        name: 'Ünïcode 📦\n"',
        raw: 'AP8=',
        doc: '{"a":[null],"b":1.5}',
        uid: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
        day: '0001-01-01',
        at: '23:59:59.999999',
        stamp: '9999-12-31T23:59:59.999999',
        zoned: '1709200800000001',
        tags: [{ v: 'a' }, { v: 'b,c' }],
        numbers: [],
      });
      assert.deepEqual(second, {
        id: '0',
        small: '0',
        flag: 'false',
        amount: '0',
        tiny: '0',
        real_: '0.0',
        double_: '0.0',
        name: 'x',
        raw: '',
        doc: '[]',
        uid: null,
        day: '1970-01-01',
        at: '12:00:00',
        stamp: '1970-01-01T00:00:00',
        zoned: '0',
        tags: [],
        numbers: [],
      });
      assert.deepEqual(third, {
        id: '-9223372036854775808',
        small: null,
        flag: null,
        amount: null,
        tiny: '-12345678901234567890.123456789012345678',
        real_: '-Infinity',
        double_: 'NaN',
        name: '',
        raw: '',
        // NDJSON cannot tell a document that is null from no document; the plan says so.
        doc: staging === 'avro' ? 'null' : null,
        uid: null,
        day: '9999-12-31',
        at: '00:00:00',
        stamp: '0001-01-01T00:00:00',
        zoned: null,
        tags: [],
        numbers: [{ v: '1' }],
      });
    });
  }

  it('appends what is new since the last run, and only that', async () => {
    await client.query(`CREATE TABLE shop.orders (id int PRIMARY KEY, at timestamptz NOT NULL);
      INSERT INTO shop.orders SELECT i, timestamptz '2025-01-01Z' + i * interval '1 hour' FROM generate_series(1, 500) i`);
    await configure({
      source_table_name: 'shop.orders',
      load_type: 'transactional',
      timestamp_column: 'at',
      hold_back: 0,
      split: { rows_per_unit: 100 },
      table_options: { partition_by: 'at' },
    });
    const first = await run();
    assert.equal(first.code, 0, first.err);
    assert.equal(first.reports[0]?.rows_loaded, 500);
    await client.query(`INSERT INTO shop.orders VALUES (501, now())`);
    const second = await run();
    assert.equal(second.reports[0]?.rows_loaded, 1, second.err);
    assert.equal((await run()).reports[0]?.rows_loaded, 0);
    assert.deepEqual(
      (await place.rows('id'))?.map(Number),
      Array.from({ length: 501 }, (_, i) => i + 1),
    );
  });

  for (const written of ['as a reference', 'out']) {
    it(`puts no password that is written ${written} into the bucket, the jobs or the state`, async () => {
      await client.query('CREATE TABLE shop.t AS SELECT 1 AS id');
      await configure(
        { source_table_name: 'shop.t', load_type: 'catalog', verify: 'strict' },
        written === 'out' ? postgres.password : undefined,
      );
      let looked = 0;
      const look = async (): Promise<void> => {
        for (const name of await services.gcs.list(`${place.prefix}/`)) {
          const body = await services.gcs.read(name);
          assert.ok(body?.includes(postgres.password) === false, name);
          looked += 1;
        }
      };
      place.break({ on: 'job.insert publish', nth: 1, action: { meanwhile: look } });
      const result = await run();
      assert.equal(result.code, 0, result.err);
      assert.ok(looked >= 5, `${looked} objects`);
      const { body } = await services.bigquery.request('GET', 'jobs?projection=full');
      assert.ok(!JSON.stringify(body).includes(postgres.password));
      assert.ok(postgres.password.length >= 8);
    });
  }

  it('ends a run that may not commit, and loads all of it later', async () => {
    await client.query('CREATE TABLE shop.t AS SELECT i AS id FROM generate_series(1, 1000) i');
    await configure({ source_table_name: 'shop.t', load_type: 'catalog' });
    place.break({
      on: 'tableLease.read',
      nth: 1,
      times: 1_000,
      action: { refuse: { status: 403, reason: 'forbidden', message: 'no' } },
    });
    const failed = await run();
    place.break(undefined);
    assert.equal(failed.code, 1);
    assert.equal(failed.reports[0]?.error?.code, 'RIGHTS_MISSING', failed.err);
    const again = await run();
    assert.equal(again.code, 0, again.err);
    assert.equal((await place.rows('id'))?.length, 1000);
  });
});
