import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import type { Client } from 'pg';
import { Workspace, type CommandResult } from '../pipelines/workspace';
import { startPostgres, type PostgresServer } from './postgres-server';

const KEY = Buffer.alloc(32, 3).toString('base64');

describe('a stored connection to PostgreSQL', function () {
  this.timeout(120_000);
  let server: PostgresServer;
  let client: Client;
  let workspace: Workspace;

  before(async () => {
    server = await startPostgres();
    client = await server.connect();
    await client.query(`CREATE SCHEMA shop; CREATE SCHEMA runs;
      CREATE TABLE shop.orders (id int PRIMARY KEY, total numeric(12,2));
      INSERT INTO shop.orders SELECT i, i * 1.5 FROM generate_series(1, 1000) i;
      CREATE VIEW shop.big AS SELECT * FROM shop.orders WHERE total > 100;
      ANALYZE shop.orders`);
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

  const call = async (args: readonly string[], input?: string, env = {}): Promise<CommandResult> => {
    const host = workspace.host({ BEAMLIFT_SECRET_KEY: KEY, STORE_PW: server.password, ...env });
    return await workspace.beamlift(
      args,
      input === undefined ? host : { ...host, input: Readable.from([input]) },
    );
  };
  const add = async (password: string, ...more: string[]): Promise<CommandResult> => {
    const login = ['--host', server.host, '--port', String(server.port), '--user', server.user];
    const flags = ['--type', 'postgresql', ...login, '--database', 'postgres', '--set', 'sslmode=disable'];
    return await call(['connections', 'add', 'shop', ...flags, '--password-stdin', ...more], `${password}\n`);
  };
  /** The run store is a schema of the same server. */
  const configuration = (extra = ''): string => `destinations:
  warehouse: { type: duckdb, path: warehouse.duckdb }
run_store: { type: postgresql, host: ${server.host}, port: ${server.port}, user: ${server.user}, password: '\${env:STORE_PW}', database: postgres, schema: runs, sslmode: disable }
jobs:
  orders: { connection: shop, source_table_name: shop.orders, load_type: catalog, create_table: true${extra} }
`;

  it('is kept encrypted in a shared run store, and loads rows with its password', async () => {
    await workspace.write('beamlift.yaml', configuration());
    const stored = await add(server.password, '--test');
    assert.equal(stored.code, 0, stored.err);
    assert.match(stored.err, /^ok {2}shop \(postgresql\)/m);
    assert.match(stored.err, /^Stored connection shop \(postgresql\) in schema runs of postgresql:/m);
    const { rows } = await client.query<{ fields: object; sealed: string }>(
      'SELECT fields, sealed::text AS sealed FROM runs.etl_connections',
    );
    assert.deepEqual(Object.keys(rows[0]?.fields ?? {}).sort(), [
      'database',
      'host',
      'port',
      'sslmode',
      'user',
    ]);
    assert.ok(rows[0] !== undefined && !rows[0].sealed.includes(server.password));

    for (const runner of ['in-process', 'auto']) {
      const { code, err, reports } = await call(['run', '--runner', runner]);
      assert.equal(code, 0, err);
      assert.equal(reports[0]?.rows_loaded, 1000);
    }
    const { out } = await call(['discover', 'shop', 'shop.*', '--json']);
    const found = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(
      found.map(({ name, kind, rows: count }) => [name, kind, count]),
      [
        ['shop.big', 'view', null],
        ['shop.orders', 'table', 1000],
      ],
    );
    const text = await call(['discover', 'shop', 'shop.*']);
    assert.match(text.out, /^shop\.orders +table +1,000 +\d/m);
    assert.match(text.err, /^1 table and 1 view, about 1,000 rows, /m);

    const noKey = await call(['run'], undefined, { BEAMLIFT_SECRET_KEY: '' });
    assert.equal(noKey.code, 2);
    assert.match(noKey.err, /SECRET_UNRESOLVED[\s\S]*BEAMLIFT_SECRET_KEY is not set/);
    const plan = await call(['plan', '--json']);
    assert.match(plan.out, /\$\{connection:shop\/password\}/);
    assert.ok(!plan.out.includes(server.password));
  });

  it('is tried in one line', async () => {
    const cases: [edit: string[], line: RegExp][] = [
      [['--password-stdin'], /^failed {2}shop \(postgresql\): login: .*password authentication failed/],
      [['--port', '1'], /^failed {2}shop \(postgresql\): connect: .*does not accept the connection/],
      [['--host', 'no-such-host.invalid'], /^failed {2}shop \(postgresql\): dns: /],
      [['--set', 'sslmode=require'], /^failed {2}shop \(postgresql\): tls: /],
      [['--database', 'nowhere'], /^failed {2}shop \(postgresql\): .*nowhere/],
    ];
    for (const [edit, line] of cases) {
      const stored = await add(server.password);
      assert.equal(stored.code, 0, stored.err);
      const edited = await call(['connections', 'edit', 'shop', ...edit], 'wrong\n');
      assert.equal(edited.code, 0, edited.err);
      const { code, out } = await call(['connections', 'test', 'shop']);
      assert.equal(code, 1, out);
      assert.match(out, line);
      assert.ok(out.trim().split('\n').length <= 2, out);
      await call(['connections', 'delete', 'shop', '--yes']);
    }
  });
});
