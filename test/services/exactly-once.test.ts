import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import type { Client } from 'pg';
import type { RunReport } from '../../launcher/report';
import { SeededRandom } from '../crash/seeded-random';
import { WarmLauncher } from '../crash/warm-launcher';
import { Workspace } from '../pipelines/workspace';
import { startPostgres, type PostgresServer } from './postgres-server';

/** The first seed, and how many: more by BEAMLIFT_SEEDS=first:count. */
const [FIRST_SEED = 1, SEEDS = 3] = (process.env['BEAMLIFT_SEEDS'] ?? '1:3').split(':').map(Number);
const STEPS = 25;
/** Rows that are there from the beginning, one a day from 2024-01-01 on; regular runs begin at HISTORICAL_START. */
const OLD_ROWS = 90;
const HISTORICAL_START = '2024-02-15';
/** A run takes about so long, in milliseconds. */
const RUN_MS = 700;

const JOBS = ['by_time', 'by_id', 'latest'] as const;
type JobName = (typeof JOBS)[number];

const ALLOWED_FAILURES = ['CANCELLED', 'TIMED_OUT', 'PLAN_REFUSED', 'LEASE_HELD'];

/** Writers with open transactions beside jobs that are killed, limited, loaded anew and filled in. */
class Scenario {
  readonly history: string[] = [];
  /** Days before HISTORICAL_START that backfills have published. */
  private filled = new Set<string>();
  private intervals = 0;
  private watermark = '';
  private readonly open: Client[] = [];
  private readonly spares: WarmLauncher[] = [];

  constructor(
    private readonly random: SeededRandom,
    private readonly workspace: Workspace,
    private readonly server: PostgresServer,
    private readonly client: Client,
  ) {}

  async run(): Promise<void> {
    this.spares.push(this.startLauncher());
    await this.client.query(`DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop; SET TimeZone = 'UTC';
      CREATE TABLE shop.events (id bigserial PRIMARY KEY, v int NOT NULL DEFAULT 0,
        at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now());
      INSERT INTO shop.events (at, updated_at) SELECT d, d FROM (SELECT '2024-01-01 12:00Z'::timestamptz + i * interval '1 day' FROM generate_series(0, ${OLD_ROWS - 1}) i) g(d)`);
    await this.workspace.write('beamlift.yaml', this.configuration());
    const steps = [
      ...[() => this.write(this.client), () => this.write(this.client), () => this.begin(), () => this.end()],
      ...[() => this.runOnce(), () => this.runOnce(), () => this.runOnce(), () => this.runFlagged()],
      ...[() => this.backfill(), () => this.interrupt(), () => this.kill(), () => this.runTwice()],
      () => this.dropTable(),
    ];
    for (let step = 0; step < STEPS; step++) await this.random.pick(steps)();
    while (this.open.length > 0) await this.end();
    // behind each interval that was filled in another window begins
    for (let rest = 0; rest <= this.intervals; rest++) await this.regular('by_time');
    await this.regular('by_id');
    await this.regular('latest');
    await this.checkAll();
  }

  async close(): Promise<void> {
    for (const spare of this.spares) spare.kill('SIGKILL');
    for (const client of this.open) await client.end();
  }

  private configuration(): string {
    const table = 'source_table_name: shop.events, hold_back: 0, split: { rows_per_unit: 20 }';
    return `connections:
  shop: { source_type: postgresql, host: 127.0.0.1, port: ${this.server.port}, database: postgres, user: postgres, password: '\${env:SHOP_PASSWORD}', sslmode: disable }
destinations:
  warehouse: { type: duckdb, path: warehouse.duckdb }
defaults: { connection: shop, destination: warehouse, load_type: transactional }
jobs:
  by_time: { ${table}, timestamp_column: at, historical_start_date: "${HISTORICAL_START}", dest_table_name: by_time }
  by_id: { ${table}, timestamp_column: id, dest_table_name: by_id }
  latest: { ${table}, timestamp_column: updated_at, load_type: merge, key_columns: [id], lookback: 1, dest_table_name: latest }
`;
  }

