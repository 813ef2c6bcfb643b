/**
 * Listings of 10,000 and 1,000,000 keys by a server of S3's ListObjectsV2: CPU, wall time and peak memory of `discover`, and of a plan of
 * the few files that a pattern takes. Ends with 1 where the larger listing needs more memory than a few megabytes.
 *
 *   npm run bench:listing [-- --keys 10000,1000000]
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { startListingServer, type ListingServer } from './listing-server';
import { measureBeamlift, type MeasuredRun } from './measured-run';
import { count, megabytes, seconds, textTable } from './text-table';

/** What a listing may need more than one of a hundredth of its keys: young objects that are not collected yet. In megabytes. */
const MORE_MEMORY = 80;
const SECRET = 'a-secret-of-this-benchmark';

/** All of them go through the whole listing; the plan reads the ten files that its pattern takes. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  discover: ['discover', 'lake'],
  'discover, a pattern': ['discover', 'lake', 'events/**/part-000000?.csv'],
  'plan of ten files': ['plan', 'events'],
};

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { keys: { type: 'string', default: '10000,1000000' } } });
  const sizes = values.keys.split(',').map(Number);
  const lines: string[][] = [];
  const peaks = new Map<string, number[]>();
  for (const keys of sizes) {
    for (const [command, run] of await measureAll(keys)) {
      peaks.set(command, [...(peaks.get(command) ?? []), run.peakMegabytes]);
      lines.push([
        ...[command, count(keys), seconds(run.cpuSeconds), seconds(run.wallSeconds)],
        megabytes(run.peakMegabytes),
      ]);
    }
  }
  console.log(textTable(['command', 'keys', 'CPU s', 'wall s', 'peak MB'], lines));
  for (const [command, [first = NaN, ...others]] of peaks) {
    const more = Math.max(...others) - first;
    if (more <= MORE_MEMORY || others.length === 0) continue;
    console.log(
      `${command}: ${megabytes(more)} MB more than for ${count(sizes[0] ?? NaN)} keys, at most ${MORE_MEMORY}`,
    );
    process.exitCode = 1;
  }
}

async function measureAll(keys: number): Promise<readonly (readonly [string, MeasuredRun])[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'beamlift-listing-bench-'));
  const server = await startListingServer(keys);
  try {
    await writeFile(path.join(folder, 'beamlift.yaml'), configuration(server));
    const runs: (readonly [string, MeasuredRun])[] = [];
    for (const [name, args] of Object.entries(COMMANDS)) {
      const run = await measureBeamlift([...args, '--json'], folder, { LAKE_SECRET: SECRET });
      if (run.exitCode !== 0)
        throw new Error(
          `beamlift ${args.join(' ')} ended with ${String(run.exitCode)}\n${run.stdout}\n${run.stderr}`,
        );
      runs.push([name, run]);
    }
    return runs;
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function configuration({ endpoint, bucket }: ListingServer): string {
  return JSON.stringify({
    connections: {
      lake: {
        ...{ source_type: 's3', bucket, endpoint, region: 'us-east-1' },
        ...{ access_key_id: 'AKIABENCH', secret_access_key: '${env:LAKE_SECRET}' },
      },
    },
    destinations: { warehouse: { type: 'duckdb', path: 'warehouse.duckdb' } },
    defaults: { destination: 'warehouse', load_type: 'catalog', create_table: true },
    jobs: {
      events: {
        connection: 'lake',
        file_pattern: 'events/**/part-000000?.csv',
        file_format: 'csv',
        dest_table_name: 'events',
      },
    },
  });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
