import type { GoogleFailure, JobError, JobReference, JobResource } from '../../core/clients/bigquery-api';
import { beamliftErrorOf } from '../../core/clients/google-failures';
import { formatCounted } from '../../core/counted';
import type { ErrorCode } from '../../core/error-codes';
import { BeamliftError, type ErrorPlace } from '../../core/errors';
import type { JsonObject } from '../../core/plan';

/** What a reason of BigQuery means to a run. */
export interface FailureRule {
  /** The same job under another id may succeed. A failed job has changed nothing, so that is always safe. */
  readonly retry: boolean;
  readonly code: ErrorCode;
  /** What to do, for a person. */
  readonly hint: string;
}

const LATER =
  'BigQuery has a fault or too much to do at the moment. The rows stay staged: run the job again later.';
const DEFECT_OR_SCHEMA =
  'The table is as it was. If the table was changed during the run, run the job again; otherwise please report this with the errors above.';

const transient = (hint = LATER): FailureRule => ({ retry: true, code: 'DESTINATION_UNAVAILABLE', hint });
const final = (code: ErrorCode, hint: string): FailureRule => ({ retry: false, code, hint });

/**
 * BigQuery's reasons for the failure of a job (the error table of its documentation, `reason` of an ErrorProto). What is not in here is
 * final: a job that fails for a reason nobody knows would most likely fail again.
 */
const JOB_FAILURES: ReadonlyMap<string, FailureRule> = new Map(
  Object.entries({
    backendError: transient(),
    jobBackendError: transient(),
    internalError: transient(),
    jobInternalError: transient(),
    tableUnavailable: transient(),
    rateLimitExceeded: transient(
      'Too many changes of one table, or requests, in a short time. Let fewer jobs load this table at once.',
    ),
    jobRateLimitExceeded: transient('Too many jobs in a short time. Let fewer jobs run at once.'),
    resourceInUse: transient('Something else is changing the same table or dataset. Run the job again.'),
    quotaExceeded: final(
      'QUOTA_EXCEEDED',
      'The message names the quota. Daily quotas begin anew at midnight Pacific time; others can be raised under IAM & Admin > Quotas. What is staged is removed; run the job again then.',
    ),
    resourcesExceeded: final(
      'DESTINATION_FAILED',
      'The job needs more than BigQuery gives to one. Load less at once: a shorter window, or fewer columns to cluster by.',
    ),
    responseTooLarge: final('DESTINATION_FAILED', 'Load less at once: a shorter window.'),
    timeout: final(
      'DESTINATION_FAILED',
      'The job ran longer than BigQuery allows (6 hours). Load less at once: a shorter window.',
    ),
    stopped: final('DESTINATION_FAILED', 'Somebody cancelled the job. Run the job again when it may run.'),
    invalid: final('DESTINATION_FAILED', DEFECT_OR_SCHEMA),
    invalidQuery: final('DESTINATION_FAILED', DEFECT_OR_SCHEMA),
    duplicate: final(
      'DESTINATION_FAILED',
      'Something of that name exists already: the table was made by somebody else during the run. Run the job again.',
    ),
    notImplemented: final('DESTINATION_FAILED', 'This project or table does not support what the job asks.'),
    blocked: final(
      'DESTINATION_FAILED',
      'BigQuery has blocked this kind of request for the project for now; its support can tell why.',
    ),
    billingNotEnabled: final('DESTINATION_FAILED', 'Enable billing for the project that runs the jobs.'),
    billingTierLimitExceeded: final('QUOTA_EXCEEDED', 'Raise the billing tier of the project.'),
    accessDenied: final(
      'RIGHTS_MISSING',
      'The login needs bigquery.jobs.create in its project (role BigQuery Job User), bigquery.tables.updateData and get on the table (BigQuery Data Editor), and storage.objects.get on the staging bucket.',
    ),
    notFound: final(
      'DESTINATION_NOT_FOUND',
      'Something was removed between planning and loading, or this login may not see it. Run `beamlift check`, then run the job again.',
    ),
  }),
);

const UNKNOWN: FailureRule = final('DESTINATION_FAILED', DEFECT_OR_SCHEMA);

/** What BigQuery says under a reason that means many things; its words are the only way to tell. */
const SAID_IN_WORDS: readonly { reason: string; words: RegExp; rule: FailureRule }[] = [
  {
    reason: 'invalidQuery',
    words: /due to concurrent update/i,
    rule: transient('Something else changed the table during the merge. Run the job again.'),
  },
  {
    reason: 'invalid',
    words: /different locations/i,
    rule: final(
      'LOCATION_MISMATCH',
      'The staging bucket has to be where the dataset is. Set `staging` of the destination to another bucket.',
    ),
  },
  {
    reason: 'notFound',
    words: /not found: dataset/i,
    rule: final('DATASET_NOT_FOUND', 'Create the dataset, or correct `dataset` in the configuration.'),
  },
];

