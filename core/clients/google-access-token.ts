import { createSign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Environment } from '../extractor';
import { asRecord, requestJson, type SmallHttp } from './small-http';

/** Where Google's token services are; tests have their own. */
export interface TokenEndpoints {
  /** For refresh tokens of a user's login. */
  readonly oauth: string;
  /** Overrides a key file's `token_uri`; undefined: what the key says. */
  readonly serviceAccount: string | undefined;
}

export const TOKEN_ENDPOINTS: TokenEndpoints = {
  oauth: 'https://oauth2.googleapis.com/token',
  serviceAccount: undefined,
};

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
/** What Google allows at most, in seconds. */
const ASSERTION_LIFETIME_S = 3_600;
/** A token is not used in its last minute: it would expire on its way. */
const EXPIRY_MARGIN_MS = 60_000;
const TOKEN_TIMEOUT_MS = 10_000;
/** The metadata server is on the same machine; elsewhere its name or address leads nowhere. */
const METADATA_TIMEOUT_MS = 3_000;

interface Token {
  readonly value: string;
  readonly expiresAt: number;
}

/** Credentials that cannot be used, in words for people. */
export class CredentialsProblem extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CredentialsProblem';
  }
}

/**
 * Access tokens by Google's default chain: the key file of GOOGLE_APPLICATION_CREDENTIALS (a service account, or a user's login), the file
 * that `gcloud auth application-default login` writes, the metadata server. A token is kept until shortly before it expires.
 */
export class GoogleAccessTokens {
  private token: Token | undefined;

  constructor(
    private readonly environment: Environment,
    private readonly http: SmallHttp,
    private readonly endpoints: TokenEndpoints = TOKEN_ENDPOINTS,
  ) {}

  /** Throws CredentialsProblem, HttpFailure, or the signal's reason. */
  async get(signal: AbortSignal): Promise<string> {
    if (this.token === undefined || Date.now() > this.token.expiresAt - EXPIRY_MARGIN_MS) {
      this.token = await this.fetchToken(signal);
    }
    return this.token.value;
  }

  private async fetchToken(signal: AbortSignal): Promise<Token> {
    const file = await this.findKeyFile(signal);
    if (file === undefined) return await this.fromMetadataServer(signal);
    const key = parseKeyFile(file.text, file.path);
    switch (key['type']) {
      case 'service_account':
        return await this.fromServiceAccount(key, file.path, signal);
      case 'authorized_user':
        return await this.fromRefreshToken(key, file.path, signal);
      default:
        throw new CredentialsProblem(
          `${file.path} is neither a service account's key nor a user's login; other kinds of credentials are not available in this version`,
        );
    }
  }

  private async findKeyFile(signal: AbortSignal): Promise<{ path: string; text: string } | undefined> {
    const named = this.environment['GOOGLE_APPLICATION_CREDENTIALS'];
    if (named !== undefined && named !== '') {
      try {
        return { path: named, text: await readFile(named, { encoding: 'utf8', signal }) };
      } catch (error) {
        signal.throwIfAborted();
        throw new CredentialsProblem(
          `GOOGLE_APPLICATION_CREDENTIALS names ${named}, which cannot be read (${errorCode(error)})`,
          { cause: error },
        );
      }
    }
    const folder = this.environment['CLOUDSDK_CONFIG'] ?? homeFolder(this.environment);
    if (folder === undefined) return undefined;
    const wellKnown = path.join(folder, 'application_default_credentials.json');
    try {
      return { path: wellKnown, text: await readFile(wellKnown, { encoding: 'utf8', signal }) };
    } catch {
      signal.throwIfAborted();
      return undefined;
    }
  }

  private async fromServiceAccount(
    key: Readonly<Record<string, unknown>>,
    file: string,
    signal: AbortSignal,
  ): Promise<Token> {
    const url = this.endpoints.serviceAccount ?? textOf(key, 'token_uri', file);
    if (this.endpoints.serviceAccount === undefined && !url.startsWith('https://')) {
      throw new CredentialsProblem(`${file}: token_uri is not an https:// address`);
    }
    const assertion = signAssertion(textOf(key, 'client_email', file), url, key, file);
    return await this.exchange(
      url,
      { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion },
      signal,
    );
  }

  private async fromRefreshToken(
    key: Readonly<Record<string, unknown>>,
    file: string,
    signal: AbortSignal,
  ): Promise<Token> {
    const form = {
      grant_type: 'refresh_token',
      client_id: textOf(key, 'client_id', file),
      client_secret: textOf(key, 'client_secret', file),
      refresh_token: textOf(key, 'refresh_token', file),
    };
    return await this.exchange(this.endpoints.oauth, form, signal);
  }

  private async exchange(
    url: string,
    form: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Token> {
    const answer = await requestJson(
      this.http,
      {
        url,
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(form).toString(),
        timeoutMs: TOKEN_TIMEOUT_MS,
      },
      signal,
    );
    return tokenOf(answer);
  }

  private async fromMetadataServer(signal: AbortSignal): Promise<Token> {
    const host = this.environment['GCE_METADATA_HOST'] ?? 'metadata.google.internal';
    const answer = await requestJson(
      this.http,
      {
        url: `http://${host}/computeMetadata/v1/instance/service-accounts/default/token`,
        method: 'GET',
        headers: { 'Metadata-Flavor': 'Google' },
        timeoutMs: METADATA_TIMEOUT_MS,
      },
      signal,
    );
    return tokenOf(answer);
  }
}

function homeFolder(environment: Environment): string | undefined {
  const home = environment['HOME'];
  return home === undefined || home === '' ? undefined : path.join(home, '.config', 'gcloud');
}

function parseKeyFile(text: string, file: string): Readonly<Record<string, unknown>> {
  try {
    return asRecord(JSON.parse(text));
  } catch {
    // The parser's message quotes the file.
    throw new CredentialsProblem(`${file} is not JSON`);
  }
}

function textOf(key: Readonly<Record<string, unknown>>, name: string, file: string): string {
  const value = key[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new CredentialsProblem(`${file} has no ${name}`);
}

/** A signed statement of who we are (RFC 7523), which the token service exchanges for a token. */
function signAssertion(
  email: string,
  audience: string,
  key: Readonly<Record<string, unknown>>,
  file: string,
): string {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const keyId = key['private_key_id'];
  const header = encode({ alg: 'RS256', typ: 'JWT', ...(typeof keyId === 'string' ? { kid: keyId } : {}) });
  const claims = encode({
    iss: email,
    scope: SCOPE,
    aud: audience,
    iat: now,
    exp: now + ASSERTION_LIFETIME_S,
  });
  const signed = `${header}.${claims}`;
  try {
    const signature = createSign('RSA-SHA256')
      .update(signed)
      .sign(textOf(key, 'private_key', file), 'base64url');
    return `${signed}.${signature}`;
  } catch (error) {
    if (error instanceof CredentialsProblem) throw error;
    throw new CredentialsProblem(`${file}: private_key is not a usable RSA key`);
  }
}

function tokenOf(answer: unknown): Token {
  const { access_token: value, expires_in: seconds } = asRecord(answer);
  if (typeof value !== 'string' || value === '') {
    throw new CredentialsProblem('the token service answered without an access token');
  }
  const lifetime = typeof seconds === 'number' && seconds > 0 ? seconds : 0;
  return { value, expiresAt: Date.now() + lifetime * 1000 };
}

function errorCode(error: unknown): string {
  const { code } = asRecord(error);
  return typeof code === 'string' ? code : 'unknown reason';
}
