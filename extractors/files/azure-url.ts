import { azurePlace } from '../../core/clients/azure-connection';
import { BeamliftError } from '../../core/errors';
import type { JsonObject } from '../../core/plan';
import { cutObjectPath } from './bucket/cut-object-path';

/** Of an account in any of Azure's clouds. */
const HTTPS = /^https:\/\/([a-z0-9-]+)\.blob\.(core\.[a-z0-9.-]+)\/([^?#]*)(\?[^#]*)?$/is;
const PUBLIC_CLOUD = 'core.windows.net';

/**
 * `azure://account/container/exports/*.csv`, `abfss://container@account.dfs.core.windows.net/exports/*.csv` or
 * `https://account.blob.core.windows.net/container/exports/*.csv` (there percent-encoded, perhaps with a SAS token) as a connection and a
 * pattern. Undefined: not a URL of Azure Blob Storage. Throws USAGE.
 */
export function parseAzureUrl(
  url: string,
): { connection: JsonObject; object?: { pattern: string } } | undefined {
  const web = HTTPS.exec(url);
  if (web !== null) return parseWebUrl(web);
  if (!/^(?:azure|abfss?|wasbs?):\/\//i.test(url)) return undefined;
  const { account = '', container, prefix } = azurePlace({ container: url });
  if (!/^[a-z0-9-]+$/i.test(account) || !/^[$a-z0-9-]+$/i.test(container)) throw unusable();
  return named({ account, container }, prefix);
}

function parseWebUrl([, account = '', cloud = '', path = '', query = '']: RegExpExecArray): ReturnType<
  typeof parseAzureUrl
> {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    throw unusable('Its percent signs are not followed by two hexadecimal digits; % itself is %25.');
  }
  const [container = '', ...rest] = decoded.split('/');
  if (container === '') throw unusable();
  const elsewhere =
    cloud.toLowerCase() === PUBLIC_CLOUD ? {} : { endpoint: `https://${account}.blob.${cloud}` };
  return named(
    { account, container, ...elsewhere, ...(query.length < 2 ? {} : { sas_token: query.slice(1) }) },
    rest.join('/'),
  );
}

function named(connection: JsonObject, path: string): ReturnType<typeof parseAzureUrl> {
  const { prefix, pattern } = cutObjectPath(path);
  return {
    connection: { ...connection, ...(prefix === '' ? {} : { prefix }) },
    ...(pattern === undefined ? {} : { object: { pattern } }),
  };
}

function unusable(why = 'Both account and container have to be named.'): BeamliftError {
  return new BeamliftError('USAGE', {
    what: 'A URL of Azure Blob Storage is azure://account/container/prefix/**/*.csv.',
    why,
    hint: 'The login comes from AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN or `az login`; or write a connection.',
  });
}
