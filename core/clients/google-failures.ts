import type { ErrorCode } from '../error-codes';
import { BeamliftError, type ErrorPlace } from '../errors';
import type { GoogleFailure } from './bigquery-api';

/** An answer of a Google service that is not a success, or none at all. The message is for people and holds nothing of the request. */
export class GoogleServiceFailure extends Error implements GoogleFailure {
  constructor(
    message: string,
    readonly status: number | undefined,
    readonly reason: string | undefined,
    options: ErrorOptions & { readonly retryAfterMs?: number | undefined; readonly renewed?: boolean } = {},
  ) {
    super(message, options);
    this.name = 'GoogleServiceFailure';
    this.retryAfterMs = options.retryAfterMs;
    this.renewed = options.renewed === true;
  }

  /** How long the service asked to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** The token was refused, and the next request has another one. */
  readonly renewed: boolean;
}

/** What was tried, for the error that tells of it. */
export interface GoogleCall {
  /** `Cloud Storage`, `BigQuery`. */
  readonly service: string;
  /** As in `could not …`: `read gs://bucket/name`. */
  readonly action: string;
  /** The bucket, object or table it is about. */
  readonly object: string;
  /** What an answer of `notFound` means; DESTINATION_FAILED when absent. */
  readonly missing?: 'BUCKET_NOT_FOUND' | 'DATASET_NOT_FOUND';
}

/**
 * The service's word to code; a word decides before the status. From the tables of errors of BigQuery and of Cloud Storage's JSON API, and
 * RFC 6749 (5.2) for the token service.
 */
const CODES_BY_REASON: ReadonlyMap<string, ErrorCode> = new Map<string, ErrorCode>([
  ['rateLimitExceeded', 'DESTINATION_UNAVAILABLE'],
  ['userRateLimitExceeded', 'DESTINATION_UNAVAILABLE'],
  ['jobRateLimitExceeded', 'DESTINATION_UNAVAILABLE'],
  ['backendError', 'DESTINATION_UNAVAILABLE'],
  ['jobBackendError', 'DESTINATION_UNAVAILABLE'],
  ['internalError', 'DESTINATION_UNAVAILABLE'],
  ['jobInternalError', 'DESTINATION_UNAVAILABLE'],
  ['tableUnavailable', 'DESTINATION_UNAVAILABLE'],
  ['notImplemented', 'DESTINATION_FAILED'],
  ['quotaExceeded', 'QUOTA_EXCEEDED'],
  ['dailyLimitExceeded', 'QUOTA_EXCEEDED'],
  ['accessDenied', 'RIGHTS_MISSING'],
  ['forbidden', 'RIGHTS_MISSING'],
  ['insufficientPermissions', 'RIGHTS_MISSING'],
  ['accessNotConfigured', 'RIGHTS_MISSING'],
  ['retentionPolicyNotMet', 'DESTINATION_FAILED'],
  ['objectUnderActiveHold', 'DESTINATION_FAILED'],
  ['billingNotEnabled', 'DESTINATION_FAILED'],
  ['responseTooLarge', 'DESTINATION_FAILED'],
  // our own word
  ['answerTooLong', 'LIMIT_EXCEEDED'],
  ['authError', 'LOGIN_FAILED'],
  ['login', 'LOGIN_FAILED'],
  ['invalid_grant', 'LOGIN_FAILED'],
  ['invalid_client', 'LOGIN_FAILED'],
  ['unauthorized_client', 'LOGIN_FAILED'],
  ['invalid_scope', 'LOGIN_FAILED'],
  ['invalid_target', 'LOGIN_FAILED'],
]);

/** For answers whose word is not listed; from 500 on and without an answer: DESTINATION_UNAVAILABLE; everything else DESTINATION_FAILED. */
const CODES_BY_STATUS: ReadonlyMap<number, ErrorCode> = new Map<number, ErrorCode>([
  [401, 'LOGIN_FAILED'],
  [403, 'RIGHTS_MISSING'],
  [408, 'DESTINATION_UNAVAILABLE'],
  [429, 'DESTINATION_UNAVAILABLE'],
]);

const CODES_BY_ERRNO: ReadonlyMap<string, ErrorCode> = new Map<string, ErrorCode>([
  ['ENOTFOUND', 'CONNECTION_DNS'],
  ['EAI_AGAIN', 'CONNECTION_DNS'],
  ['EAI_FAIL', 'CONNECTION_DNS'],
  ['ECONNREFUSED', 'CONNECTION_REFUSED'],
  ['EHOSTUNREACH', 'CONNECTION_REFUSED'],
  ['ENETUNREACH', 'CONNECTION_REFUSED'],
  ['CERT_HAS_EXPIRED', 'CONNECTION_TLS'],
  ['CERT_NOT_YET_VALID', 'CONNECTION_TLS'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'CONNECTION_TLS'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'CONNECTION_TLS'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'CONNECTION_TLS'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'CONNECTION_TLS'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'CONNECTION_TLS'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'CONNECTION_TLS'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'CONNECTION_TLS'],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', 'CONNECTION_TLS'],
]);

/**
 * The one decision what a failure means. `call` tells what `notFound` is about. DNS, refused connections and TLS have their own codes,
 * whoever asks: whether they may pass is for `mayPass` to say.
 */
