import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Client } from 'pg';
import { BeamliftError } from '../../core/errors';
import type { JsonObject } from '../../core/plan';
import { main } from '../../launcher/main';
import type { RunRecord } from '../../launcher/runs/run-store';
import { openRunStore, openRunStoreForRuns } from '../../launcher/runs/open-run-store';
import type { RunStoreServices } from '../../launcher/runs/run-store-services';
import type { RunStoreSpec } from '../../launcher/runs/run-store-spec';
import { openConnectionStore } from '../../launcher/connections/open-connection-store';
import { connectionStoreContract } from '../contract/connection-store';
import { runRecord, runStoreContract } from '../contract/run-store';
import { fakeHost } from '../unit/cli/fake-host';
import { startGcsServer, type GcsServer } from './gcs-server';
import { startPostgres, type PostgresServer } from './postgres-server';
import { servicesWith } from './postgres-source';

let server: PostgresServer;
let gcs: GcsServer;
before(async function () {
  this.timeout(60_000);
  [server, gcs] = await Promise.all([startPostgres({ tls: true }), startGcsServer('history')]);
});
after(async () => {
  await Promise.all([server.stop(), gcs.stop()]);
});

function services(environment: Record<string, string> = {}): RunStoreServices & { warnings: string[] } {
  return { ...servicesWith({ PW: server.password, ...environment }), signal: new AbortController().signal };
}

let schemas = 0;
function newSchema(): string {
  schemas += 1;
  return `runs "${schemas}"`;
}

function inPostgres(schema: string | undefined, more: Partial<JsonObject> = {}): RunStoreSpec {
  const connection = { host: server.host, port: server.port, user: server.user, password: '${env:PW}' };
  return {
    type: 'postgresql',
    config: { ...connection, database: 'postgres', ...(schema === undefined ? {} : { schema }), ...more },
  };
}

function inBucket(prefix: string, more: { bucket?: string; endpoint?: string } = {}): RunStoreSpec {
  const config = { bucket: gcs.bucket, prefix, credentials: 'anonymous', endpoint: gcs.endpoint, ...more };
  return { type: 'gcs', config };
}

async function failure(work: Promise<unknown>): Promise<BeamliftError> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof BeamliftError, String(error));
    return error;
  }
  return assert.fail('should have failed');
}

runStoreContract('postgresql', async () => {
  const spec = inPostgres(newSchema());
  await Promise.resolve();
  return { durable: true, open: async () => await openRunStore(spec, services(), { create: true }) };
});

connectionStoreContract('postgresql', async () => {
  const spec = inPostgres(newSchema());
  await Promise.resolve();
  return { open: async () => await openConnectionStore(spec, services(), { create: true }) };
});

let prefixes = 0;
connectionStoreContract('cloud storage', async () => {
  prefixes += 1;
  const spec = inBucket(`connections/${prefixes}`);
  await Promise.resolve();
  return { open: async () => await openConnectionStore(spec, services(), { create: true }) };
});

runStoreContract('cloud storage', async () => {
  prefixes += 1;
  const spec = inBucket(`history/${prefixes}`);
  await Promise.resolve();
  return { durable: true, open: async () => await openRunStore(spec, services(), { create: true }) };
});

