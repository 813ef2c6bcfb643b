import { BeamliftError } from '../errors';
import type { Environment } from '../extractor';
import { serviceEndpointProblem } from '../service-endpoint';

/** What a connection to Azure Blob Storage says, with its references resolved. */
export interface AzureFields {
  readonly container: string;
  readonly account?: string | undefined;
  readonly account_key?: string | undefined;
  /** A token, or the whole URL that it came in. */
  readonly sas_token?: string | undefined;
  readonly connection_string?: string | undefined;
  readonly credentials?: AzureCredentials | undefined;
  readonly tenant_id?: string | undefined;
  readonly client_id?: string | undefined;
  readonly client_secret?: string | undefined;
  readonly endpoint?: string | undefined;
}

export const AZURE_CREDENTIALS = ['default', 'managed_identity', 'anonymous'] as const;
export type AzureCredentials = (typeof AZURE_CREDENTIALS)[number];

/** Who asks. */
export type AzureLogin =
  | { readonly kind: 'key'; readonly account: string; readonly key: string }
  /** `token` without the question mark. */
  | { readonly kind: 'sas'; readonly token: string }
  | {
      readonly kind: 'service principal';
      readonly tenant: string;
      readonly client: string;
      readonly secret: string;
    }
  | { readonly kind: 'managed identity'; readonly client: string | undefined }
  | { readonly kind: 'default' }
  | { readonly kind: 'anonymous' };

export interface AzureSettings {
  /** Of the account, without a slash at its end: `https://ACCOUNT.blob.core.windows.net`. */
  readonly endpoint: string;
  /** Undefined: an endpoint of one's own that names none. */
  readonly account: string | undefined;
  readonly container: string;
  readonly login: AzureLogin;
}

/** Account, key and address that the emulator's own documentation gives everybody. */
const DEVELOPMENT_STORAGE =
  'DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1';
const PUBLIC_SUFFIX = 'core.windows.net';

/**
 * Decides where the container is and who asks for it; what the fields leave out comes from AZURE_STORAGE_CONNECTION_STRING,
 * AZURE_STORAGE_ACCOUNT, AZURE_STORAGE_KEY and AZURE_STORAGE_SAS_TOKEN, as Azure's own command line reads them. Without any of them:
 * `default`. Throws CONFIG_INVALID, which never quotes a secret.
 */
export function azureSettings(written: AzureFields, environment: Environment): AzureSettings {
  const fields = withEnvironment(written, environment);
  const text = fields.connection_string;
  const parts = text === undefined ? undefined : connectionString(text);
  const url = sasUrl(fields.sas_token);
  const own = fields.endpoint ?? parts?.endpoint ?? url?.endpoint;
  const account = parts?.account ?? written.account ?? accountOf(own) ?? fields.account;
  const endpoint = endpointOf(own, account);
  const login = parts?.login ?? loginOf(fields, account, url?.token);
  const local = /^http:\/\/(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])(?=[:/]|$)/i.test(endpoint);
  if (endpoint.startsWith('http:') && !local && login.kind !== 'key' && login.kind !== 'anonymous') {
    throw invalid(
      'A token is not sent to an endpoint without https://',
      'Write an https:// endpoint. To another machine by http:// goes what signs with `account_key` alone.',
    );
  }
  return { endpoint, account, container: fields.container, login };
}

/** The environment's login belongs to the environment's account. */
function withEnvironment(fields: AzureFields, environment: Environment): AzureFields {
  const says = fields.connection_string ?? fields.account_key ?? fields.sas_token ?? fields.credentials;
  const variable = (name: string): string | undefined => {
    const value = environment[name];
    return value === '' ? undefined : value;
  };
  const own = variable('AZURE_STORAGE_ACCOUNT');
  if (says !== undefined || fields.client_secret !== undefined)
    return { ...fields, account: fields.account ?? own };
  const connection = variable('AZURE_STORAGE_CONNECTION_STRING');
  if (connection !== undefined && fields.account === undefined && fields.endpoint === undefined) {
    return { ...fields, connection_string: connection };
  }
  if (fields.account !== undefined && fields.account !== own) return fields;
  const [key, token] = [variable('AZURE_STORAGE_KEY'), variable('AZURE_STORAGE_SAS_TOKEN')];
  const login = key !== undefined ? { account_key: key } : token !== undefined ? { sas_token: token } : {};
  return { ...fields, account: fields.account ?? own, ...login };
}

interface ConnectionString {
  readonly account: string | undefined;
  readonly endpoint: string | undefined;
  readonly login: AzureLogin;
}

