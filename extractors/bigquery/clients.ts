import { bigqueryConnectionSchema, type BigQueryConnection } from '../../core/clients/bigquery-connection';
import { openBigQueryReader } from '../../core/clients/bigquery-reader';
import type { BigQueryReader } from '../../core/clients/bigquery-reader-api';
import { openBigQueryStorage } from '../../core/clients/bigquery-storage';
import type { BigQueryStorage } from '../../core/clients/bigquery-storage-api';
import { openGoogleLogin } from '../../core/clients/google-login';
import type { SourceServices } from '../../core/extractor';
import type { JsonObject } from '../../core/plan';

/** Until the Storage Read API must be reached, in seconds. */
const DEFAULT_CONNECT_TIMEOUT = 20;

export interface BigQueryClients {
  readonly connection: BigQueryConnection;
  readonly reader: BigQueryReader;
  readonly storage: BigQueryStorage;
}

/** Both services know the same login. No request is made yet. Throws SECRET_UNRESOLVED, LOGIN_FAILED, CONFIG_INVALID. */
export async function openBigQueryClients(
  written: JsonObject,
  { secrets, environment, log }: SourceServices,
  signal: AbortSignal,
): Promise<BigQueryClients> {
  const connection = bigqueryConnectionSchema.parse(written);
  const resolve = async (text: string): Promise<string> => await secrets.resolve(text, signal);
  const { credentials, impersonate, endpoint, storage_read_endpoint: storageEndpoint } = connection;
  const login = await openGoogleLogin(
    {
      environment,
      ...(credentials === undefined
        ? {}
        : { credentials: await resolve(credentials), origin: originOf(credentials) }),
      ...(impersonate === undefined ? {} : { impersonate }),
    },
    signal,
  );
  const project = connection.billing_project ?? connection.project;
  const { maximum_bytes_billed: maximumBytesBilled, dataset } = connection;
  const reader = openBigQueryReader({
    login,
    project,
    log,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(maximumBytesBilled === undefined ? {} : { maximumBytesBilled }),
    ...(dataset === undefined
      ? {}
      : { defaultDataset: { projectId: connection.project, datasetId: dataset } }),
  });
  const storage = openBigQueryStorage({
    login,
    project,
    log,
    connectTimeoutMs: 1000 * (connection.connect_timeout ?? DEFAULT_CONNECT_TIMEOUT),
    ...(storageEndpoint === undefined ? {} : { endpoint: storageEndpoint }),
  });
  return { connection, reader, storage };
}

/** A reference tells where a key comes from; a key that is written out stays untold. */
function originOf(written: string): string {
  const reference = /^\$\{(?:env|file|secret):[^}]*\}$/.exec(written)?.[0];
  return reference === undefined
    ? '`credentials` of the connection'
    : `\`credentials\` of the connection, ${reference},`;
}