describe('run store in PostgreSQL', () => {
  let client: Client;
  beforeEach(async () => {
    client = await server.connect();
  });
  afterEach(async () => {
    await client.end();
  });
  const tablesIn = async (schema: string): Promise<number> => {
    const { rows } = await client.query<{ tables: string }>(
      'SELECT count(*) AS tables FROM pg_tables WHERE schemaname = $1',
      [schema],
    );
    return Number(rows[0]?.tables);
  };

  it('is a table for SQL: numbers are numbers, times are instants', async () => {
    const schema = newSchema();
    const store = await openRunStore(
      inPostgres(schema, { options: '-c DateStyle=German -c TimeZone=Asia/Kathmandu' }),
      services(),
      { create: true },
    );
    await store.put(runRecord('a', { started_at: '2025-03-01T10:00:00.123Z' }));
    await store.put(runRecord('b', { started_at: '2025-03-02T10:00:00.000Z', rows_rejected: null }));
    assert.equal((await store.get('a'))?.started_at, '2025-03-01T10:00:00.123Z');
    await store.close();
    const { rows } = await client.query<Record<string, string>>(
      `SELECT pg_typeof(started_at)::text AS started, pg_typeof(completed_at)::text AS completed,
              sum(rows_processed) OVER ()::text AS total, pg_typeof(duration_seconds)::text AS duration,
              extract(epoch FROM started_at)::text AS epoch, report->'losses'->'amount'->>'nan' AS nan
       FROM "${schema.replaceAll('"', '""')}".etl_runs
       WHERE started_at < '2025-03-02 00:00Z' AND rows_rejected > 2 AND duration_seconds BETWEEN 12 AND 13`,
    );
    assert.deepEqual(rows, [
      {
        ...{ started: 'timestamp with time zone', completed: 'timestamp with time zone' },
        ...{ total: '1000000', duration: 'double precision', epoch: '1740823200.123000', nan: '2' },
      },
    ]);
  });

  it('is made once when many open it together', async () => {
    const schema = newSchema();
    const spec = inPostgres(schema);
    const stores = await Promise.all(
      Array.from({ length: 8 }, async () => await openRunStore(spec, services(), { create: true })),
    );
    await Promise.all(stores.map(async (store, index) => await store.put(runRecord(`r${index}`))));
    assert.equal((await stores[0]?.list({ limit: 100 }))?.length, 8);
    for (const store of stores) await store.close();
    assert.equal(await tablesIn(schema), 4);
  });

  it('makes nothing for those who only look', async () => {
    const schema = newSchema();
    const store = await openRunStore(inPostgres(schema), services(), { create: false });
    assert.deepEqual(await store.list({ limit: 5 }), []);
    await store.close();
    assert.equal(await tablesIn(schema), 0);
  });

  it('can be looked at by a login that may only read, and says which rights writing needs', async () => {
    const schema = newSchema();
    const store = await openRunStore(inPostgres(schema), services(), { create: true });
    await store.put(runRecord('a'));
    await store.close();
    const quoted = `"${schema.replaceAll('"', '""')}"`;
    await client.query(`CREATE ROLE reader LOGIN PASSWORD 'r'; GRANT USAGE ON SCHEMA ${quoted} TO reader;
      GRANT SELECT ON ALL TABLES IN SCHEMA ${quoted} TO reader`);
    const reader = await openRunStore(inPostgres(schema, { user: 'reader', password: 'r' }), services(), {
      create: true,
    });
    assert.equal((await reader.list({ limit: 5 })).length, 1);
    const refused = await failure(reader.put(runRecord('b')));
    await reader.close();
    assert.equal(refused.code, 'RUN_STORE_FAILED');
    assert.match(refused.hint ?? '', /INSERT and UPDATE/);
    const fresh = await failure(
      openRunStore(inPostgres(newSchema(), { user: 'reader', password: 'r' }), services(), { create: true }),
    );
    assert.match(fresh.why ?? '', /permission denied/);
  });

  it('connects again when the connection broke between two records', async () => {
    const store = await openRunStore(inPostgres(newSchema(), { application_name: 'history' }), services(), {
      create: true,
    });
    await store.put(runRecord('a', { status: 'running' }));
    await client.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'history'",
    );
    await store.put(runRecord('a'));
    assert.equal((await store.get('a'))?.status, 'success');
    await store.close();
  });

  it('refuses a store of a newer version', async () => {
    const schema = newSchema();
    const store = await openRunStore(inPostgres(schema), services(), { create: true });
    await store.close();
    await client.query(
      `INSERT INTO "${schema.replaceAll('"', '""')}".beamlift_migrations (version, name) VALUES (99, 'future')`,
    );
    const error = await failure(openRunStore(inPostgres(schema), services(), { create: true }));
    assert.match(error.what, /newer beamlift/);
  });

  it('checks the certificate as the configuration says', async () => {
    const spec = (more: JsonObject): RunStoreSpec =>
      inPostgres(newSchema(), { sslmode: 'verify-full', ...more });
    const authority = server.authority ?? '';
    const good = await openRunStore(spec({ host: 'localhost', ssl_ca: authority }), services(), {
      create: true,
    });
    await good.put(runRecord('a'));
    await good.close();
    const wrongName = await failure(openRunStore(spec({ ssl_ca: authority }), services(), { create: true }));
    assert.match(wrongName.why ?? '', /TLS handshake/);
  });

  it('tells a wrong password without showing it', async () => {
    const wrong = await failure(
      openRunStore(inPostgres('x'), services({ PW: 'canary-42' }), { create: true }),
    );
    assert.equal(wrong.code, 'RUN_STORE_FAILED');
    assert.match(wrong.why ?? '', /refused the login/);
    assert.doesNotMatch(JSON.stringify(wrong.toReport()), /canary-42/);
  });

  it('lets runs go on when the database does not answer', async () => {
    const silent = createServer((socket) => void socket.on('error', () => undefined));
    await new Promise<void>((resolve) => void silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    assert.ok(typeof address === 'object' && address !== null);
    const spec = inPostgres('x', { port: address.port, connect_timeout: 0.2 });
    const served = services();
    const store = await openRunStoreForRuns(
      spec,
      served,
      { host: 'h', pid: 1, started: null },
      (text) => text,
    );
    await store.put(runRecord('a'));
    assert.equal((await store.get('a'))?.id, 'a');
    assert.deepEqual(served.warnings, ['run_store.failed']);
    silent.close();
  });
});

