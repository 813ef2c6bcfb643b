import assert from 'node:assert/strict';
import type { Client } from 'pg';
import { postgresSource } from '../../extractors/postgres/postgres';
import { Workspace } from '../pipelines/workspace';
import { startPostgres, type PostgresServer } from './postgres-server';
import { connectionTo, never, query, servicesWith } from './postgres-source';

const PASSWORD = 'few';

describe('PostgreSQL with fewer connections than are asked for', function () {
  this.timeout(120_000);
  let server: PostgresServer;
  let client: Client;
  let workspace: Workspace;

  before(async () => {
    server = await startPostgres();
    client = await server.connect();
    await client.query(`CREATE ROLE few LOGIN PASSWORD '${PASSWORD}' CONNECTION LIMIT 3;
      CREATE TABLE many (id int PRIMARY KEY, v text);
      INSERT INTO many SELECT n, repeat('x', 200) FROM generate_series(1, 60000) n;
      GRANT SELECT ON many TO few; GRANT pg_read_all_stats TO few; ANALYZE many`);
  });
  after(async () => {
    await client.end();
    await server.stop();
  });
  beforeEach(async () => {
    workspace = await Workspace.create();
  });
  afterEach(async () => {
    await workspace.remove();
  });

  const holdAll = async (): Promise<Client[]> =>
    await Promise.all([1, 2, 3].map(async () => await server.connect('postgres', 'few', PASSWORD)));

  it('waits for a free one, and says so', async () => {
    const login = { user: 'few', password: PASSWORD };
    const holders = await holdAll();
    const services = servicesWith();
    const source = await postgresSource.open(
      {
        type: 'postgresql',
        connectionName: 'shop',
        connection: connectionTo(server, login),
        object: query('SELECT 1 AS one'),
        maxConnections: 1,
      },
      services,
    );
    try {
      const schema = source.schema(never);
      const waiting = Promise.race([schema, pause(2_500)]);
      assert.equal(await waiting, undefined);
      assert.ok(services.warnings.includes('source.connection_limit'), services.warnings.join());
      await holders.pop()?.end();
      assert.deepEqual(
        (await schema).columns.map(({ name }) => name),
        ['one'],
      );
    } finally {
      await Promise.all(holders.map((holder) => holder.end()));
      await source.close();
    }
  });

  it('stops waiting when it is told to', async () => {
    const login = { user: 'few', password: PASSWORD };
    const holders = await holdAll();
    const source = await postgresSource.open(
      {
        type: 'postgresql',
        connectionName: 'shop',
        connection: connectionTo(server, login),
        object: query('SELECT 1 AS one'),
        maxConnections: 1,
      },
      servicesWith(),
    );
    try {
      const abort = new AbortController();
      setTimeout(() => abort.abort(new Error('enough')), 200);
      await assert.rejects(source.schema(abort.signal), /enough/);
    } finally {
      await Promise.all(holders.map((holder) => holder.end()));
      await source.close();
    }
  });

  it('loads every row once though units are refused connections', async () => {
    await workspace.write(
      'beamlift.yaml',
      `connections:
  shop: { source_type: postgresql, host: 127.0.0.1, port: ${server.port}, database: postgres, user: few, password: '\${env:SHOP_PASSWORD}', sslmode: disable }
destinations:
  warehouse: { type: duckdb, path: warehouse.duckdb }
jobs:
  many: { connection: shop, destination: warehouse, load_type: catalog, source_table_name: public.many, max_source_connections: 8, split: { rows_per_unit: 2000 } }
`,
    );
    const { code, err, reports } = await workspace.beamlift(
      ['run', '--concurrency', '6'],
      workspace.host({ SHOP_PASSWORD: PASSWORD }),
    );
    assert.equal(code, 0, err);
    assert.equal(reports[0]?.rows_loaded, 60_000);
    assert.deepEqual(
      await workspace.query('SELECT count(DISTINCT id)::VARCHAR, count(*)::VARCHAR FROM many'),
      [['60000', '60000']],
    );
  });
});

function pause(milliseconds: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds, undefined));
}