export function codeOfFailure(failure: GoogleFailure, missing?: GoogleCall['missing']): ErrorCode {
  const byReason = failure.reason === undefined ? undefined : CODES_BY_REASON.get(failure.reason);
  if (byReason !== undefined) return byReason;
  const { status } = failure;
  if (status === undefined) return codeOfCause(failure) ?? 'DESTINATION_UNAVAILABLE';
  if (status === 404) return missing ?? 'DESTINATION_FAILED';
  return CODES_BY_STATUS.get(status) ?? (status >= 500 ? 'DESTINATION_UNAVAILABLE' : 'DESTINATION_FAILED');
}

/** Whether the same request may succeed later: a fault of the service, too many requests, or no answer. */
export function mayPass(failure: GoogleFailure): boolean {
  switch (codeOfFailure(failure)) {
    case 'DESTINATION_UNAVAILABLE':
    case 'CONNECTION_REFUSED':
    case 'CONNECTION_DNS':
      return true;
    default:
      return false;
  }
}

/** Whether nothing was sent at all: the connection never came to be. */
export function neverConnected(failure: GoogleFailure): boolean {
  return failure.status === undefined && codeOfCause(failure) !== undefined;
}

/** A failure as an error for people: what could not be done, the service's own words, what to do. */
export function beamliftErrorOf(
  failure: GoogleFailure,
  call: GoogleCall,
  place: ErrorPlace = {},
): BeamliftError {
  const code = codeOfFailure(failure, call.missing);
  const hint = hintFor(code, failure);
  return new BeamliftError(code, {
    what: `${call.service}: could not ${call.action}`,
    where: { object: call.object, ...place },
    why: failure.message,
    ...(hint === undefined ? {} : { hint }),
    cause: failure,
  });
}

/** How often a chain of causes is followed: `fetch failed`, its cause, and that one's addresses. */
const MAX_CAUSES = 4;

function codeOfCause(failure: Error): ErrorCode | undefined {
  let next: unknown = failure;
  for (let depth = 0; depth < MAX_CAUSES && next instanceof Error; depth++) {
    const code: unknown = 'code' in next ? next.code : undefined;
    const found = typeof code === 'string' ? CODES_BY_ERRNO.get(code) : undefined;
    if (found !== undefined) return found;
    next = next instanceof AggregateError ? next.errors[0] : next.cause;
  }
  return undefined;
}

/** How Google writes the name of a right: `storage.objects.create`. */
const RIGHT = /\b(?:storage|bigquery|iam|serviceusage)\.[A-Za-z]+\.[A-Za-z]+\b/;

/** The smallest predefined role that has a right, by how its name begins; the first match counts. */
const ROLES: readonly (readonly [beginning: string, role: string, on: string])[] = [
  ['storage.buckets.', 'roles/storage.bucketViewer', 'the bucket'],
  ['storage.', 'roles/storage.objectUser', 'the bucket'],
  ['bigquery.jobs.', 'roles/bigquery.jobUser', 'the project that jobs run in'],
  ['bigquery.', 'roles/bigquery.dataEditor', 'the dataset'],
  ['iam.serviceAccounts.', 'roles/iam.serviceAccountTokenCreator', 'the service account'],
  ['serviceusage.', 'roles/serviceusage.serviceUsageConsumer', 'the project'],
];

function hintFor(code: ErrorCode, failure: GoogleFailure): string | undefined {
  switch (code) {
    case 'RIGHTS_MISSING':
      return hintForRights(failure);
    case 'LOGIN_FAILED':
      return 'Renew the login: `gcloud auth application-default login` for a person, a new key file for a service account; then run again.';
    case 'QUOTA_EXCEEDED':
      return 'The quota is named above. Wait until it is granted anew, or ask for more at https://console.cloud.google.com/iam-admin/quotas.';
    case 'DESTINATION_UNAVAILABLE':
      return 'It was tried several times. Run the job again; https://status.cloud.google.com shows outages.';
    case 'BUCKET_NOT_FOUND':
      return 'Check the name of the bucket; it is never created.';
    case 'DATASET_NOT_FOUND':
      return 'Check project and dataset, or create the dataset in the location of the staging bucket.';
    case 'CONNECTION_DNS':
      return 'Check `endpoint` where one is set, and the network.';
    case 'CONNECTION_REFUSED':
      return 'Check `endpoint` where one is set, that the service runs, and the firewall.';
    case 'CONNECTION_TLS':
      return 'Check `endpoint` where one is set, and whether a proxy stands between; NODE_EXTRA_CA_CERTS names a file of more certificate authorities.';
    default:
      return undefined;
  }
}

function hintForRights(failure: GoogleFailure): string {
  if (failure.reason === 'accessNotConfigured') {
    return 'Enable the API in the project: the message says where.';
  }
  const right = RIGHT.exec(failure.message)?.[0];
  const role = right === undefined ? undefined : ROLES.find(([beginning]) => right.startsWith(beginning));
  if (right === undefined || role === undefined) {
    return 'Grant the login roles/storage.objectUser on the bucket, roles/bigquery.dataEditor on the dataset and roles/bigquery.jobUser on the project.';
  }
  return `Grant the login the right ${right}, for example by the role ${role[1]} on ${role[2]}.`;
}