describe('run store in Cloud Storage', () => {
  it('has one readable object for each run, whose name says when, which and of what', async () => {
    const store = await openRunStore(inBucket('/one/'), services(), { create: true });
    const id = '20250301T100000Z-aaaa1111';
    await store.put(runRecord(id, { status: 'running' }));
    await store.put(runRecord(id, { job: 'orders' }));
    await store.close();
    const names = await gcs.list('one/');
    assert.deepEqual(names, [`one/etl_runs/8259176799999,${id},orders.json`]);
    const body = JSON.parse(String(await gcs.read(names[0] ?? ''))) as JsonObject;
    assert.equal(body['rows_processed'], 1_000_000);
    assert.equal(body['status'], 'success');
  });

  it('keeps all of what two write at the same time for the same run', async () => {
    const stores = await Promise.all(
      [1, 2].map(async () => await openRunStore(inBucket('race'), services(), { create: true })),
    );
    for (let round = 0; round < 10; round++) {
      await Promise.all(stores.map(async (store) => await store.put(runRecord(`r${round}`))));
    }
    assert.equal((await gcs.list('race/')).length, 10);
    assert.equal((await stores[0]?.list({ limit: 100 }))?.length, 10);
  });

  it('says that the bucket is not there, and lets runs go on', async () => {
    const spec = inBucket('x', { bucket: 'nowhere' });
    const store = await openRunStore(spec, services(), { create: false });
    const error = await failure(store.list({ limit: 5 }));
    assert.equal(error.code, 'RUN_STORE_FAILED');
    assert.equal(error.where.object, 'gs://nowhere/x/etl_runs/');
    const served = services();
    const forRuns = await openRunStoreForRuns(
      spec,
      served,
      { host: 'h', pid: 1, started: null },
      (text) => text,
    );
    await forRuns.put(runRecord('a'));
    assert.deepEqual(served.warnings, ['run_store.failed']);
  });
});