/** What the error of a job means. */
export function failureRule(error: JobError | undefined): FailureRule {
  const { reason = '', message = '' } = error ?? {};
  const special = SAID_IN_WORDS.find((known) => known.reason === reason && known.words.test(message));
  return special?.rule ?? JOB_FAILURES.get(reason) ?? UNKNOWN;
}

/** The server's errors that are shown; a failed load reports up to hundreds, one a row. */
const MAX_SHOWN_ERRORS = 5;

/** Of one message of the server, in characters. */
const MAX_MESSAGE = 500;

/** Why a job failed, in the server's words: its first errors with file, row and field. */
export function explainJob(job: JobResource): BeamliftError {
  const { errorResult, errors = [] } = job.status;
  const rule = failureRule(errorResult);
  const details = detailsFirst(errorResult, errors);
  const shown = details.slice(0, MAX_SHOWN_ERRORS).map(sentenceOf);
  const more = details.length - shown.length;
  return new BeamliftError(rule.code, {
    what: `The ${jobName(job)} failed: ${oneLine(errorResult?.message ?? 'BigQuery gives no reason')}`,
    where: placeOf(job, details[0]),
    why: `${shown.join('; ')}${more > 0 ? `; and ${formatCounted(more, 'more error')}` : ''}`,
    hint: `${rule.hint} All of it: bq show --format=prettyjson -j ${shownId(job.jobReference)}`,
  });
}

/** Why `jobs.insert` was refused, in the server's words; requests have the client's own table of reasons. */
export function explainRefusal(
  failure: GoogleFailure,
  reference: JobReference,
  configuration: JsonObject,
): BeamliftError {
  const said = {
    ...(failure.reason === undefined ? {} : { reason: failure.reason }),
    message: failure.message,
  };
  const { object = reference.projectId, ...place } = placeOf({ configuration }, said);
  const noDataset = failureRule(said).code === 'DATASET_NOT_FOUND';
  return beamliftErrorOf(
    failure,
    {
      service: 'BigQuery',
      action: `start the ${jobName({ jobReference: reference, configuration })}`,
      object,
      ...(noDataset ? { missing: 'DATASET_NOT_FOUND' as const } : {}),
    },
    place,
  );
}

/** Errors of rows before the one that only counts them. */
function detailsFirst(result: JobError | undefined, errors: readonly JobError[]): JobError[] {
  const same = (error: JobError): boolean => error.message === result?.message;
  const details = errors.filter((error) => !same(error));
  const counting = result === undefined ? errors.filter(same) : [result];
  return [...details, ...counting];
}

/** `load job ID into TABLE`. */
function jobName({
  jobReference,
  configuration,
}: Pick<JobResource, 'jobReference' | 'configuration'>): string {
  const { kind, table } = targetOf(configuration);
  return `${kind} job ${shownId(jobReference)}${table === undefined ? '' : ` into ${table}`}`;
}

/** As `bq show -j` takes it. */
export function shownId({ projectId, location, jobId }: JobReference): string {
  return `${projectId}:${location}.${jobId}`;
}

/** What a configuration does, and to which table where it names one. */
export function targetOf(configuration: JsonObject): { kind: string; table: string | undefined } {
  for (const kind of ['load', 'copy', 'query']) {
    const inner = configuration[kind];
    if (!isObject(inner)) continue;
    const table = inner['destinationTable'];
    if (!isObject(table)) return { kind, table: undefined };
    const names = [table['projectId'], table['datasetId'], table['tableId']];
    return { kind, table: names.map((name) => (typeof name === 'string' ? name : '?')).join('.') };
  }
  return { kind: 'unknown', table: undefined };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Where the first error is: BigQuery has the file in `location`, or in the message, where row and field are. */
function placeOf(job: Pick<JobResource, 'configuration'>, error: JobError | undefined): ErrorPlace {
  const message = error?.message ?? '';
  const file = [error?.location, /\bgs:\/\/[^\s;,"']+/.exec(message)?.[0]].find((uri) =>
    uri?.startsWith('gs://'),
  );
  const object = file ?? targetOf(job.configuration).table;
  const row = /\b(?:row starting at position|starting at position|position|line|row)[: ]+(\d+)/i.exec(
    message,
  );
  const column = /\bfield:? ([^\s;,]+)/i.exec(message)?.[1]?.replace(/\.$/, '');
  return {
    ...(object === undefined ? {} : { object }),
    ...(row?.[0] === undefined ? {} : { row: row[0] }),
    ...(column === undefined ? {} : { column }),
  };
}

/** `reason: message (in location)`. */
function sentenceOf({ reason, message, location }: JobError): string {
  const words = oneLine(message ?? 'no message');
  const known = location === undefined || location === '' || words.includes(location);
  return `${reason ?? 'no reason'}: ${words}${known ? '' : ` (in ${oneLine(location)})`}`;
}

/** The server's text on one line, without control characters, shortened. */
function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return line.length > MAX_MESSAGE ? `${line.slice(0, MAX_MESSAGE).replace(/[\ud800-\udbff]$/, '')}…` : line;
}
