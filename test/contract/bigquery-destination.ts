import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startBigQueryServer, type BigQueryServer } from '../services/bigquery-server';
import { startGcsServer } from '../services/gcs-server';
import type { PreparedDestination } from './destination-contract';
import { quietServices } from './quiet-services';

/** An empty dataset of the stand-in for BigQuery, with a bucket beside it. */
export async function prepareBigqueryDestination(): Promise<PreparedDestination> {
  const folder = await mkdtemp(path.join(tmpdir(), 'beamlift-bigquery-destination-'));
  const gcs = await startGcsServer();
  const server = await startBigQueryServer({ storage: gcs.endpoint }).catch(async (error: unknown) => {
    await gcs.stop();
    throw error;
  });
  return {
    spec: {
      type: 'bigquery',
      destinationName: 'warehouse',
      config: {
        project: server.project,
        dataset: server.dataset,
        staging: `gs://${gcs.bucket}/contract`,
        credentials: 'anonymous',
        endpoint: server.endpoint,
        staging_endpoint: gcs.endpoint,
      },
      table: '',
    },
    services: quietServices(folder),
    readTable: async (table, columns) => await readTable(server, table, columns),
    dispose: async () => {
      await server.stop();
      await gcs.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function readTable(
  server: BigQueryServer,
  table: string,
  columns: readonly string[],
): Promise<(string | null)[][] | undefined> {
  if (!(await server.tables()).includes(table)) return undefined;
  const list = columns.map((column, index) => `CAST(\`${column}\` AS STRING) AS c${index}`).join(', ');
  const rows = await server.query(`SELECT ${list} FROM \`${table}\``);
  return rows.map((row) =>
    columns.map((_column, index) => {
      const value = row[`c${index}`];
      return typeof value === 'string' ? value : null;
    }),
  );
}