describe('the program with a history elsewhere', function () {
  this.timeout(60_000);
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'beamlift-history-'));
    await mkdir(path.join(folder, 'data'));
    await writeFile(path.join(folder, 'data', 'sales.csv'), 'id,name\n1,a\n2,b\n');
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const configure = async (runStore: unknown): Promise<void> =>
    await writeFile(
      path.join(folder, 'beamlift.yaml'),
      JSON.stringify({
        connections: { here: { source_type: 'local', path: 'data' } },
        destinations: { local: { type: 'duckdb', path: 'w.duckdb' } },
        jobs: {
          sales: { connection: 'here', file_pattern: '*.csv', load_type: 'catalog', destination: 'local' },
        },
        run_store: runStore,
      }),
    );
  const program = async (line: string[], environment: Record<string, string> = { PW: server.password }) => {
    const host = fakeHost({ cwd: folder, environment });
    const code = await main(line, host);
    const text = host.out.text() + host.err.text();
    assert.ok(!text.includes(server.password) && !text.includes('canary'), text);
    return { code, out: host.out.text(), err: host.err.text() };
  };

  const stores: [name: string, runStore: () => unknown][] = [
    ['PostgreSQL', () => `postgres://postgres:\${env:PW}@127.0.0.1:${server.port}/postgres?schema=history`],
    [
      'Cloud Storage',
      () => ({ url: `gs://${gcs.bucket}/program`, credentials: 'anonymous', endpoint: gcs.endpoint }),
    ],
  ];
  for (const [name, runStore] of stores) {
    it(`writes to ${name}, lists, shows, checks, and knows which runs have ended`, async () => {
      await configure(runStore());
      const ran = await program(['run', 'sales', '--json', '--triggered-by', 'test']);
      assert.equal(ran.code, 0, ran.err);
      const { run_id: id } = JSON.parse(ran.out) as { run_id: string };
      const [record, ...others] = (await program(['runs', '--json'])).out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as RunRecord);
      assert.deepEqual(others, []);
      assert.deepEqual([record?.id, record?.status, record?.rows_processed], [id, 'success', 2]);
      const shown = await program(['runs', 'show', id.slice(0, 15)]);
      assert.match(shown.out, /by test/);
      const resumed = await program(['runs', 'resume', id]);
      assert.equal(resumed.code, 1);
      assert.match(resumed.err, /RUN_ENDED/);
      const checked = await program(['check']);
      assert.equal(checked.code, 0, checked.out);
      assert.match(checked.out, new RegExp(`ok +run store .*: last run ${id}`));
    });
  }

  it('says of a lost run into an embedded warehouse that nothing is left to do', async () => {
    const [, runStore] = stores[1] ?? assert.fail();
    await configure(runStore());
    const store = await openRunStore(inBucket('program'), services(), { create: true });
    const id = '20250301T100000Z-aaaa1111';
    await store.put(runRecord(id, { job: 'sales', status: 'running', completed_at: null }));
    for (const verb of ['resume', 'cancel']) {
      const { code, err } = await program(['runs', verb, id]);
      assert.equal(code, 1);
      assert.match(err, /RUN_ENDED: Run 20250301T100000Z-aaaa1111 has nothing left to finish or to cancel/);
      assert.match(err, /either committed all of its rows, or left nothing/);
    }
    assert.equal((await store.get(id))?.status, 'running');
  });

  it('runs without a history that does not let it in', async () => {
    const [, runStore] = stores[0] ?? assert.fail();
    await configure(runStore());
    const { code, err } = await program(['run', '--log-format', 'json'], { PW: 'canary-4711' });
    assert.equal(code, 0);
    assert.match(err, /run_store\.failed/);
    assert.match(err, /refused the login/);
    const listed = await program(['runs'], { PW: 'canary-4711' });
    assert.equal(listed.code, 1);
    assert.match(listed.err, /RUN_STORE_FAILED: The run store cannot be used/);
    const unset = await program(['runs'], {});
    assert.equal(unset.code, 2);
    assert.match(unset.err, /SECRET_UNRESOLVED/);
  });
});
