import { z } from 'zod';
import type { SourceServices } from '../extractor';
import { serviceEndpointProblem } from '../service-endpoint';
import { AZURE_CREDENTIALS, azureSettings, type AzureSettings } from './azure-settings';

const text = z.string().min(1);

/** A container of Azure Blob Storage. */
export const azureConnectionSchema = z
  .strictObject({
    container: text
      .refine((value) => azurePlace({ container: value }).container !== '', 'names no container')
      .describe(
        'The name of the container; `azure://account/container/prefix` and `container/prefix` say account and prefix, too.',
      ),
    prefix: text
      .optional()
      .describe(
        'The folder of the container that patterns of jobs are relative to. Default: the whole container.',
      ),
    account: text
      .optional()
      .describe(
        'The storage account: ACCOUNT of https://ACCOUNT.blob.core.windows.net. Default: AZURE_STORAGE_ACCOUNT.',
      ),
    account_key: text
      .optional()
      .describe('An access key of the account. Better a reference, such as ${env:LAKE_KEY}.'),
    sas_token: text
      .optional()
      .describe(
        'A shared access signature with the rights to read and list: the token, or the whole SAS URL.',
      ),
    connection_string: text
      .optional()
      .describe('All of these in one, as the portal shows it. Default: AZURE_STORAGE_CONNECTION_STRING.'),
    credentials: z
      .enum(AZURE_CREDENTIALS)
      .optional()
      .describe(
        '`anonymous` for public containers, `managed_identity` for that of the machine, `default` for whatever Azure finds (AZURE_CLIENT_ID and so on, workload identity, the machine, `az login`). Default: what else is written here or in AZURE_STORAGE_…, then `default`.',
      ),
    tenant_id: text.optional().describe('With `client_id` and `client_secret`: an app registration.'),
    client_id: text
      .optional()
      .describe('Of an app registration; without `client_secret`, of a user-assigned managed identity.'),
    client_secret: text.optional().describe('Of the app registration.'),
    endpoint: text
      .optional()
      .describe(
        'Another address of the account: of a sovereign cloud, a private link, or an emulator (http://127.0.0.1:10000/devstoreaccount1).',
      ),
  })
  .superRefine((connection, context) => {
    for (const [field, message] of problems(connection)) {
      context.addIssue({ code: 'custom', path: [field], message });
    }
  });
export type AzureConnection = z.infer<typeof azureConnectionSchema>;

export const AZURE_SECRET_FIELDS = [
  'account_key',
  'sas_token',
  'connection_string',
  'client_secret',
] as const;

/** Words that control planes and other tools use. */
export const AZURE_FIELD_ALIASES = {
  bucket_path: 'container',
  container_name: 'container',
  azure_container: 'container',
  azure_storage_account: 'account',
  storage_account: 'account',
  account_name: 'account',
  azure_storage_key: 'account_key',
  access_key: 'account_key',
  azure_sas_token: 'sas_token',
  sas_url: 'sas_token',
  azure_connection_string: 'connection_string',
  azure_tenant_id: 'tenant_id',
  azure_client_id: 'client_id',
  azure_client_secret: 'client_secret',
  account_url: 'endpoint',
} as const;

type Fields = Readonly<Partial<Record<keyof AzureConnection, unknown>>>;

/** What can be known before anything is opened; a reference may stand for any text. */
function problems(connection: Fields): [field: string, message: string][] {
  const found: [string, string][] = [];
  const has = (field: keyof Fields): boolean => connection[field] !== undefined;
  const logins = (
    ['connection_string', 'account_key', 'sas_token', 'client_secret', 'credentials'] as const
  ).filter(has);
  const [first, second] = logins;
  if (first !== undefined && second !== undefined)
    found.push([second, `contradicts ${first}: write one of them`]);
  const { container, endpoint } = connection;
  if (typeof container === 'string') {
    const place = azurePlace({ container });
    if (has('prefix') && place.prefix !== '')
      found.push(['prefix', 'is in the container, too: write it in one of them']);
    if (has('account') && place.account !== undefined)
      found.push(['account', 'is in the container, too: write it in one of them']);
  }
  if (has('client_secret') && !(has('tenant_id') && has('client_id')))
    found.push(['client_secret', 'needs tenant_id and client_id']);
  const problem =
    typeof endpoint === 'string' && !endpoint.includes('${') && serviceEndpointProblem(endpoint);
  if (typeof problem === 'string') found.push(['endpoint', problem]);
  return found;
}

export interface AzurePlace {
  readonly account?: string;
  readonly container: string;
  readonly prefix: string;
}

/** `abfss://container@account.dfs.core.windows.net/prefix`, with blob in Hadoop's older scheme. */
const HADOOP = /^(?:abfss?|wasbs?):\/\/([^@/]+)@([^./]+)\.(?:dfs|blob)\.[^/]+(?:\/(.*))?$/is;

/** `azure://account/container/prefix`, Hadoop's URLs, `container/prefix` or a container's name, cut into their parts. */
export function azurePlace({
  container: written,
  prefix,
}: {
  readonly container: string;
  readonly prefix?: string | undefined;
}): AzurePlace {
  const [, hadoopContainer, hadoopAccount, hadoopPath = ''] = HADOOP.exec(written) ?? [];
  if (hadoopContainer !== undefined && hadoopAccount !== undefined)
    return { account: hadoopAccount, container: hadoopContainer, prefix: prefix ?? hadoopPath };
  const url = /^azure:\/\/([^/]*)\/?(.*)$/is.exec(written);
  const [container = '', ...rest] = (url?.[2] ?? written).split('/');
  const place = { container, prefix: prefix ?? rest.join('/') };
  return url === null ? place : { account: url[1] ?? '', ...place };
}

/** Resolves secrets, and fills in what the environment says. Throws SECRET_UNRESOLVED, CONFIG_INVALID. */
export async function resolveAzureSettings(
  connection: AzureConnection,
  { environment, secrets }: Pick<SourceServices, 'environment' | 'secrets'>,
  signal: AbortSignal,
): Promise<AzureSettings> {
  const resolve = async (value: string | undefined): Promise<string | undefined> =>
    value === undefined ? undefined : await secrets.resolve(value, signal);
  const place = azurePlace(connection);
  return azureSettings(
    {
      container: await secrets.resolve(place.container, signal),
      account: await resolve(connection.account ?? place.account),
      account_key: await resolve(connection.account_key),
      sas_token: await resolve(connection.sas_token),
      connection_string: await resolve(connection.connection_string),
      credentials: connection.credentials,
      tenant_id: await resolve(connection.tenant_id),
      client_id: await resolve(connection.client_id),
      client_secret: await resolve(connection.client_secret),
      endpoint: await resolve(connection.endpoint),
    },
    environment,
  );
}
