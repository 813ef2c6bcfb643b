import { quietServices } from '../contract/quiet-services';
import type { PreparedSource } from '../contract/source-contract';
import { startAzurite } from './azurite-server';
import { writeBucketRows } from './bucket-rows';

/** A container of azurite with files below a prefix. */
export async function prepareAzureSource(): Promise<PreparedSource> {
  const server = await startAzurite('lake');
  const rows = await writeBucketRows((key, body) => server.write(key, body)).catch(async (error: unknown) => {
    await server.stop();
    throw error;
  });
  const { account, key, endpoint, container } = server;
  return {
    spec: {
      type: 'azure_blob',
      connectionName: 'lake',
      connection: { container, prefix: 'exports', account, account_key: key, endpoint },
      object: { kind: 'files', pattern: '**/*.csv*', format: 'csv', options: {} },
      maxConnections: 8,
    },
    services: quietServices('/'),
    columns: ['id', 'note'],
    rows,
    dispose: () => server.stop(),
  };
}
