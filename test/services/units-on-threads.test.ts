import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import type { Plan, SourceSpec, WorkUnit } from '../../core/plan';
import { runInProcess } from '../../pipelines/in-process';
import { openEquipment, type OpenEquipment } from '../../pipelines/open-equipment';
import { UnitThreads } from '../../pipelines/threads/unit-threads';
import { hasCode } from '../has-code';
import { contextOf, intoDuckdb, sayings } from '../unit/pipelines/threads/planned-files';
import { startPostgres, type PostgresServer } from './postgres-server';
import { servicesWith } from './postgres-source';

const ROWS = 60_000;
const UNITS = 12;
/** The run's point in time has one of them. */
const CONNECTIONS = 4;

/** Connections but for the one that asks. */
const CLIENTS = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`;

describe('Units of PostgreSQL on threads', function () {
  this.timeout(120_000);
  let postgres: PostgresServer;
  let client: Client;
  let folder: string;
  let threads: UnitThreads;
  let equipment: OpenEquipment;
  let plan: Pick<Plan, 'context' | 'units'>;
  const { signal } = new AbortController();

  before(async () => {
    postgres = await startPostgres();
    client = await postgres.connect();
    await client.query(`CREATE TABLE events (id bigint PRIMARY KEY, at timestamptz, note text, amount numeric(12,2), doc jsonb);
      INSERT INTO events SELECT n, now() + n * interval '1 s', repeat('note ', 20) || n, n / 7.0, jsonb_build_object('n', n)
        FROM generate_series(1, ${ROWS}) n`);
  });
  after(async () => {
    await client.end();
    await postgres.stop();
  });

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'beamlift-threads-'));
    const { host, port, user, password } = postgres;
    const connection = {
      host,
      port,
      user,
      password: '${env:SHOP}',
      database: 'postgres',
      sslmode: 'disable',
    };
    const source: SourceSpec = {
      type: 'postgresql',
      connectionName: 'shop',
      connection,
      object: { kind: 'table', schema: 'public', name: 'events' },
      maxConnections: CONNECTIONS,
    };
    const services = servicesWith({ SHOP: password });
    const { environment, log } = services;
    threads = new UnitThreads({
      threads: 2,
      unitsPerThread: 4,
      services: { environment, log, baseFolder: folder, inlineSecrets: new Map() },
    });
    equipment = await openEquipment({ ...intoDuckdb(folder), source, job: 'events' }, services, signal);
    const schema = await equipment.extractor.schema(signal);
    const pin = await equipment.extractor.pin(signal);
    const bound = (value: number) => ({ value: String(Math.round(value)), inclusive: true });
    const units = Array.from({ length: UNITS }, (_, index): WorkUnit => {
      const [lower, upper] = [(index * ROWS) / UNITS, ((index + 1) * ROWS) / UNITS];
      return {
        id: `unit-${index}`,
        kind: 'range',
        column: 'id',
        lower: bound(lower + 1),
        upper: index === UNITS - 1 ? null : bound(upper),
      };
    });
    plan = { context: { ...contextOf(folder, source, schema), pin }, units };
  });
  afterEach(async () => {
    await threads.close();
    await equipment.close();
    await rm(folder, { recursive: true, force: true });
  });

  const options = { listener: () => undefined, signal };

  /** The most connections that this source has had at one look, until the work ends. */
  const connectionsDuring = async (work: Promise<unknown>): Promise<number> => {
    const seen: number[] = [];
    const ended = new AbortController();
    const settled = work.catch(() => undefined).finally(() => ended.abort());
    while (!ended.signal.aborted) {
      const { rows } = await client.query<{ n: number }>(CLIENTS);
      seen.push(rows[0]?.n ?? 0);
      await sleep(2);
    }
    await settled;
    return Math.max(...seen);
  };

  it('read the run’s point in time, within its connections, and stage what is staged in process', async () => {
    // After the point in time: nobody sees these.
    await client.query(`INSERT INTO events SELECT n FROM generate_series(${ROWS + 1}, ${ROWS + 500}) n`);
    try {
      const { context, units } = plan;
      const staging = runInProcess(context, units, equipment, { ...options, concurrency: 8, threads });
      const most = await connectionsDuring(staging);
      const there = await staging;
      assert.equal(
        there.reduce((sum, { counts }) => sum + counts.rowsStaged, 0),
        ROWS,
      );
      assert.ok(most > 2 && most <= CONNECTIONS, `${most} connections`);
      const onThreads = await sayings(context, there);
      await rm(context.stagingFolder, { recursive: true });
      const here = await runInProcess(context, units, equipment, { ...options, concurrency: 3 });
      assert.deepEqual(onThreads, await sayings(context, here));
    } finally {
      await client.query(`DELETE FROM events WHERE id > ${ROWS}`);
    }
  });

  it('give their connections back when the threads are closed', async () => {
    const { context, units } = plan;
    await runInProcess(context, units, equipment, { ...options, concurrency: 8, threads });
    await threads.close();
    let left = Infinity;
    for (let look = 0; look < 50 && left > 1; look++) {
      const { rows } = await client.query<{ n: number }>(CLIENTS);
      left = rows[0]?.n ?? 0;
      if (left > 1) await sleep(20);
    }
    assert.equal(left, 1);
  });

  it('fail when the point in time is gone', async () => {
    const { context, units } = plan;
    await equipment.close();
    await assert.rejects(
      runInProcess(context, units, equipment, { ...options, concurrency: 8, threads }),
      hasCode('SNAPSHOT_LOST'),
    );
  });

  it('are read again on the same thread when the server ends a connection', async () => {
    const { context, units } = plan;
    const retried: string[] = [];
    let killed = 0;
    const staging = runInProcess(context, units, equipment, {
      ...options,
      concurrency: 8,
      threads,
      listener: (event) => {
        if (event.kind === 'unit.retried') retried.push(event.error);
      },
    });
    while (killed === 0) {
      const { rowCount } = await client.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY%' AND state = 'active' LIMIT 1`,
      );
      killed += rowCount ?? 0;
    }
    const manifests = await staging;
    assert.equal(
      manifests.reduce((sum, { counts }) => sum + counts.rowsStaged, 0),
      ROWS,
    );
    assert.ok(retried.length > 0);
  });
});