  private get environment(): Record<string, string> {
    return { SHOP_PASSWORD: this.server.password };
  }

  private warmUp(): WarmLauncher {
    const spare = this.spares.shift() ?? this.startLauncher();
    this.spares.push(this.startLauncher());
    return spare;
  }

  private startLauncher(): WarmLauncher {
    return WarmLauncher.start(this.workspace.folder, this.environment);
  }

  private note(text: string): void {
    this.history.push(text);
  }

  private async write(client: Client): Promise<void> {
    this.note('write');
    const rows = this.random.pick([1, 3, 50]);
    await client.query(`INSERT INTO shop.events (v) SELECT 0 FROM generate_series(1, ${rows})`);
    const remainder = this.random.below(7);
    // not in open transactions: two of them would wait for each other
    if (client === this.client && this.open.length === 0) {
      await client.query(`UPDATE shop.events SET v = v + 1, updated_at = now() WHERE id % 7 = ${remainder}`);
    }
  }

  private async begin(): Promise<void> {
    if (this.open.length >= 2) return;
    this.note('begin');
    const client = await this.server.connect();
    this.open.push(client);
    await client.query('BEGIN');
    await this.write(client);
  }

  private async end(): Promise<void> {
    const client = this.open.shift();
    if (client === undefined) return;
    const how = this.random.pick(['COMMIT', 'COMMIT', 'ROLLBACK']);
    this.note(how);
    await this.write(client);
    await client.query(how);
    await client.end();
  }

  /** Ids are complete once nobody writes; with an open transaction the plan says that they are not. */
  private pickJob(): JobName {
    const job = this.random.pick(JOBS);
    return job === 'by_id' && this.open.length > 0 ? 'by_time' : job;
  }

  private async beamlift(...args: string[]): Promise<RunReport> {
    this.note(`run ${args.join(' ')}`);
    const host = this.workspace.host(this.environment);
    const { reports, err } = await this.workspace.beamlift(['run', ...args], host);
    return await this.settle(reports[0], err);
  }

  private async settle(report: RunReport | undefined, err: string): Promise<RunReport> {
    assert.ok(report, err);
    const code = report.error?.code;
    this.note(`… ${report.status} ${code ?? ''} ${report.rows_loaded} rows, watermark ${report.watermark}`);
    assert.ok(code === undefined || ALLOWED_FAILURES.includes(code), err);
    await this.check();
    return report;
  }

  private async regular(job: JobName): Promise<void> {
    assert.equal((await this.beamlift(job)).status, 'success');
  }

  private async runOnce(): Promise<void> {
    await this.regular(this.pickJob());
  }

  private async runFlagged(): Promise<void> {
    const job = this.pickJob();
    if (this.random.below(2) === 0) {
      const report = await this.beamlift(job, '--full-refresh');
      if (job === 'by_time' && report.status === 'success') this.filled = new Set();
      return;
    }
    await this.beamlift('latest', '--limit', String(1 + this.random.below(5)));
  }

  /** Days before HISTORICAL_START, or after it too where those have not been loaded. */
  private async backfill(): Promise<void> {
    const days = [this.random.below(OLD_ROWS), this.random.below(OLD_ROWS)].sort((a, b) => a - b);
    const [from = '', to = ''] = days.map(dayText);
    const report = await this.beamlift('by_time', '--start-date', from, '--end-date', to);
    assert.equal(report.watermark, null);
    if (report.status !== 'success') {
      assert.equal(report.error?.code, 'PLAN_REFUSED');
      return;
    }
    this.intervals += 1;
    for (let day = days[0] ?? 0; day < (days[1] ?? 0); day++) this.filled.add(dayText(day));
  }

  private async interrupt(): Promise<void> {
    const job = this.pickJob();
    const after = this.random.below(250);
    this.note(`run ${job}, SIGTERM after ${after} ms`);
    const host = this.workspace.host(this.environment);
    const timer = setTimeout(() => host.interrupt('SIGTERM'), after);
    const { reports, err } = await this.workspace.beamlift(['run', job], host);
    clearTimeout(timer);
    await this.settle(reports[0], err);
  }

