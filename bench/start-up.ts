/**
 * What a run of ten rows costs before and after them, and help: CPU of the whole process, medians of five.
 *
 *   npm run bench:startup
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { measureSuccess, type MeasuredRun } from './measured-run';
import { median } from './results';
import { configureBench, makeOrders, startStandIns } from './stand-ins';

const ROUNDS = 5;
const ROWS = 10;
const PROGRAM = path.join(__dirname, '..', 'bin', 'beamlift.js');

interface StartUp {
  readonly title: string;
  /** CPU that it may take, in seconds. */
  readonly atMost: number;
  /** Of Node.js. */
  readonly args: readonly string[];
  /** Made anew for each round. */
  readonly output?: string;
}

async function main(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'beamlift-startup-bench-'));
  const servers = await startStandIns();
  try {
    await makeOrders(servers.postgres, ROWS);
    await configureBench(folder, servers, {
      orders: { connection: 'shop', source_table_name: 'public.orders' },
    });
    const lines = Array.from({ length: ROWS }, (_, id) => `${id},name ${id},2024-01-0${(id % 9) + 1}`);
    await writeFile(path.join(folder, 'rows.csv'), ['id,name,day', ...lines, ''].join('\n'));
    const toDuckdb = ['run', '--from', '.', '--files', 'rows.csv', '--to', 'duckdb:warehouse.duckdb'];
    const kinds: readonly StartUp[] = [
      { title: 'node -e 0', atMost: Infinity, args: ['-e', '0'] },
      { title: '--help', atMost: 0.15, args: [PROGRAM, '--help'] },
      { title: 'local to DuckDB', atMost: 0.5, args: [PROGRAM, ...toDuckdb], output: 'warehouse.duckdb' },
      { title: 'PostgreSQL to BigQuery', atMost: 0.9, args: [PROGRAM, 'run', 'orders'] },
    ];
    const environment = { PGPASSWORD: servers.postgres.password };
    const runs = new Map<StartUp, MeasuredRun[]>(kinds.map((kind) => [kind, []]));
    // In turn: what else the machine does falls on all of them.
    for (let round = 0; round < ROUNDS; round++) {
      for (const [kind, measured] of runs) {
        if (kind.output !== undefined) await rm(path.join(folder, kind.output), { force: true });
        measured.push(await measureSuccess(process.execPath, kind.args, { cwd: folder, environment }));
      }
    }
    print(runs);
  } finally {
    await servers.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function print(runs: ReadonlyMap<StartUp, readonly MeasuredRun[]>): void {
  console.log(`${'medians of 5'.padEnd(24)}   CPU s  at most  wall s  peak MB`);
  for (const [{ title, atMost }, measured] of runs) {
    const of = (key: 'cpuSeconds' | 'wallSeconds' | 'peakMegabytes'): number =>
      median(measured.map((run) => run[key]));
    const cells = [
      title.padEnd(24),
      of('cpuSeconds').toFixed(2).padStart(7),
      (atMost === Infinity ? '' : atMost.toFixed(2)).padStart(8),
      of('wallSeconds').toFixed(2).padStart(7),
      of('peakMegabytes').toFixed(0).padStart(8),
    ];
    console.log(cells.join(' '));
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
