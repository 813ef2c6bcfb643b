/**
 * PostgreSQL `orders` into servers that stand in for BigQuery and Cloud Storage, in process and on a Beam runner (Prism) whose workers are
 * in the launcher's process, with several work units at once: rows per second and CPU of that process, without start-up: what a run of a few
 * rows in as many units as threads could take is subtracted. Load jobs count rows and do not look at them, as in bench.ts: a process that waits
 * half a minute for a load job collects garbage meanwhile, on each of its threads. The runner's own CPU is not ours and not counted. Medians of
 * several rounds, each of which runs everything once.
 *
 *   npm run bench:beam [-- --rows 1000000 --units 1,2,4 --rounds 3]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { startPrism } from '../test/runners/prism-server';
import { measureBeamlift } from './measured-run';
import { configureBench, makeOrders, startStandIns, type StandIns } from './stand-ins';

/** Of `orders`; several for each that is read at once. */
const UNITS = 16;
/** In four units, so that every thread is started. */
const SMALL_ROWS = 4_000;
const SMALL_UNITS = 4;

type Runner = 'in-process' | 'portable';

const RUNNERS: readonly Runner[] = ['in-process', 'portable'];

interface Measured {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
}

interface Case {
  readonly runner: Runner;
  readonly unitsAtOnce: number;
  readonly rounds: Measured[];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string', default: '1000000' },
      units: { type: 'string', default: '1,2,4' },
      rounds: { type: 'string', default: '3' },
    },
  });
  const rows = Number(values.rows);
  const cases = values.units
    .split(',')
    .map(Number)
    .flatMap((unitsAtOnce) => RUNNERS.map((runner) => ({ runner, unitsAtOnce, rounds: [] as Measured[] })));
  const folder = await mkdtemp(path.join(tmpdir(), 'beamlift-beam-bench-'));
  const servers = await startStandIns(true);
  const prism = await startPrism();
  try {
    await makeOrders(servers.postgres, rows);
    const table = { connection: 'shop', source_table_name: 'public.orders' };
    const jobs = {
      orders: { ...table, split: { rows_per_unit: Math.ceil(rows / UNITS) } },
      few: {
        ...table,
        dest_table_name: 'few',
        filter: `id <= ${SMALL_ROWS}`,
        split: { rows_per_unit: SMALL_ROWS / SMALL_UNITS },
      },
    };
    await configureBench(folder, servers, jobs, {
      runners: { portable: { endpoint: prism.endpoint, environment: 'loopback' } },
    });
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const { runner, unitsAtOnce, rounds } of cases) {
        const measured = await measure(folder, servers, runner, unitsAtOnce, rows);
        rounds.push(measured);
        console.error(
          `round ${round + 1}: ${unitsAtOnce} at once, ${runner}: ${measured.cpuSeconds.toFixed(2)} CPU s`,
        );
      }
    }
    print(cases, rows);
  } finally {
    await prism.stop();
    await servers.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** A run of all rows less one of a few. */
async function measure(
  folder: string,
  servers: StandIns,
  runner: Runner,
  unitsAtOnce: number,
  rows: number,
): Promise<Measured> {
  const flags = ['--runner', runner, '--concurrency', String(unitsAtOnce)];
  const few = await load(folder, servers, ['few', ...flags], SMALL_ROWS);
  const all = await load(folder, servers, ['orders', ...flags], rows);
  return {
    wallSeconds: all.stageSeconds - few.stageSeconds,
    cpuSeconds: all.cpuSeconds - few.cpuSeconds,
    peakMegabytes: all.peakMegabytes,
  };
}

async function load(folder: string, { postgres }: StandIns, args: readonly string[], rows: number) {
  const environment = { PGPASSWORD: postgres.password };
  const line = ['run', ...args, '--json', '--log-format', 'json', '--log-level', 'debug'];
  const { stdout, stderr, exitCode, ...usage } = await measureBeamlift(line, folder, environment);
  if (exitCode !== 0) throw new Error(`beamlift ended with ${String(exitCode)}\n${stdout}\n${stderr}`);
  const { rows_loaded: loaded } = JSON.parse(stdout) as { rows_loaded: number };
  if (loaded !== rows) throw new Error(`${loaded} rows were loaded instead of ${rows}`);
  return { ...usage, stageSeconds: stageSeconds(stderr) };
}

/** From the start of the first unit to the end of the last, as the log says: what comes then is the stand-in's time. */
function stageSeconds(log: string): number {
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

function print(cases: readonly Case[], rows: number): void {
  console.log(
    'units at once  runner      stage s    rows per s    CPU s   peak MB   CPU beside in process (each round)',
  );
  for (const { runner, unitsAtOnce, rounds } of cases) {
    const own = cases.find((other) => other.unitsAtOnce === unitsAtOnce && other.runner === 'in-process');
    const ratios = rounds.map((round, index) => round.cpuSeconds / (own?.rounds[index]?.cpuSeconds ?? NaN));
    const of = (key: keyof Measured): number => median(rounds.map((round) => round[key]));
    const cells = [
      String(unitsAtOnce).padEnd(14),
      runner.padEnd(11),
      of('wallSeconds').toFixed(2).padStart(7),
      Math.round(rows / of('wallSeconds'))
        .toLocaleString('en-US')
        .padStart(13),
      of('cpuSeconds').toFixed(2).padStart(8),
      of('peakMegabytes').toFixed(0).padStart(9),
      (of('cpuSeconds') / median(own?.rounds.map((round) => round.cpuSeconds) ?? [])).toFixed(2).padStart(23),
      `(${ratios.map((ratio) => ratio.toFixed(2)).join(' ')})`,
    ];
    console.log(cells.join(' '));
  }
}

/** The middle one; of two in the middle the smaller. NaN for none. */
function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor((numbers.length - 1) / 2)] ?? NaN;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
