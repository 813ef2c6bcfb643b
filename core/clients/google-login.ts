import type { AuthClient, OAuth2ClientOptions } from 'google-auth-library';
import { BeamliftError, systemCode } from '../errors';
import type { Environment } from '../extractor';
import { GoogleServiceFailure } from './google-failures';
import { clientOf, findKeyFile, GOOGLE_SCOPE, parseKey } from './google-keys';
import { asRecord } from './small-http';

/** The login that sends nothing: for emulators and public data. */
export const ANONYMOUS = 'anonymous';
/** For a token, all tries of the library included. */
const TOKEN_TIMEOUT_MS = 30_000;
/** The metadata server is on the same machine; elsewhere its name leads nowhere. */
const METADATA_TIMEOUT_MS = 3_000;

export interface GoogleLoginOptions {
  /** The text of a key file, or `anonymous`; undefined: Google's default chain. */
  readonly credentials?: string;
  /** Where they come from, for messages. */
  readonly origin?: string;
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
  /**
   * Forgets the token of these headers, which a service refused. True: the next headers have another one. False: it was refused before it
   * was ever accepted, and another one would fare no better.
   */
  renew(refused: Readonly<Record<string, string>>): boolean;
  /** The token of these headers was accepted. */
  confirm(accepted: Readonly<Record<string, string>>): void;
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
      : { origin: options.origin ?? '`credentials`', text: options.credentials };
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
          : clientOf(library, members, key?.origin ?? '', common, environment);
      if (members === undefined && client instanceof library.OAuth2Client) {
        client.refreshHandler = async () => await metadataToken(environment, fetchUrl);
      }
      if (options.impersonate === undefined) return client;
      return new library.Impersonated({
        ...common,
        sourceClient: client,
        targetPrincipal: options.impersonate,
        targetScopes: [GOOGLE_SCOPE],
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
  private current: string | undefined;
  private accepted: string | undefined;

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
      const found = Object.fromEntries(headers.entries());
      if (this.client === client) this.current = found['authorization'];
      return found;
    } catch (error) {
      signal.throwIfAborted();
      if (this.client === client) this.client = undefined;
      throw loginFailure(error);
    }
  }

  renew({ authorization }: Readonly<Record<string, string>>): boolean {
    // Somebody whose request was refused, too, has renewed it already.
    if (authorization !== this.current) return true;
    const worked = authorization !== undefined && authorization === this.accepted;
    this.client = undefined;
    this.current = undefined;
    return worked;
  }

  confirm({ authorization }: Readonly<Record<string, string>>): void {
    this.accepted = authorization;
  }
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
  const code = systemCode(error) ?? systemCode(asRecord(error)['cause']);
  const file = asRecord(error)['path'];
  const known = code === undefined ? '' : ` (${code}${typeof file === 'string' ? ` ${file}` : ''})`;
  if (status === undefined && !isNetworkError(error)) {
    // A damaged private key, a file of a subject's token that is not there.
    const what = `The Google credentials cannot be used: no token could be made of them${known}`;
    return new GoogleServiceFailure(what, undefined, 'login');
  }
  if (status === undefined) {
    const cause = Object.assign(new Error(code ?? 'no answer'), code === undefined ? {} : { code });
    return new GoogleServiceFailure(`No answer of Google's token service${known}`, undefined, undefined, {
      cause,
    });
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

/** The library's HTTP client puts the request at its errors as `config`; ours is about time. */
function isNetworkError(error: unknown): boolean {
  return error instanceof Error && (error.name === 'TimeoutError' || 'config' in error);
}

/** Stops waiting, not the call, when the signal aborts or the time is over. */
async function within<Result>(
  signal: AbortSignal,
  timeoutMs: number,
  call: () => Promise<Result>,
): Promise<Result> {
  // Many callers wait at once: their listeners are not put at the run's signal itself.
  const aborted = AbortSignal.any([signal]);
  let stop = (): void => undefined;
  let timer: NodeJS.Timeout | undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(new DOMException('aborted', 'AbortError'));
    timer = setTimeout(
      () => reject(new DOMException(`no answer within ${timeoutMs / 1000} s`, 'TimeoutError')),
      timeoutMs,
    );
    aborted.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([call(), stopped]);
  } finally {
    clearTimeout(timer);
    aborted.removeEventListener('abort', stop);
  }
}
