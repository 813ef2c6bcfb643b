import type { ErrorCode } from '../error-codes';
import { BeamliftError } from '../errors';
import type { AzureLogin } from './azure-settings';

/** A failed request to Azure Blob Storage, without anything of the request. */
export interface AzureFailure {
  /** Undefined: there was no answer. */
  readonly status: number | undefined;
  /** Azure's word (`x-ms-error-code`), or that of Node.js where there was no answer. */
  readonly code: string | undefined;
  /** One line. */
  readonly message: string;
  /** Azure's clock when it answered, in milliseconds since 1970. */
  readonly serverTimeMs: number | undefined;
  /** Whether no token could be made: nothing was asked of the storage account. */
  readonly identity: boolean;
}

/** What was asked for, for the words of a failure. */
export interface AzureReading {
  readonly action: string;
  /** `azure://account/container`, perhaps with a name. */
  readonly object: string;
  readonly container: string;
  readonly account: string | undefined;
  readonly endpoint: string;
  readonly login: AzureLogin;
  /** This machine's clock, in milliseconds since 1970. */
  readonly nowMs: number;
}

/** https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes and …/blob-service-error-codes. */
const CODES: ReadonlyMap<string, ErrorCode> = new Map<string, ErrorCode>([
  ['ContainerNotFound', 'BUCKET_NOT_FOUND'],
  ['ContainerBeingDeleted', 'BUCKET_NOT_FOUND'],
  ['BlobNotFound', 'SOURCE_CHANGED'],
  ['ConditionNotMet', 'SOURCE_CHANGED'],
  ['InvalidRange', 'SOURCE_CHANGED'],
  ['AuthenticationFailed', 'LOGIN_FAILED'],
  ['InvalidAuthenticationInfo', 'LOGIN_FAILED'],
  ['NoAuthenticationInformation', 'LOGIN_FAILED'],
  ['PublicAccessNotPermitted', 'LOGIN_FAILED'],
  ['AuthorizationPermissionMismatch', 'RIGHTS_MISSING'],
  ['AuthorizationFailure', 'RIGHTS_MISSING'],
  ['InsufficientAccountPermissions', 'RIGHTS_MISSING'],
  ['AccountIsDisabled', 'SOURCE_REFUSED'],
  ['BlobArchived', 'SOURCE_REFUSED'],
  ['BlobBeingRehydrated', 'SOURCE_REFUSED'],
  // the library's own word
  ['PARSE_ERROR', 'SOURCE_REFUSED'],
  ['ENOTFOUND', 'CONNECTION_DNS'],
  ['EAI_AGAIN', 'CONNECTION_DNS'],
  ['EAI_FAIL', 'CONNECTION_DNS'],
  ['ECONNREFUSED', 'CONNECTION_REFUSED'],
  ['EHOSTUNREACH', 'CONNECTION_REFUSED'],
  ['ENETUNREACH', 'CONNECTION_REFUSED'],
  ['ETIMEDOUT', 'CONNECTION_TIMEOUT'],
]);
const TLS = /^(?:CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_|ERR_SSL_|EPROTO)/;

/** How the library for tokens calls it that it reached nobody. Of a managed identity that means that there is none. */
const NETWORK = /^(?!ManagedIdentity).*\bnetwork_error\b/;

/** Azure refuses requests whose clock is further off, in milliseconds. */
const MAX_SKEW_MS = 15 * 60_000;

