import type { ErrorCode } from '../../../core/error-codes';
import { BeamliftError } from '../../../core/errors';
import { errorOf } from '../error-text';

/** So many characters of one message of the service are shown. */
const SHOWN_CHARACTERS = 2_000;

/** The service's last words often only point to the ones before: every attempt at a piece of work failed. */
const LOOK_BEFORE = /work item (?:has )?(?:was )?(?:attempted|failed)|previous log entries|Causes: S\d+/i;

/** What the service ends a job that failed with. */
const LAST_WORDS = /Workflow failed/;

/** What the service says that a person can do something about; the first match counts. */
const KNOWN: readonly (readonly [words: RegExp, code: ErrorCode, what: string, hint: string])[] = [
  [
    /QUOTA_EXCEEDED|\bquota\b|Exceeded limit '/i,
    'QUOTA_EXCEEDED',
    'Dataflow could not start workers: a quota is used up',
    'The quota is named above. Use fewer or smaller workers (max_num_workers, machine_type, disk_size_gb), another region, or ask for more at https://console.cloud.google.com/iam-admin/quotas.',
  ],
  [
    /RESOURCE_POOL_EXHAUSTED|does not have enough resources/i,
    'RUNNER_FAILED',
    'Dataflow could not start workers: the zone has none to give',
    'Run the job again later, with another machine_type, or in another region.',
  ],
  [
    /image pull|pull(?:ing)? (?:the )?image|ErrImagePull|ImagePullBackOff|manifest unknown|container image/i,
    'RUNNER_FAILED',
    'The workers could not start their image',
    'Check sdk_container_image: that the image is there, and that the service account of the workers may read it (roles/artifactregistry.reader).',
  ],
  [
    /permission|does not have .* access|PERMISSION_DENIED|forbidden|roles\//i,
    'RIGHTS_MISSING',
    'The Dataflow job lacks a right',
    'Grant the service account of the workers roles/dataflow.worker on the project, roles/storage.objectAdmin on the buckets, and what the message names.',
  ],
];

/**
 * Why a job failed, from its messages of error in order: the error of ours that its workers ended with, else the service's words. An
 * error that a worker told of and that was overcome is not taken for the reason: the last words decide whether to look further back.
 */
export function jobFailure(errors: readonly string[], jobId: string, url: string): BeamliftError {
  const last = errors.at(-1);
  const told = last === undefined ? undefined : errorOf(last);
  if (told !== undefined) return told;
  const candidates = last !== undefined && LOOK_BEFORE.test(last) ? errors.toReversed() : [];
  const ours = candidates.map(errorOf).find((error) => error !== undefined);
  if (ours !== undefined) return ours;
  const words = [last, ...candidates.slice(1)].filter((text) => text !== undefined);
  for (const [pattern, code, what, hint] of KNOWN) {
    const said = words.find((text) => pattern.test(text));
    if (said !== undefined) return failure(code, what, said, jobId, `${hint} ${more(url)}`);
  }
  return failure(
    'RUNNER_FAILED',
    'The Dataflow job failed',
    last ?? 'The service does not say why.',
    jobId,
    `Nothing was published. ${more(url)}`,
  );
}

/** Whether the messages of error have come to the one that ends them, or to one of ours. */
export function isReasonTold(errors: readonly string[]): boolean {
  const last = errors.at(-1);
  return last !== undefined && (LAST_WORDS.test(last) || errorOf(last) !== undefined);
}

function more(url: string): string {
  return `The logs of the workers tell more: ${url}`;
}

function failure(code: ErrorCode, what: string, said: string, jobId: string, hint: string): BeamliftError {
  const why = said.length > SHOWN_CHARACTERS ? `${said.slice(0, SHOWN_CHARACTERS)}…` : said;
  return new BeamliftError(code, { what, where: { object: jobId }, why, hint });
}