  private async kill(): Promise<void> {
    const job = this.pickJob();
    const after = this.random.below(RUN_MS);
    this.note(`run ${job}, kill -9 after ${after} ms`);
    const launcher = this.warmUp();
    await launcher.run(['run', job, '--json']);
    await sleep(after);
    launcher.kill('SIGKILL');
    await launcher.end();
    await this.check();
  }

  private async runTwice(): Promise<void> {
    const job = this.pickJob();
    const launcher = this.warmUp();
    await launcher.run(['run', job, '--json']);
    await sleep(this.random.below(RUN_MS));
    await this.beamlift(job);
    const { code, err } = await launcher.end();
    assert.equal(code, 0, err);
    await this.check();
  }

  private async dropTable(): Promise<void> {
    const job = this.random.pick(JOBS);
    this.note(`drop ${job}`);
    const instance = await DuckDBInstance.create(this.workspace.path('warehouse.duckdb'));
    const connection = await instance.connect();
    await connection.run(`DROP TABLE IF EXISTS ${job}`);
    connection.closeSync();
    instance.closeSync();
    if (job !== 'by_time') return;
    this.filled = new Set();
    this.watermark = '';
  }

  /** At any time: nothing twice, nothing that was rolled back, and a watermark that goes forward. */
  private async check(): Promise<void> {
    const { rows } = await this.client.query<{ id: string }>('SELECT id::text FROM shop.events');
    const source = new Set(rows.map(({ id }) => id));
    for (const job of JOBS) {
      const loaded = (await this.query(`SELECT id::VARCHAR FROM ${job}`)).map(([id]) => id ?? '');
      assert.equal(new Set(loaded).size, loaded.length, `${job} has a row twice`);
      for (const id of loaded) assert.ok(source.has(id), `${job} has the row ${id}, which was not committed`);
    }
    const found = await this.query(`SELECT watermark FROM _beamlift_state WHERE job = 'by_time'`);
    const watermark = found[0]?.[0] ?? '';
    assert.ok(watermark >= this.watermark || watermark === '', `${watermark} after ${this.watermark}`);
    this.watermark = watermark;
  }

  /** In the end: every row once. */
  private async checkAll(): Promise<void> {
    const { rows } = await this.client.query<{ id: string; v: string; day: string }>(
      `SELECT id::text, v::text, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day FROM shop.events e ORDER BY e.id`,
    );
    const ids = rows.map(({ id }) => id);
    const inTime = rows.filter(({ day }) => day >= HISTORICAL_START || this.filled.has(day));
    const loaded = async (job: JobName, columns: string): Promise<string[]> =>
      (await this.query(`SELECT ${columns} FROM ${job} t ORDER BY t.id`)).map((row) => row.join(' '));
    assert.deepEqual(
      await loaded('by_time', 'id::VARCHAR'),
      inTime.map(({ id }) => id),
    );
    assert.deepEqual(await loaded('by_id', 'id::VARCHAR'), ids);
    assert.deepEqual(
      await loaded('latest', 'id::VARCHAR, v::VARCHAR'),
      rows.map(({ id, v }) => `${id} ${v}`),
    );
  }

  private async query(sql: string): Promise<(string | null)[][]> {
    return (await this.workspace.query(sql).catch(() => undefined)) ?? [];
  }
}

function dayText(day: number): string {
  return new Date(Date.UTC(2024, 0, 1 + day)).toISOString().slice(0, 10);
}

describe('exactly once, whatever happens to incremental jobs', function () {
  this.timeout(180_000);
  let server: PostgresServer;
  let client: Client;
  before(async () => {
    server = await startPostgres();
    client = await server.connect();
  });
  after(async () => {
    await client.end();
    await server.stop();
  });

  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    it(`seed ${seed}`, async () => {
      const workspace = await Workspace.create();
      const scenario = new Scenario(new SeededRandom(seed), workspace, server, client);
      try {
        await scenario.run();
      } catch (error) {
        throw new Error(`seed ${seed}:\n${scenario.history.join('\n')}`, { cause: error });
      } finally {
        await scenario.close();
        await workspace.remove();
      }
    });
  }
});
