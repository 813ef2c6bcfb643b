import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startMysql, type MysqlServer } from '../test/services/mysql-server';
import { measureBeamlift, type Usage } from './measured-run';
import { writeOrdersFiles } from './orders-files';
import { copyOrdersToMysql } from './orders-in-mysql';
import { configureBench, makeOrders, startStandIns, type StandIns } from './stand-ins';

/** Units that a table is cut into where several are read at once. */
const UNITS = 4;
/** PostgreSQL's estimate may be so much higher than what there is: it must not make for another unit. */
const MARGIN = 1.02;

/** All sources with the same rows, and where they are loaded into. */
export interface Scene {
  readonly rows: number;
  /** Rows of the runs that are subtracted as start-up. */
  readonly few: number;
  /** With `orders.csv`, `orders.jsonl` and `orders.parquet`. */
  readonly folder: string;
  readonly servers: StandIns;
  readonly mysql: MysqlServer;
  /** Variables that the configuration names. */
  readonly passwords: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** What a run of the whole program used. */
export interface MeasuredLoad extends Usage {
  /** From the start of its first unit to the end of its last: what comes then is the time of the server that stands in for BigQuery. */
  readonly stageSeconds: number;
}

const WAREHOUSE = 'orders.duckdb';

/** Starts the servers and makes the data: half a minute for 1,000,000 rows. */
export async function openScene(rows: number, few: number, note: (what: string) => void): Promise<Scene> {
  const folder = await mkdtemp(path.join(tmpdir(), 'beamlift-bench-'));
  let servers: StandIns | undefined;
  let mysql: MysqlServer | undefined;
  const stop = async (): Promise<void> => {
    await Promise.all([servers?.stop(), mysql?.stop()]);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    note(`Making ${rows.toLocaleString('en-US')} orders in PostgreSQL, MariaDB and files`);
    servers = await startStandIns(true);
    mysql = await startMysql();
    await makeOrders(servers.postgres, rows);
    await writeOrdersFiles(servers.postgres, folder, few);
    await copyOrdersToMysql(servers.postgres, mysql, folder);
    await configure(folder, servers, mysql, rows, few);
    const passwords = { PGPASSWORD: servers.postgres.password, MYSQL_PWD: mysql.password };
    return { rows, few, folder, servers, mysql, passwords, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function configure(
  folder: string,
  servers: StandIns,
  { host, port, user, database }: MysqlServer,
  rows: number,
  few: number,
): Promise<void> {
  const postgres = { connection: 'shop', source_table_name: 'public.orders' };
  const mysql = { connection: 'market', source_table_name: 'shop.orders' };
  const first = { filter: `id <= ${few}` };
  const file = (format: string, name: string) => ({
    ...{ connection: 'here', file_format: format, file_pattern: `${name}.${format}` },
    dest_table_name: `${name}_of_${format}`,
  });
  const cut = (all: number) => ({ split: { rows_per_unit: Math.ceil((all * MARGIN) / UNITS) } });
  const lake = { destination: 'lake' };
  const jobs = {
    postgres: { ...postgres, dest_table_name: 'from_postgres' },
    few_postgres: { ...postgres, ...first, dest_table_name: 'few_from_postgres' },
    postgres_cut: { ...postgres, ...cut(rows), dest_table_name: 'from_postgres_cut' },
    few_postgres_cut: { ...postgres, ...first, ...cut(few), dest_table_name: 'few_from_postgres_cut' },
    postgres_duckdb: { ...postgres, ...lake, dest_table_name: 'from_postgres' },
    few_postgres_duckdb: { ...postgres, ...first, ...lake, dest_table_name: 'few_from_postgres' },
    mysql: { ...mysql, dest_table_name: 'from_mysql' },
    few_mysql: { ...mysql, ...first, dest_table_name: 'few_from_mysql' },
    csv: file('csv', 'orders'),
    few_csv: file('csv', 'few_orders'),
    jsonl: file('jsonl', 'orders'),
    few_jsonl: file('jsonl', 'few_orders'),
    parquet: file('parquet', 'orders'),
    few_parquet: file('parquet', 'few_orders'),
  };
  await configureBench(folder, servers, jobs, {
    connections: {
      market: {
        ...{ source_type: 'mysql', host, port, user, database, sslmode: 'disable' },
        password: '${env:MYSQL_PWD}',
      },
    },
    destinations: { lake: { type: 'duckdb', path: WAREHOUSE } },
  });
}

/** Runs a job of the configuration once, and checks how many rows it has loaded. Throws what the program said. */
export async function measureLoad(
  { folder, passwords }: Pick<Scene, 'folder' | 'passwords'>,
  job: string,
  concurrency: number,
  rows: number,
): Promise<MeasuredLoad> {
  await rm(path.join(folder, WAREHOUSE), { force: true });
  const flags = ['--concurrency', String(concurrency), '--json', '--log-format', 'json'];
  const { stdout, stderr, exitCode, ...usage } = await measureBeamlift(
    ['run', job, ...flags, '--log-level', 'debug'],
    folder,
    passwords,
  );
  if (exitCode !== 0)
    throw new Error(`beamlift run ${job} ended with ${String(exitCode)}\n${stdout}\n${stderr}`);
  const { rows_loaded: loaded } = JSON.parse(stdout) as { rows_loaded: number };
  if (loaded !== rows) throw new Error(`${job}: ${loaded} rows were loaded instead of ${rows}\n${stderr}`);
  return { ...usage, stageSeconds: stageSeconds(stderr) };
}

/** From the start of the first unit to the end of the last, as the log says. */
export function stageSeconds(log: string): number {
  const timesOf = (event: string): number[] =>
    log
      .split('\n')
      .filter((line) => line.includes(`"event":"${event}"`))
      .map((line) => Date.parse((JSON.parse(line) as { time: string }).time));
  const seconds =
    (Math.max(...timesOf('etl.unit.completed')) - Math.min(...timesOf('etl.unit.started'))) / 1000;
  if (!Number.isFinite(seconds)) throw new Error(`The log tells of no units:\n${log}`);
  return seconds;
}
