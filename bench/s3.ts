/**
 * A CSV file of 400 MB from versitygw, a server of S3's protocol, into DuckDB: wall time, CPU and peak memory of the whole process, and a
 * comparison with the same file from a folder.
 *
 *   npm run bench:s3 [-- --megabytes 400]
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { startS3Server, type S3Server } from '../test/services/s3-server';
import { eventLines } from './event-lines';
import { measureBeamlift } from './measured-run';

const MEGABYTE = 1_000_000;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { megabytes: { type: 'string', default: '400' } } });
  const folder = await mkdtemp(path.join(tmpdir(), 'beamlift-s3-bench-'));
  const server = await startS3Server();
  try {
    const file = path.join(folder, 'events.csv');
    await pipeline(
      Readable.from(eventLines(Number(values.megabytes) * MEGABYTE, 'csv')),
      createWriteStream(file),
    );
    await upload(server, file);
    await writeFile(path.join(folder, 'beamlift.yaml'), configuration(server, folder));
    for (const job of ['from_s3', 'from_folder']) {
      const run = await measureBeamlift(['run', job, '--json', '--quiet'], folder, {
        LAKE_SECRET: server.secretAccessKey,
      });
      if (run.exitCode !== 0) throw new Error(`${job} failed:\n${run.stderr}`);
      const { rows_loaded: rows } = JSON.parse(run.stdout) as { rows_loaded: number };
      const { wallSeconds, cpuSeconds, peakMegabytes } = run;
      process.stdout.write(
        `${job}: ${rows} rows, ${wallSeconds.toFixed(1)} s, CPU ${cpuSeconds.toFixed(1)} s, peak ${peakMegabytes.toFixed(0)} MB\n`,
      );
    }
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function upload(
  { endpoint, region, accessKeyId, secretAccessKey, bucket }: S3Server,
  file: string,
): Promise<void> {
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  });
  const { size } = await stat(file);
  await client.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: 'events.csv',
      Body: createReadStream(file),
      ContentLength: size,
    }),
  );
  client.destroy();
}

function configuration({ endpoint, region, accessKeyId, bucket }: S3Server, folder: string): string {
  return JSON.stringify({
    connections: {
      lake: {
        source_type: 's3',
        bucket,
        region,
        endpoint,
        access_key_id: accessKeyId,
        secret_access_key: '${env:LAKE_SECRET}',
      },
      here: { source_type: 'local', path: folder },
    },
    destinations: { warehouse: { type: 'duckdb', path: 'warehouse.duckdb' } },
    defaults: {
      destination: 'warehouse',
      load_type: 'catalog',
      create_table: true,
      file_pattern: 'events.csv',
      file_format: 'csv',
    },
    jobs: {
      from_s3: { connection: 'lake', dest_table_name: 'from_s3' },
      from_folder: { connection: 'here', dest_table_name: 'from_folder' },
    },
  });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
