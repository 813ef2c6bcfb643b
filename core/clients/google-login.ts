import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type * as GoogleAuthLibrary from 'google-auth-library';
import type { AuthClient, OAuth2ClientOptions } from 'google-auth-library';
import { BeamliftError, messageOf, systemCode } from '../errors';
import type { Environment } from '../extractor';
import { GoogleServiceFailure } from './google-failures';
import { asRecord } from './small-http';

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
/** The login that sends nothing: for emulators and public data. */
export const ANONYMOUS = 'anonymous';
/** For a token, all tries of the library included. */
const TOKEN_TIMEOUT_MS = 30_000;
/** The metadata server is on the same machine; elsewhere its name leads nowhere. */
const METADATA_TIMEOUT_MS = 3_000;

export interface GoogleLoginOptions {
  /** The text of a key file, or `anonymous`; undefined: Google's default chain. */
  readonly credentials?: string;
  /** E-mail address of a service account to act as. */
  readonly impersonate?: string;
  readonly environment: Environment;
  /** For tests. */
  readonly fetch?: typeof fetch;
}

/** Who asks Google's services. One may serve several clients. */
export interface GoogleLogin {
  readonly isAnonymous: boolean;
  /** The project the key belongs to, or the environment names; undefined: nobody says. */
  readonly project: string | undefined;
  /** What a request carries to be let in. Throws GoogleServiceFailure, or the signal's reason. */
  headers(signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
  /** Forgets the token, which a service refused. False: it was refused before it was ever accepted, and another one would fare no better. */
  renew(): boolean;
  /** The token was accepted. */
  confirm(): void;
}

/**
 * Finds the credentials: those given, the file of GOOGLE_APPLICATION_CREDENTIALS, the file of `gcloud auth application-default login`, and
 * at last the metadata server of Google's machines. No request is made yet. Throws LOGIN_FAILED for credentials that cannot be read.
 */
export async function openGoogleLogin(
  options: GoogleLoginOptions,
  signal: AbortSignal,
): Promise<GoogleLogin> {
  const { environment } = options;
  const named = ['GOOGLE_CLOUD_PROJECT', 'GCLOUD_PROJECT', 'CLOUDSDK_CORE_PROJECT']
    .map((name) => environment[name])
    .find((value) => value !== undefined && value !== '');
  if (options.credentials === ANONYMOUS) return new AnonymousLogin(named);
  const key =
    options.credentials === undefined
      ? await findKeyFile(environment, signal)
      : { origin: 'the credentials of the connection', text: options.credentials };
  const members = key === undefined ? undefined : parseKey(key.text, key.origin);
  const project = members?.['project_id'] ?? members?.['quota_project_id'];
  return new TokenLogin(
    async () => {
      const library = await import('google-auth-library');
      const fetchUrl = options.fetch ?? fetch;
      const common: OAuth2ClientOptions = { transporterOptions: { fetchImplementation: fetchUrl } };
      const client =
        members === undefined
          ? new library.OAuth2Client(common)
          : clientOf(library, members, key?.origin ?? '', common);
      if (members === undefined && client instanceof library.OAuth2Client) {
        client.refreshHandler = async () => await metadataToken(environment, fetchUrl);
      }
      if (options.impersonate === undefined) return client;
      return new library.Impersonated({
        ...common,
        sourceClient: client,
        targetPrincipal: options.impersonate,
        targetScopes: [SCOPE],
      });
    },
    typeof project === 'string' ? project : named,
  );
}

class AnonymousLogin implements GoogleLogin {
  readonly isAnonymous = true;
  constructor(readonly project: string | undefined) {}
  headers(): Promise<Readonly<Record<string, string>>> {
    return Promise.resolve({});
  }
  renew(): boolean {
    return false;
  }
  confirm(): void {
    // There is no token.
  }
}

class TokenLogin implements GoogleLogin {
  readonly isAnonymous = false;
  private client: Promise<AuthClient> | undefined;
  private accepted = false;

  constructor(
    private readonly open: () => Promise<AuthClient>,
    readonly project: string | undefined,
  ) {}

  async headers(signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    signal.throwIfAborted();
    this.client ??= this.open();
    const client = this.client;
    try {
      // The library keeps the token, asks anew shortly before it expires, and lets all callers wait for the same answer.
      const headers = await within(
        signal,
        TOKEN_TIMEOUT_MS,
        async () => await (await client).getRequestHeaders(),
      );
      return Object.fromEntries(headers.entries());
    } catch (error) {
      signal.throwIfAborted();
      if (this.client === client) this.client = undefined;
      throw loginFailure(error);
    }
  }

  renew(): boolean {
    const worked = this.accepted;
    this.client = undefined;
    this.accepted = false;
    return worked;
  }

