import { BeamliftError } from '../errors';
import type { ErrorCode } from '../error-codes';
import { GoogleServiceFailure } from './google-failures';

/** What was read, for the words of a failure. */
export interface GcsReading {
  /** `gs://bucket` or `gs://bucket/name`. */
  readonly object: string;
  readonly bucket: string;
  readonly anonymous: boolean;
  /** Whether `endpoint` was set: then hints speak of it. */
  readonly ownEndpoint: boolean;
}

/**
 * A failure of a request to Cloud Storage as one of a source: BUCKET_NOT_FOUND, LOGIN_FAILED, RIGHTS_MISSING, QUOTA_EXCEEDED,
 * SOURCE_UNAVAILABLE, SOURCE_REFUSED and CONNECTION_*. `error` is what GoogleRest made of it, with the service's answer as its cause; what it made of its own accord stays.
 */
export function gcsReadError(error: BeamliftError, reading: GcsReading): BeamliftError {
  const failure = error.cause instanceof GoogleServiceFailure ? error.cause : undefined;
  const code = codeOf(error, failure);
  const hint = hintFor(code, failure, reading) ?? (code === error.code ? error.hint : undefined);
  return new BeamliftError(code, {
    what: code === 'BUCKET_NOT_FOUND' ? `There is no bucket ${JSON.stringify(reading.bucket)}` : error.what,
    where: error.where,
    ...(error.why === undefined ? {} : { why: error.why }),
    ...(hint === undefined ? {} : { hint }),
    cause: error.cause,
  });
}

function codeOf({ code }: BeamliftError, failure: GoogleServiceFailure | undefined): ErrorCode {
  switch (code) {
    case 'DESTINATION_UNAVAILABLE':
      if (failure?.status !== undefined) return 'SOURCE_UNAVAILABLE';
      return timedOut(failure) ? 'CONNECTION_TIMEOUT' : 'CONNECTION_LOST';
    case 'DESTINATION_FAILED':
      return needsProject(failure) ? 'RIGHTS_MISSING' : 'SOURCE_REFUSED';
    default:
      return code;
  }
}

function timedOut(failure: GoogleServiceFailure | undefined): boolean {
  return failure?.status === undefined && /no answer within|nothing came for/.test(failure?.message ?? '');
}

/** Whether the bucket is one whose readers pay, and the request named nobody. */
export function asksForPayer(error: unknown): boolean {
  return (
    error instanceof BeamliftError && error.cause instanceof GoogleServiceFailure && needsProject(error.cause)
  );
}

function needsProject(failure: GoogleServiceFailure | undefined): boolean {
  return /requester pays/i.test(failure?.message ?? '');
}

/** How Google names a right in a refusal. */
const RIGHT = /\bstorage\.[A-Za-z]+\.[A-Za-z]+\b/;

function hintFor(
  code: ErrorCode,
  failure: GoogleServiceFailure | undefined,
  { bucket, anonymous, ownEndpoint }: GcsReading,
): string | undefined {
  if (needsProject(failure)) {
    return 'The readers of this bucket pay for it: set `project` of the connection to the project that is billed.';
  }
  switch (code) {
    case 'BUCKET_NOT_FOUND':
      return ownEndpoint
        ? 'Check `bucket` and `endpoint` of the connection: the server at that address knows no such bucket.'
        : 'Check `bucket` of the connection: the name alone, without gs:// and without folders.';
    case 'RIGHTS_MISSING':
      return hintForRights(failure, bucket);
    case 'LOGIN_FAILED':
      if (anonymous) {
        return 'The bucket is not public. Set `credentials` of the connection to the key of a service account that may read it, or leave it out for the default credentials.';
      }
      return /There are no Google credentials/.test(failure?.message ?? '')
        ? 'Log in with `gcloud auth application-default login`, or set `credentials` of the connection: to a key, as in `${file:key.json}`, or to `anonymous` for a public bucket.'
        : undefined;
    case 'SOURCE_UNAVAILABLE':
    case 'CONNECTION_LOST':
    case 'CONNECTION_TIMEOUT':
      if (/token service/.test(failure?.message ?? ''))
        return 'Check the network: tokens come from oauth2.googleapis.com, which a firewall or proxy has to allow.';
      return ownEndpoint
        ? 'It was tried several times. Check `endpoint` of the connection, then run again.'
        : 'It was tried several times. Run again; https://status.cloud.google.com shows outages.';
    case 'SOURCE_REFUSED':
      return ownEndpoint
        ? 'Check `endpoint` of the connection: is it an address of Cloud Storage?'
        : undefined;
    default:
      return undefined;
  }
}

function hintForRights(failure: GoogleServiceFailure | undefined, bucket: string): string {
  const right = RIGHT.exec(failure?.message ?? '')?.[0];
  if (right === 'storage.objects.get') {
    return `The login may see the bucket but not read this object. Grant it roles/storage.objectViewer on gs://${bucket}, and look for conditions or managed folders that leave this object out.`;
  }
  return `Grant the login roles/storage.objectViewer on gs://${bucket}${right === undefined ? '' : ` (it lacks ${right})`}.`;
}
