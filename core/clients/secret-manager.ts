import { crc32c } from '../crc32c';
import { CredentialsProblem, type GoogleAccessTokens } from './google-access-token';
import { asRecord, HttpFailure, requestJson, type SmallHttp } from './small-http';

export const SECRET_MANAGER_ENDPOINT = 'https://secretmanager.googleapis.com';

const ACCESS_TIMEOUT_MS = 10_000;

/** Why a version of a secret could not be read, in words for people, and what to do. */
export class SecretManagerProblem extends Error {
  constructor(
    message: string,
    readonly hint: string | undefined,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'SecretManagerProblem';
  }
}

/**
 * The payload of `projects/P/secrets/S/versions/V`, checked against its CRC-32C where the service gives one.
 * Throws SecretManagerProblem, which never holds a payload, or the signal's reason.
 */
export async function accessSecretVersion(
  version: string,
  service: { readonly endpoint: string; readonly http: SmallHttp; readonly tokens: GoogleAccessTokens },
  signal: AbortSignal,
): Promise<Uint8Array> {
  const token = await accessToken(service.tokens, signal);
  let answer: unknown;
  try {
    answer = await requestJson(
      service.http,
      {
        url: `${service.endpoint}/v1/${version.split('/').map(encodeURIComponent).join('/')}:access`,
        method: 'GET',
        headers: { authorization: `Bearer ${token}` },
        timeoutMs: ACCESS_TIMEOUT_MS,
      },
      signal,
    );
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error;
    throw new SecretManagerProblem(`Secret Manager: ${error.message}`, hintFor(error.status), {
      cause: error,
    });
  }
  const { data, dataCrc32c } = asRecord(asRecord(answer)['payload']);
  if (typeof data !== 'string')
    throw new SecretManagerProblem('Secret Manager answered without a payload', undefined);
  const bytes = Buffer.from(data, 'base64');
  if (dataCrc32c !== undefined && Number(dataCrc32c) !== crc32c(bytes)) {
    throw new SecretManagerProblem(
      'The payload was damaged on its way: it does not match its checksum',
      'Run the command again.',
    );
  }
  return bytes;
}

async function accessToken(tokens: GoogleAccessTokens, signal: AbortSignal): Promise<string> {
  try {
    return await tokens.get(signal);
  } catch (error) {
    if (!(error instanceof HttpFailure) && !(error instanceof CredentialsProblem)) throw error;
    throw new SecretManagerProblem(
      `No access token for Google Cloud: ${error.message}`,
      'Log in with `gcloud auth application-default login`, set GOOGLE_APPLICATION_CREDENTIALS to a key file, or run where a service account is attached.',
      { cause: error },
    );
  }
}

function hintFor(status: number | undefined): string {
  switch (status) {
    case 401:
      return 'The credentials are not valid any more: log in again.';
    case 403:
      return 'Grant the account the role roles/secretmanager.secretAccessor on the secret, and check that the Secret Manager API is enabled.';
    case 404:
      return 'Check project, secret and version; `gcloud secrets versions list SECRET` shows the versions.';
    default:
      return 'Run the command again; if it persists, check the network and the status of Secret Manager.';
  }
}
