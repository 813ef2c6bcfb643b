/**
 * A CSV file of 400 MB, a file of JSON lines of 500 MB and a Parquet file of 3,000,000 rows from a folder into DuckDB, each whole and cut into
 * ranges: wall time, CPU and peak memory of the whole process.
 *
 *   npm run bench:files [-- --csv 400 --jsonl 500]
 */
import { createWriteStream } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { eventLines } from './event-lines';
import { measureBeamlift } from './measured-run';

const MEGABYTE = 1_000_000;
const FLIGHTS = path.join(__dirname, '..', 'node_modules', 'vega-datasets', 'data', 'flights-3m.parquet');

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { csv: { type: 'string', default: '400' }, jsonl: { type: 'string', default: '500' } },
  });
  const folder = await mkdtemp(path.join(tmpdir(), 'beamlift-files-bench-'));
  try {
    for (const format of ['csv', 'jsonl'] as const) {
      const lines = Readable.from(eventLines(Number(values[format]) * MEGABYTE, format));
      await pipeline(lines, createWriteStream(path.join(folder, `events.${format}`)));
    }
    await copyFile(FLIGHTS, path.join(folder, 'flights.parquet'));
    await writeFile(path.join(folder, 'beamlift.yaml'), configuration());
    console.log('file                  rows   wall s    CPU s   peak MB');
    const loaded = new Map<string, number>();
    for (const job of Object.keys(jobs())) loaded.set(job, await measure(folder, job));
    for (const format of ['csv', 'jsonl', 'parquet']) {
      const [whole, cut] = [loaded.get(`${format}_whole`), loaded.get(`${format}_cut`)];
      if (whole !== cut)
        throw new Error(`${format}: ${String(whole)} rows whole, and ${String(cut)} in ranges`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** How many rows it has loaded. */
async function measure(folder: string, job: string): Promise<number> {
  const run = await measureBeamlift(['run', job, '--json', '--quiet'], folder, {});
  if (run.exitCode !== 0) throw new Error(`${job} failed:\n${run.stdout}\n${run.stderr}`);
  const { rows_loaded: rows } = JSON.parse(run.stdout) as { rows_loaded: number };
  const cells = [
    job.padEnd(16),
    String(rows).padStart(9),
    run.wallSeconds.toFixed(1).padStart(8),
    run.cpuSeconds.toFixed(1).padStart(8),
    run.peakMegabytes.toFixed(0).padStart(9),
  ];
  console.log(cells.join(' '));
  return rows;
}

function jobs(): Record<string, unknown> {
  const files = { csv: 'events.csv', jsonl: 'events.jsonl', parquet: 'flights.parquet' };
  return Object.fromEntries(
    Object.entries(files).flatMap(([format, pattern]) =>
      ['none', 'auto'].map((by) => {
        const name = `${format}_${by === 'none' ? 'whole' : 'cut'}`;
        return [name, { file_pattern: pattern, file_format: format, dest_table_name: name, split: { by } }];
      }),
    ),
  );
}

function configuration(): string {
  return JSON.stringify({
    connections: { here: { source_type: 'local', path: '.' } },
    destinations: { warehouse: { type: 'duckdb', path: 'warehouse.duckdb' } },
    defaults: { connection: 'here', destination: 'warehouse', load_type: 'catalog', create_table: true },
    jobs: jobs(),
  });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
