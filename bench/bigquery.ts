/**
 * PostgreSQL `orders` and a Parquet file of 3,000,000 flights into servers that stand in for BigQuery and Cloud Storage: wall time, CPU and
 * peak memory of the whole process, and a comparison of every value, read from both sides without beamlift.
 *
 *   npm run bench:bigquery [-- --rows 1000000]
 */
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { sameFlights } from './compare-flights';
import { sameOrders } from './compare-orders';
import { measureBeamlift, type MeasuredRun } from './measured-run';
import { configureBench, makeOrders, startStandIns, type StandIns } from './stand-ins';

interface Result extends Pick<MeasuredRun, 'wallSeconds' | 'cpuSeconds' | 'peakMegabytes'> {
  readonly job: string;
  readonly rows: number;
  readonly equal: boolean;
}

interface Report {
  readonly status: string;
  readonly rows_loaded: number;
}

const FLIGHTS = path.join(__dirname, '..', 'node_modules', 'vega-datasets', 'data', 'flights-3m.parquet');

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { rows: { type: 'string', default: '1000000' } } });
  const rows = Number(values.rows);
  const folder = await mkdtemp(path.join(tmpdir(), 'beamlift-bigquery-bench-'));
  const servers = await startStandIns();
  const { postgres, bigquery } = servers;
  try {
    await copyFile(FLIGHTS, path.join(folder, 'flights-3m.parquet'));
    await configureBench(folder, servers, {
      orders: { connection: 'shop', source_table_name: 'public.orders' },
      flights: { connection: 'here', file_pattern: 'flights-3m.parquet' },
    });
    await makeOrders(postgres, rows);
    const results = [
      await load(folder, servers, 'orders', async () => await sameOrders(postgres, bigquery, rows)),
      await load(folder, servers, 'flights', async () => await sameFlights(FLIGHTS, bigquery)),
    ];
    print(results);
    if (!results.every(({ equal }) => equal)) process.exitCode = 1;
  } finally {
    await servers.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function load(
  folder: string,
  { postgres }: StandIns,
  job: string,
  same: () => Promise<boolean>,
): Promise<Result> {
  const environment = { PGPASSWORD: postgres.password };
  const { stdout, stderr, exitCode, ...usage } = await measureBeamlift(
    ['run', job, '--json'],
    folder,
    environment,
  );
  if (exitCode !== 0) throw new Error(`beamlift ended with ${String(exitCode)}\n${stdout}\n${stderr}`);
  console.log(stdout.trim());
  const report = JSON.parse(stdout) as Report;
  return { job, rows: report.rows_loaded, ...usage, equal: await same() };
}

function print(results: readonly Result[]): void {
  console.log('job        rows        wall s    CPU s   peak MB   rows per CPU s   every value equal');
  for (const { job, rows, wallSeconds, cpuSeconds, peakMegabytes, equal } of results) {
    const cells = [
      job.padEnd(10),
      rows.toLocaleString('en-US').padEnd(10),
      wallSeconds.toFixed(2).padStart(8),
      cpuSeconds.toFixed(2).padStart(8),
      peakMegabytes.toFixed(0).padStart(9),
      Math.round(rows / cpuSeconds)
        .toLocaleString('en-US')
        .padStart(16),
      (equal ? 'yes' : 'NO').padStart(19),
    ];
    console.log(cells.join(' '));
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
