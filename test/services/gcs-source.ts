import { quietServices } from '../contract/quiet-services';
import type { PreparedSource } from '../contract/source-contract';
import { writeBucketRows } from './bucket-rows';
import { startGcsServer } from './gcs-server';

/** A bucket of fake-gcs-server with files below a prefix. */
export async function prepareGcsSource(): Promise<PreparedSource> {
  const server = await startGcsServer('lake');
  const rows = await writeBucketRows((key, body) => server.write(key, body)).catch(async (error: unknown) => {
    await server.stop();
    throw error;
  });
  return {
    spec: {
      type: 'gcs',
      connectionName: 'lake',
      connection: {
        bucket: server.bucket,
        prefix: 'exports',
        endpoint: server.endpoint,
        credentials: 'anonymous',
      },
      object: { kind: 'files', pattern: '**/*.csv*', format: 'csv', options: {} },
      maxConnections: 8,
    },
    services: quietServices('/'),
    columns: ['id', 'note'],
    rows,
    dispose: () => server.stop(),
  };
}