/** `Name=value;Name=value`, names of any case. */
function connectionString(text: string): ConnectionString {
  const parts = new Map<string, string>();
  for (const part of text.split(';')) {
    const equals = part.indexOf('=');
    if (equals > 0) parts.set(part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim());
  }
  if (parts.get('usedevelopmentstorage')?.toLowerCase() === 'true')
    return connectionString(DEVELOPMENT_STORAGE);
  const account = parts.get('accountname');
  const key = parts.get('accountkey');
  const token = parts.get('sharedaccesssignature');
  const suffix = parts.get('endpointsuffix') ?? PUBLIC_SUFFIX;
  const protocol = parts.get('defaultendpointsprotocol') ?? 'https';
  const endpoint =
    parts.get('blobendpoint') ??
    (account === undefined ? undefined : `${protocol}://${account}.blob.${suffix}`);
  if (key !== undefined && account !== undefined) {
    return { account, endpoint, login: { kind: 'key', account, key: checkedKey(key) } };
  }
  if (token !== undefined && endpoint !== undefined) {
    return { account, endpoint, login: { kind: 'sas', token: checkedToken(token) } };
  }
  throw invalid(
    '`connection_string` is not one of a storage account',
    'Copy it whole: AccountName=…;AccountKey=…;EndpointSuffix=core.windows.net, or BlobEndpoint=…;SharedAccessSignature=….',
  );
}

interface SasUrl {
  readonly endpoint: string;
  readonly token: string;
}

/** A whole URL, as the portal gives it: https://ACCOUNT.blob.core.windows.net/CONTAINER?sv=… */
function sasUrl(text: string | undefined): SasUrl | undefined {
  if (text === undefined || !/^https?:\/\//i.test(text)) return undefined;
  if (!URL.canParse(text)) {
    throw invalid('`sas_token` is a URL that cannot be read', 'Copy the SAS URL or the token alone again.');
  }
  const url = new URL(text);
  return { endpoint: url.origin, token: url.search };
}

/** Of an address of Azure itself. */
const AZURE_HOST = /^(https:\/\/([a-z0-9-]+)\.)(?:blob|dfs)(\.core\.[a-z0-9.-]+)/i;

function accountOf(endpoint: string | undefined): string | undefined {
  return AZURE_HOST.exec(endpoint ?? '')?.[2];
}

function endpointOf(written: string | undefined, account: string | undefined): string {
  if (written === undefined) {
    if (account === undefined) {
      throw invalid(
        'Neither `account` nor `endpoint` nor `connection_string` says where the container is',
        'Name the storage account, as in `account: mycompany`.',
      );
    }
    if (!/^[a-z0-9]{3,24}(?:-secondary)?$/.test(account)) {
      throw invalid(
        `\`account\` is not the name of a storage account: ${JSON.stringify(account)}`,
        'It has 3 to 24 small letters and digits: ACCOUNT of https://ACCOUNT.blob.core.windows.net.',
      );
    }
    return `https://${account}.blob.${PUBLIC_SUFFIX}`;
  }
  const problem = serviceEndpointProblem(written);
  // The address of an account's file system knows another protocol.
  if (problem === undefined) return written.replace(/\/+$/, '').replace(AZURE_HOST, '$1blob$3');
  throw invalid(
    `The endpoint ${problem}`,
    'Write it as https://HOST, or http://127.0.0.1:10000/ACCOUNT for an emulator.',
  );
}

function loginOf(fields: AzureFields, account: string | undefined, urlToken: string | undefined): AzureLogin {
  const { account_key: key, sas_token: token, client_secret: secret, tenant_id: tenant } = fields;
  if (key !== undefined) {
    const owner =
      account ?? throwInvalid('`account_key` needs `account`', 'Name the storage account of the key.');
    return { kind: 'key', account: owner, key: checkedKey(key) };
  }
  if (token !== undefined) return { kind: 'sas', token: checkedToken(urlToken ?? token) };
  const { client_id: client } = fields;
  if (secret !== undefined) {
    if (tenant !== undefined && client !== undefined)
      return { kind: 'service principal', tenant, client, secret };
    throw invalid(
      '`client_secret` needs `tenant_id` and `client_id`',
      'All three are on the page of the app registration.',
    );
  }
  if (fields.credentials === 'anonymous') return { kind: 'anonymous' };
  if (fields.credentials === 'managed_identity' || client !== undefined)
    return { kind: 'managed identity', client };
  return { kind: 'default' };
}

/** Base64, as the portal shows it: another text would sign wrongly and look like a wrong key. */
function checkedKey(key: string): string {
  const trimmed = key.trim();
  if (trimmed.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(trimmed)) return trimmed;
  throw invalid(
    'The account key is not one: it is no base64 text',
    'Copy key1 or key2 of the storage account (Security + networking, Access keys) whole.',
  );
}

function checkedToken(token: string): string {
  const plain = token.trim().replace(/^\?/, '');
  if (/(?:^|&)sig=[^&]/.test(plain)) return plain;
  throw invalid(
    'The SAS token is not one: it has no `sig`',
    'Copy the token whole, from `sv=` or `?sv=` to its end; or the SAS URL.',
  );
}

function invalid(what: string, hint: string): BeamliftError {
  return new BeamliftError('CONFIG_INVALID', { what, hint });
}

function throwInvalid(what: string, hint: string): never {
  throw invalid(what, hint);
}