/** The one decision what a failure means. Without an answer: CONNECTION_LOST; for 429 and from 500 on: SOURCE_UNAVAILABLE. */
export function codeOfAzureFailure({ status, code = '', message, identity }: AzureFailure): ErrorCode {
  // Some accounts call it AuthorizationFailure, which is also what a firewall says.
  if (status === 403 && /failed to authenticate the request/i.test(message)) return 'LOGIN_FAILED';
  const known = CODES.get(code);
  if (known !== undefined) return known;
  if (status === undefined) {
    if (TLS.test(code)) return 'CONNECTION_TLS';
    return identity && !NETWORK.test(message) ? 'LOGIN_FAILED' : 'CONNECTION_LOST';
  }
  if (identity) return status >= 500 || status === 429 ? 'SOURCE_UNAVAILABLE' : 'LOGIN_FAILED';
  if (status === 401) return 'LOGIN_FAILED';
  if (status === 403) return 'RIGHTS_MISSING';
  if (status === 404 && code === 'ResourceNotFound') return 'BUCKET_NOT_FOUND';
  if (status === 412 || status === 416) return 'SOURCE_CHANGED';
  return status >= 500 || status === 429 || status === 408 ? 'SOURCE_UNAVAILABLE' : 'SOURCE_REFUSED';
}

/** A failure as an error for people: what could not be done, Azure's own words, what to do. */
export function azureError(failure: AzureFailure, reading: AzureReading): BeamliftError {
  const code = codeOfAzureFailure(failure);
  const hint = hintFor(code, failure, reading);
  return new BeamliftError(code, {
    what: whatOf(code, reading),
    where: { object: reading.object },
    why: whyOf(failure),
    ...(hint === undefined ? {} : { hint }),
  });
}

function whatOf(code: ErrorCode, { action, object, container }: AzureReading): string {
  if (code === 'BUCKET_NOT_FOUND') return `There is no container ${JSON.stringify(container)}`;
  if (code === 'SOURCE_CHANGED') return `${object} was replaced or deleted since it was listed`;
  return `Azure Blob Storage: could not ${action}`;
}

function whyOf({ status, code, message }: AzureFailure): string {
  if (status === undefined) return message;
  const said = [code, message].filter((part) => part !== undefined && part !== '').join(': ');
  return said === '' ? `HTTP ${status}` : `HTTP ${status}, ${said}`;
}

function hintFor(code: ErrorCode, failure: AzureFailure, reading: AzureReading): string | undefined {
  const { account, endpoint, login, container } = reading;
  const host = new URL(endpoint).host;
  switch (code) {
    case 'CONNECTION_DNS':
      return failure.identity
        ? 'Check the network: tokens come from login.microsoftonline.com.'
        : `Check \`account\`${account === undefined ? '' : ` (${account})`}: no storage account has the address ${host}, or this network does not find it.`;
    case 'CONNECTION_REFUSED':
    case 'CONNECTION_TIMEOUT':
      return `Check the address ${host} (\`endpoint\`, \`account\`), and the firewall between here and there.`;
    case 'CONNECTION_TLS':
      return 'Check `endpoint` where one is set, and whether a proxy stands between; NODE_EXTRA_CA_CERTS names a file of more certificate authorities.';
    case 'BUCKET_NOT_FOUND':
      return login.kind === 'anonymous'
        ? 'Check `container`; one that is not public looks the same without a login.'
        : `Check \`container\`: small letters, digits and hyphens, as in the account${account === undefined ? '' : ` ${account}`}; folders belong into \`prefix\`.`;
    case 'SOURCE_CHANGED':
      return 'Run the job again: it takes what is there now. Load files that are written under a new name each time.';
    case 'LOGIN_FAILED':
      return hintForLogin(failure, reading);
    case 'RIGHTS_MISSING':
      return hintForRights(failure, login, container);
    case 'SOURCE_UNAVAILABLE':
    case 'CONNECTION_LOST':
      if (failure.identity) return 'Check the network: tokens come from login.microsoftonline.com.';
      return 'It was tried several times. Run again; https://azure.status.microsoft shows outages.';
    case 'SOURCE_REFUSED':
      return hintForRefusal(failure, host);
    default:
      return undefined;
  }
}