  confirm(): void {
    this.accepted = true;
  }
}

type Library = typeof GoogleAuthLibrary;
type Key = Readonly<Record<string, unknown>>;

/** Each kind by its own constructor: a file cannot make itself into another kind than it says. */
function clientOf(library: Library, key: Key, origin: string, common: OAuth2ClientOptions): AuthClient {
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
        key: text('private_key'),
        ...(typeof keyId === 'string' ? { keyId } : {}),
        scopes: [SCOPE],
      });
    case 'authorized_user':
      return new library.UserRefreshClient({
        ...shared,
        clientId: text('client_id'),
        clientSecret: text('client_secret'),
        refreshToken: text('refresh_token'),
      });
    case 'external_account': {
      // The library reads the members of such a file itself; what it lacks, it says.
      const client = library.ExternalAccountClient.fromJSON({
        ...(key as unknown as Parameters<Library['ExternalAccountClient']['fromJSON']>[0]),
        ...common,
      });
      if (client === null) throw unusable(origin, 'is not a usable external_account');
      client.scopes = [SCOPE];
      return client;
    }
    case 'impersonated_service_account': {
      const target = /([^/]+):generateAccessToken$/.exec(text('service_account_impersonation_url'))?.[1];
      if (target === undefined) throw unusable(origin, 'names no service account to act as');
      const delegates = key['delegates'];
      return new library.Impersonated({
        ...shared,
        sourceClient: clientOf(library, asRecord(key['source_credentials']), origin, common),
        targetPrincipal: target,
        targetScopes: [SCOPE],
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

async function findKeyFile(
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
        why: systemCode(error) ?? messageOf(error),
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

function parseKey(text: string, origin: string): Key {
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
    hint: 'Give the whole text of a key file as Google wrote it, or log in with `gcloud auth application-default login`.',
  });
}

async function metadataToken(
  environment: Environment,
  fetchUrl: typeof fetch,
): Promise<{ access_token: string; expiry_date: number }> {
  const host = environment['GCE_METADATA_HOST'] ?? 'metadata.google.internal';
  const url = `http://${host}/computeMetadata/v1/instance/service-accounts/default/token`;
  let answer: Response;
  let body: Readonly<Record<string, unknown>>;
  try {
    answer = await fetchUrl(url, {
      headers: { 'Metadata-Flavor': 'Google' },
      redirect: 'error',
      signal: AbortSignal.timeout(METADATA_TIMEOUT_MS),
    });
    body = asRecord(await answer.json());
  } catch (error) {
    throw new GoogleServiceFailure(
      'There are no Google credentials: GOOGLE_APPLICATION_CREDENTIALS is not set, nobody logged in with `gcloud auth application-default login`, and this is not a machine of Google Cloud with a service account',
      undefined,
      'login',
      { cause: error },
    );
  }
  const { access_token: token, expires_in: seconds } = body;
  if (!answer.ok || typeof token !== 'string') {
    throw new GoogleServiceFailure(
      `The metadata server gave no access token: HTTP ${answer.status}`,
      answer.status,
      answer.ok || answer.status < 500 ? 'login' : undefined,
    );
  }
  return { access_token: token, expiry_date: Date.now() + Number(seconds ?? 0) * 1000 };
}

/** The library's error as ours: it holds the request, and so the secret, which neither message nor cause may carry on. */
function loginFailure(error: unknown): Error {
  if (error instanceof BeamliftError || error instanceof GoogleServiceFailure) return error;
  const response = asRecord(asRecord(error)['response']);
  const { error: word, error_description: description } = asRecord(response['data']);
  const status = typeof response['status'] === 'number' ? response['status'] : undefined;
  if (status === undefined && systemCode(error) === undefined && !isNetworkError(error)) {
    return new GoogleServiceFailure(
      'The Google credentials cannot be used: no token could be made of them',
      undefined,
      'login',
    );
  }
  if (status === undefined) {
    const code = systemCode(error) ?? systemCode(asRecord(error)['cause']);
    const cause = Object.assign(new Error(code ?? 'no answer'), code === undefined ? {} : { code });
    return new GoogleServiceFailure(
      `No answer of Google's token service${code === undefined ? '' : ` (${code})`}`,
      undefined,
      undefined,
      { cause },
    );
  }
  const nested = asRecord(word);
  const said = typeof description === 'string' ? description : nested['message'];
  const short = typeof word === 'string' ? word : undefined;
  const text = [short, said].filter((part) => typeof part === 'string').join(': ');
  return new GoogleServiceFailure(
    `No access token: HTTP ${status}${text === '' ? '' : ` ${text.replace(/\s+/g, ' ').slice(0, 300)}`}`,
    status,
    status >= 500 || status === 429 ? undefined : (short ?? (status === 403 ? 'forbidden' : 'login')),
  );
}

function isNetworkError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    error.name === 'TimeoutError' ||
    error.message.includes('fetch failed') ||
    systemCode(error.cause) !== undefined
  );
}

/** Stops waiting, not the call, when the signal aborts or the time is over. */
async function within<Result>(
  signal: AbortSignal,
  timeoutMs: number,
  call: () => Promise<Result>,
): Promise<Result> {
  let stop = (): void => undefined;
  let timer: NodeJS.Timeout | undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(new DOMException('aborted', 'AbortError'));
    timer = setTimeout(
      () => reject(new DOMException(`no answer within ${timeoutMs / 1000} s`, 'TimeoutError')),
      timeoutMs,
    );
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([call(), stopped]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}
