import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type * as GoogleAuthLibrary from 'google-auth-library';
import type { AuthClient, OAuth2ClientOptions } from 'google-auth-library';
import { BeamliftError, messageOf, systemCode } from '../errors';
import type { Environment } from '../extractor';
import { asRecord } from './small-http';

export const GOOGLE_SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/** The library is loaded when a token is needed: it takes a tenth of a second. */
export type GoogleLibrary = typeof GoogleAuthLibrary;
export type GoogleKey = Readonly<Record<string, unknown>>;

/** Each kind by its own constructor: a file cannot make itself into another kind than it says. */
export function clientOf(
  library: GoogleLibrary,
  key: GoogleKey,
  origin: string,
  common: OAuth2ClientOptions,
  environment: Environment,
): AuthClient {
  const text = (name: string): string => {
    const value = key[name];
    if (typeof value === 'string' && value !== '') return value;
    throw unusable(origin, `has no ${name}`);
  };
  const keyId = key['private_key_id'];
  const quota = key['quota_project_id'];
  const shared = typeof quota === 'string' ? { ...common, quotaProjectId: quota } : common;
  switch (key['type']) {
    case 'service_account':
      return new library.JWT({
        ...shared,
        email: text('client_email'),
        key: readableKey(text('private_key'), origin),
        ...(typeof keyId === 'string' ? { keyId } : {}),
        scopes: [GOOGLE_SCOPE],
      });
    case 'authorized_user':
      return new library.UserRefreshClient({
        ...shared,
        clientId: text('client_id'),
        clientSecret: text('client_secret'),
        refreshToken: text('refresh_token'),
      });
    case 'external_account': {
      const problem = externalProblem(key, environment);
      if (problem !== undefined) throw unusable(origin, problem);
      // The library reads these members itself; what they lack, it says.
      const known = Object.fromEntries(EXTERNAL_MEMBERS.map((name) => [name, key[name]]));
      const client = library.ExternalAccountClient.fromJSON({
        ...(known as unknown as Parameters<GoogleLibrary['ExternalAccountClient']['fromJSON']>[0]),
        ...common,
      });
      if (client === null) throw unusable(origin, 'is not a usable external_account');
      client.scopes = [GOOGLE_SCOPE];
      return client;
    }
    case 'impersonated_service_account': {
      const target = /([^/]+):generateAccessToken$/.exec(text('service_account_impersonation_url'))?.[1];
      if (target === undefined) throw unusable(origin, 'names no service account to act as');
      const delegates = key['delegates'];
      return new library.Impersonated({
        ...shared,
        sourceClient: clientOf(library, asRecord(key['source_credentials']), origin, common, environment),
        targetPrincipal: target,
        targetScopes: [GOOGLE_SCOPE],
        delegates: Array.isArray(delegates) ? delegates.filter((one) => typeof one === 'string') : [],
      });
    }
    default:
      throw unusable(
        origin,
        'is no service_account, authorized_user, external_account or impersonated_service_account',
      );
  }
}

/** A damaged key is told by name; the library would fail when it signs with it. Throws LOGIN_FAILED. */
function readableKey(key: string, origin: string): string {
  try {
    createPrivateKey(key);
    return key;
  } catch (error) {
    throw unusable(origin, `has a private_key that cannot be read (${systemCode(error) ?? 'damaged'})`);
  }
}

/**
 * What is taken from an external_account (AIP-4117). The library would take more: other spellings of these (`tokenUrl`) and a
 * `universe_domain`, by which the same secrets go to other hosts.
 */
const EXTERNAL_MEMBERS: readonly string[] = [
  'type',
  'audience',
  'subject_token_type',
  'token_url',
  'token_info_url',
  'service_account_impersonation_url',
  'service_account_impersonation',
  'credential_source',
  'client_id',
  'client_secret',
  'quota_project_id',
  'workforce_pool_user_project',
];

/** Such a file names addresses that tokens are sent to, and even programs; whoever wrote it may have meant ill. */
function externalProblem(key: GoogleKey, environment: Environment): string | undefined {
  for (const name of ['token_url', 'token_info_url', 'service_account_impersonation_url']) {
    const address = key[name];
    if (address === undefined) continue;
    const url = typeof address === 'string' && URL.canParse(address) ? new URL(address) : undefined;
    if (url?.protocol !== 'https:' || !url.hostname.endsWith('.googleapis.com')) {
      return `has a ${name} that is not one of Google`;
    }
  }
  const runs = asRecord(key['credential_source'])['executable'] !== undefined;
  return runs && environment['GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES'] !== '1'
    ? 'names a program to run, which GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1 has to allow'
    : undefined;
}

/** The file of GOOGLE_APPLICATION_CREDENTIALS, or that of `gcloud auth application-default login`; undefined: there is none. */
export async function findKeyFile(
  environment: Environment,
  signal: AbortSignal,
): Promise<{ origin: string; text: string } | undefined> {
  const named = environment['GOOGLE_APPLICATION_CREDENTIALS'];
  if (named !== undefined && named !== '') {
    try {
      return { origin: named, text: await readFile(named, { encoding: 'utf8', signal }) };
    } catch (error) {
      signal.throwIfAborted();
      throw new BeamliftError('LOGIN_FAILED', {
        what: 'The key file of GOOGLE_APPLICATION_CREDENTIALS cannot be read',
        where: { object: named },
        why: systemCode(error) === 'ENOENT' ? `${named} does not exist.` : messageOf(error),
        hint: 'Set GOOGLE_APPLICATION_CREDENTIALS to a key file that is there, or unset it.',
        cause: error,
      });
    }
  }
  const folder = gcloudFolder(environment);
  if (folder === undefined) return undefined;
  const file = path.join(folder, 'application_default_credentials.json');
  try {
    return { origin: file, text: await readFile(file, { encoding: 'utf8', signal }) };
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

function gcloudFolder(environment: Environment): string | undefined {
  const { CLOUDSDK_CONFIG: set, APPDATA: windows, HOME: home } = environment;
  if (set !== undefined && set !== '') return set;
  if (windows !== undefined && windows !== '') return path.join(windows, 'gcloud');
  return home === undefined || home === '' ? undefined : path.join(home, '.config', 'gcloud');
}

/** The members of a key. Throws LOGIN_FAILED, which never quotes it. */
export function parseKey(text: string, origin: string): GoogleKey {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // The parser's message quotes the text.
    throw unusable(origin, 'is not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw unusable(origin, 'is not a JSON object');
  }
  return asRecord(parsed);
}

function unusable(origin: string, why: string): BeamliftError {
  return new BeamliftError('LOGIN_FAILED', {
    what: 'The Google credentials cannot be used',
    where: { object: origin },
    why: `${origin} ${why}`,
    hint: 'Give the whole key file as Google wrote it (`credentials: ${file:key.json}`, or GOOGLE_APPLICATION_CREDENTIALS), or log in with `gcloud auth application-default login`.',
  });
}