function hintForLogin(
  { code, serverTimeMs, message }: AzureFailure,
  { login, nowMs, account }: AzureReading,
): string {
  const skewMs = serverTimeMs === undefined ? 0 : nowMs - serverTimeMs;
  if (Math.abs(skewMs) > MAX_SKEW_MS) {
    const minutes = Math.round(Math.abs(skewMs) / 60_000);
    return `The clock of this machine is ${minutes} minutes ${skewMs > 0 ? 'ahead of' : 'behind'} Azure's, which allows 15. Set it right.`;
  }
  if (code === 'PublicAccessNotPermitted')
    return 'The account allows no anonymous access: give the connection a key, a SAS token or an identity.';
  const owner = account === undefined ? 'the account' : `the account ${account}`;
  switch (login.kind) {
    case 'key':
      return `Check that \`account_key\` (or that in \`connection_string\`) is a current key of ${owner}: keys change when they are rotated.`;
    case 'sas':
      return sasHint(login.token, nowMs, owner);
    case 'anonymous':
      return 'The container is not public: give the connection `account_key`, `sas_token`, `connection_string` or an identity.';
    case 'service principal':
      return 'Check `tenant_id`, `client_id` and `client_secret` of the app registration: secrets expire.';
    case 'managed identity':
      return 'Run on a machine of Azure that has a managed identity; `client_id` chooses one of several.';
    case 'default':
      return /^ChainedTokenCredential/.test(message)
        ? 'There is no Azure login here: give the connection `account_key`, `sas_token` or `connection_string`, log in with `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET.'
        : 'Renew the login with `az login`, or give the connection `account_key`, `sas_token` or `connection_string`.';
  }
}

/** What a token itself says about why it is refused. It is public but for its signature. */
function sasHint(token: string, nowMs: number, owner: string): string {
  const parameters = new URLSearchParams(token);
  const starts = parameters.get('st');
  const expires = parameters.get('se');
  if (expires !== null && Date.parse(expires) <= nowMs)
    return `The SAS token expired at ${shown(expires)}. Make a new one.`;
  if (starts !== null && Date.parse(starts) > nowMs)
    return `The SAS token is not valid before ${shown(starts)}.`;
  return `The SAS token is not whole, was made for another account, or the key of ${owner} that signed it was rotated. Make a new one.`;
}

function shown(time: string): string {
  const parsed = new Date(time);
  return Number.isNaN(parsed.getTime()) ? 'a time that cannot be read' : parsed.toISOString();
}

function hintForRights({ code }: AzureFailure, login: AzureLogin, container: string): string {
  if (login.kind === 'sas') {
    const parameters = new URLSearchParams(login.token);
    const rights = parameters.get('sp');
    const lacking = ['r', 'l'].filter((right) => rights !== null && !rights.includes(right));
    if (parameters.get('sr') === 'b')
      return `The SAS token is one of a single blob. Make one of the container ${container}, with the rights to read and list.`;
    if (lacking.length > 0)
      return `The SAS token lacks the right to ${lacking.map((right) => (right === 'r' ? 'read' : 'list')).join(' and to ')}. Make one with the rights to read and to list.`;
    return `Check whether the SAS token is one of the container ${container}, allows this address, and has the rights to read and list (sp=rl).`;
  }
  if (code === 'AuthorizationFailure' || login.kind === 'key')
    return "The account's firewall may not allow this network, or it forbids this kind of login (Networking and Configuration of the account).";
  return `Grant the login the role Storage Blob Data Reader on the container ${container} or its account. It takes some minutes until a new role counts.`;
}

function hintForRefusal({ code }: AzureFailure, host: string): string | undefined {
  if (code === 'BlobArchived' || code === 'BlobBeingRehydrated')
    return 'The blob is in the archive: move it to the hot or cool tier first (rehydration takes hours), or leave it out of `file_pattern`.';
  if (code === 'AccountIsDisabled') return 'The storage account is disabled: ask its owner.';
  return `Check \`container\` and the address ${host}: is it one of Azure Blob Storage?`;
}
