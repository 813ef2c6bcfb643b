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

export async function startStandIns(): Promise<StandIns> {
  const gcs = await startGcsServer();
  const [bigquery, postgres] = await Promise.all([
    startBigQueryServer({ storage: gcs.endpoint }),
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

/** `beamlift.yaml` in the folder: connections `shop` and `here`, the destination `warehouse`, these jobs, and what else is given. */
export async function configureBench(
  folder: string,
  { postgres, gcs, bigquery }: StandIns,
  jobs: Readonly<Record<string, unknown>>,
  others: Readonly<Record<string, unknown>> = {},
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
    },
    defaults: { destination: 'warehouse', load_type: 'catalog', create_table: true },
    jobs,
    ...others,
  };
  await writeFile(path.join(folder, 'beamlift.yaml'), JSON.stringify(configuration));
}
