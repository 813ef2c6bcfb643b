import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Workspace } from '../pipelines/workspace';
import { startMysql } from './mysql-server';
import { startPostgres } from './postgres-server';
import { startSsh, type SshServer } from './ssh-server';

const ROWS = 700;
const POLL_MS = 20;

/** A database whose rows take a while to come. */
interface SlowDatabase {
  readonly type: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** A condition of each row that takes two milliseconds. */
  readonly filter: string;
  /** Whether a unit is being read right now. */
  isReading(): Promise<boolean>;
  stop(): Promise<void>;
}

async function slowMysql(): Promise<SlowDatabase> {
  const server = await startMysql();
  await server.execute(
    'CREATE TABLE orders (id INT PRIMARY KEY)',
    `INSERT INTO orders SELECT seq FROM seq_1_to_${ROWS}`,
  );
  const admin = await server.connect();
  const sql =
    "SELECT 1 FROM information_schema.PROCESSLIST WHERE USER = 'loader' AND INFO LIKE 'SELECT `id` AS%'";
  const { port, user, password, database } = server;
  return {
    ...{ type: 'mysql', port, user, password, database, filter: 'SLEEP(0.002) = 0' },
    isReading: async () => {
      const [rows] = await admin.promise().query(sql);
      return (rows as unknown[]).length > 0;
    },
    stop: async () => {
      admin.destroy();
      await server.stop();
    },
  };
}

async function slowPostgres(): Promise<SlowDatabase> {
  const server = await startPostgres();
  await server.execute(
    `CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, ${ROWS})`,
  );
  const admin = await server.connect();
  const { port, user, password } = server;
  return {
    ...{ type: 'postgresql', port, user, password, database: 'postgres' },
    filter: 'pg_sleep(0.002) IS NOT NULL',
    isReading: async () => {
      const { rows } = await admin.query(
        "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'COPY (%' AND state = 'active'",
      );
      return rows.length > 0;
    },
    stop: async () => {
      await admin.end();
      await server.stop();
    },
  };
}

describe('a run whose SSH tunnel breaks', function () {
  this.timeout(120_000);
  let ssh: SshServer;
  let workspace: Workspace;
  before(async () => {
    ssh = await startSsh();
  });
  after(() => ssh.stop());
  beforeEach(async () => {
    workspace = await Workspace.create();
  });
  afterEach(() => workspace.remove());

  /** Runs a job, and breaks the tunnel once while a unit is read. */
  const runWithBreak = async (database: SlowDatabase) => {
    const { type, port, user, filter } = database;
    await workspace.write(
      'beamlift.yaml',
      `connections:
  shop:
    source_type: ${type}
    host: 127.0.0.1
    port: ${port}
    user: ${user}
    database: ${database.database}
    password: "\${env:SHOP_PASSWORD}"
    ssh:
      host: 127.0.0.1
      port: ${ssh.port}
      user: ${ssh.user}
      private_key: ${ssh.encryptedKey}
      passphrase: "\${env:KEY_PASSPHRASE}"
      host_key: "${ssh.fingerprint}"
destinations: { warehouse: { type: duckdb, path: warehouse.duckdb } }
jobs:
  orders: { connection: shop, destination: warehouse, source_table_name: orders, filter: "${filter}", load_type: catalog }
`,
    );
    const host = workspace.host({ SHOP_PASSWORD: database.password, KEY_PASSPHRASE: ssh.passphrase });
    const running = workspace.beamlift(['run', 'orders'], host);
    const isOver = running.then(() => true);
    let breaks = 0;
    while (breaks === 0 && !(await Promise.race([isOver, sleep(POLL_MS, false)]))) {
      if (!(await database.isReading())) continue;
      breaks++;
      await ssh.dropConnections();
    }
    assert.equal(breaks, 1, 'no unit was seen being read');
    const result = await running;
    const told = `${result.out}${result.err}${JSON.stringify(result.reports)}`;
    for (const secret of [database.password, ssh.passphrase]) assert.ok(!told.includes(secret));
    return result;
  };

  it('reads the unit of MySQL again, and loads each row once', async () => {
    const database = await slowMysql();
    try {
      const { code, err } = await runWithBreak(database);
      assert.equal(code, 0, err);
      const counts = 'SELECT count(*)::VARCHAR, count(DISTINCT id)::VARCHAR FROM orders';
      assert.deepEqual(await workspace.query(counts), [[String(ROWS), String(ROWS)]]);
    } finally {
      await database.stop();
    }
  });

  it('ends where the snapshot of PostgreSQL was lost with it, and the next run loads everything', async () => {
    const database = await slowPostgres();
    try {
      const { code, err } = await runWithBreak(database);
      assert.equal(code, 1, err);
      assert.match(err, /SNAPSHOT_LOST/);
      const host = workspace.host({ SHOP_PASSWORD: database.password, KEY_PASSPHRASE: ssh.passphrase });
      const again = await workspace.beamlift(['run', 'orders'], host);
      assert.equal(again.code, 0, again.err);
      assert.deepEqual(await workspace.query('SELECT count(*)::VARCHAR FROM orders'), [[String(ROWS)]]);
    } finally {
      await database.stop();
    }
  });
});
