import type { ErrorCode } from '../error-codes';
import { BeamliftError } from '../errors';
import type { JobError } from './bigquery-api';

/** What a failure means at a source; the clients of Google's services were made for destinations. */
const SOURCE_CODES: Partial<Record<ErrorCode, ErrorCode>> = {
  DESTINATION_UNAVAILABLE: 'CONNECTION_LOST',
  DESTINATION_FAILED: 'QUERY_REFUSED',
  DATASET_NOT_FOUND: 'SOURCE_NOT_FOUND',
};

const HINTS: Partial<Record<ErrorCode, string>> = {
  SOURCE_NOT_FOUND:
    'Check project, dataset and table; `beamlift discover CONNECTION` lists what this login can see.',
  CONNECTION_LOST:
    'It was tried several times. Run the job again; https://status.cloud.google.com shows outages.',
};

/** The same error as one of a source. */
export function asSourceError(error: unknown): unknown {
  if (!(error instanceof BeamliftError)) return error;
  const code = SOURCE_CODES[error.code];
  const rights = error.code === 'RIGHTS_MISSING';
  if (code === undefined && !rights) return error;
  const hint = rights ? hintForRights(error.why ?? error.what) : code === undefined ? undefined : HINTS[code];
  return new BeamliftError(code ?? error.code, {
    what: error.what,
    where: error.where,
    ...(error.why === undefined ? {} : { why: error.why }),
    ...(hint === undefined ? {} : { hint }),
    cause: error.cause,
  });
}

/** The smallest predefined role for what reading needs, by the right that a message names; the first match counts. */
const ROLES: readonly (readonly [right: RegExp, role: string, on: string])[] = [
  [/readsessions/i, 'roles/bigquery.readSessionUser', 'the billing project'],
  [/bigquery\.jobs/i, 'roles/bigquery.jobUser', 'the billing project'],
  [/bigquery\.(?:tables|datasets|routines)/i, 'roles/bigquery.dataViewer', 'the dataset'],
  [/serviceusage/i, 'roles/serviceusage.serviceUsageConsumer', 'the billing project'],
  [/iam\.serviceAccounts/i, 'roles/iam.serviceAccountTokenCreator', 'the service account'],
];

/** Which role to grant, from the words of the service. */
export function hintForRights(message: string): string {
  const known = ROLES.find(([right]) => right.test(message));
  return known === undefined
    ? 'Reading needs roles/bigquery.dataViewer on the dataset, and roles/bigquery.jobUser and roles/bigquery.readSessionUser on the billing project.'
    : `Grant the login ${known[1]} on ${known[2]}.`;
}

/** The service's words for how a job failed (its table of errors), to codes. Others: the statement was refused. */
const JOB_CODES: ReadonlyMap<string, ErrorCode> = new Map<string, ErrorCode>([
  ['accessDenied', 'RIGHTS_MISSING'],
  ['notFound', 'SOURCE_NOT_FOUND'],
  ['quotaExceeded', 'QUOTA_EXCEEDED'],
  ['rateLimitExceeded', 'CONNECTION_LOST'],
  ['jobRateLimitExceeded', 'CONNECTION_LOST'],
  ['backendError', 'CONNECTION_LOST'],
  ['jobBackendError', 'CONNECTION_LOST'],
  ['internalError', 'CONNECTION_LOST'],
  ['jobInternalError', 'CONNECTION_LOST'],
  ['tableUnavailable', 'CONNECTION_LOST'],
]);

/** A query job that failed, as an error: `what` it was, the service's words, what to do. */
export function queryFailure(what: string, object: string, { reason, message }: JobError): BeamliftError {
  const code = JOB_CODES.get(reason ?? '') ?? 'QUERY_REFUSED';
  const why = message?.replace(/\s+/g, ' ').trim();
  const hint = hintForQuery(code, reason, why ?? '');
  return new BeamliftError(code, {
    what,
    where: { object },
    ...(why === undefined || why === '' ? {} : { why }),
    ...(hint === undefined ? {} : { hint }),
  });
}

function hintForQuery(code: ErrorCode, reason: string | undefined, why: string): string | undefined {
  if (reason === 'responseTooLarge' || /response too large/i.test(why)) {
    return 'Set `temporary_dataset` of the connection: the hidden dataset for results takes up to 10 GB.';
  }
  if (reason === 'bytesBilledLimitExceeded') {
    return 'Raise `maximum_bytes_billed` of the connection, or let the query read less.';
  }
  if (/partition (?:elimination|filter)|without a filter over column/i.test(why)) {
    return 'The table asks for a filter over its partitions: give the job a `filter`, or a query of its own.';
  }
  if (code === 'RIGHTS_MISSING') return hintForRights(why);
  return HINTS[code];
}
