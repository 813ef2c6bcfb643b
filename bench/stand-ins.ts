import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { startBigQueryServer, type BigQueryServer } from '../test/services/bigquery-server';
import { startGcsServer, type GcsServer } from '../test/services/gcs-server';
import { startPostgres, type PostgresServer } from '../test/services/postgres-server';
import { psql } from './psql';

/** PostgreSQL, and servers that stand in for BigQuery and Cloud Storage. */
export interface StandIns {
  readonly postgres: PostgresServer;
  readonly gcs: GcsServer;
  readonly bigquery: BigQueryServer;
  stop(): Promise<void>;
}

/** `onlyCounts`: load jobs count rows, and do not look at them. */
export async function startStandIns(onlyCounts = false): Promise<StandIns> {
  // servers are ended when this process exits, which a signal alone does not make it do
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  const gcs = await startGcsServer();
  const [bigquery, postgres] = await Promise.all([
    startBigQueryServer({ storage: gcs.endpoint, onlyCounts }),
    startPostgres(),
  ]);
  const stop = async (): Promise<void> => {
    await Promise.all([postgres.stop(), bigquery.stop(), gcs.stop()]);
  };
  return { postgres, gcs, bigquery, stop };
}

/** Makes the table `orders` with so many rows. */
export async function makeOrders(postgres: PostgresServer, rows: number): Promise<void> {
  await psql(postgres, ['-v', 'lo=1', '-v', `hi=${rows}`, '-q', '-f', path.join(__dirname, 'orders.sql')]);
  await postgres.execute('ANALYZE orders');
}

interface MoreConfiguration {
  readonly connections?: Readonly<Record<string, unknown>>;
  readonly destinations?: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

/** `beamlift.yaml` in the folder: connections `shop` and `here`, the destination `warehouse`, these jobs, and what else is given; connections and destinations are added. */
export async function configureBench(
  folder: string,
  { postgres, gcs, bigquery }: StandIns,
  jobs: Readonly<Record<string, unknown>>,
  { connections = {}, destinations = {}, ...others }: MoreConfiguration = {},
): Promise<void> {
  const configuration = {
    connections: {
      shop: {
        source_type: 'postgresql',
        host: postgres.host,
        port: postgres.port,
        database: 'postgres',
        user: postgres.user,
        password: '${env:PGPASSWORD}',
        sslmode: 'disable',
      },
      here: { source_type: 'local', path: '.' },
      ...connections,
    },
    destinations: {
      warehouse: {
        type: 'bigquery',
        project: bigquery.project,
        dataset: bigquery.dataset,
        staging: `gs://${gcs.bucket}/beamlift`,
        credentials: 'anonymous',
        endpoint: bigquery.endpoint,
        staging_endpoint: gcs.endpoint,
      },
      ...destinations,
    },
    defaults: { destination: 'warehouse', load_type: 'catalog', create_table: true },
    jobs,
    ...others,
  };
  await writeFile(path.join(folder, 'beamlift.yaml'), JSON.stringify(configuration));
}
