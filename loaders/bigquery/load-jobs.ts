import type { JobReference, JobResource } from '../../core/clients/bigquery-api';
import { BeamliftError } from '../../core/errors';
import type { JsonObject } from '../../core/plan';
import { explainJob, explainRefusal, failureRule, shownId, targetOf } from './job-failures';
import { BURNT_LABEL, CONFIGURATION_LABEL, configurationHash, labelValue } from './job-ids';
import { JobLooks, POLL_PATIENCE_MS, unsettled, type JobDesk } from './job-looks';

export type { JobDesk } from './job-looks';

/** A job under an id of ours. */
export interface JobOrder {
  readonly reference: JobReference;
  /** `load`, `copy` or `query`, without labels. */
  readonly configuration: JsonObject;
  /** `jobLabels`; values are made fit. The hash of the configuration is added. */
  readonly labels: Readonly<Record<string, string>>;
}

export type JobOutcome =
  | { readonly kind: 'done'; readonly job: JobResource }
  /** The job ran and failed: nothing of it is visible, and never will be. `retry`: the next attempt id may succeed. */
  | {
      readonly kind: 'failed';
      readonly job: JobResource;
      readonly error: BeamliftError;
      readonly retry: boolean;
    }
  /**
   * The last request was refused, and no job of this id was found. `settled`: every request of this call was refused, so none of them can
   * make a job any more; otherwise an earlier one may still arrive, and the id has to be burnt before the run is closed. `retry`: asking
   * again later may help.
   */
  | {
      readonly kind: 'refused';
      readonly error: BeamliftError;
      readonly retry: boolean;
      readonly settled: boolean;
    }
  /** Only looking (`mayInsert: false`): there is no job of this id now. A request on its way may still make it. */
  | { readonly kind: 'absent' }
  /** `burnJob` took the id: its job has never run, and never will. */
  | { readonly kind: 'burnt' };

/** How long a job is tried to be sent, or found, before it is left unsettled, in milliseconds. */
export const INSERT_PATIENCE_MS = 10 * 60_000;

/** Waits between tries to send or find a job, in milliseconds; each is twice the one before. */
const SEND_WAIT = { firstMs: 500, mostMs: 30_000 };

/** Waits between looks at a running job, in milliseconds. Small loads take about a second, large ones minutes; a job is noticed within half of its own time. */
const POLL_WAIT = { firstMs: 250, mostMs: 10_000, factor: 1.5 };

/**
 * Sends a job, or adopts the one that is there under its id, and waits for its end. The same id never runs twice, so this may be called
 * again at any time, by whoever may commit.
 *
 * Throws COMMIT_UNSETTLED when it cannot be known whether the job exists or how it ended; DESTINATION_FAILED when the id belongs to a job
 * that was asked for something else; the signal's reason, after which the job may still be running.
 */
export async function runJob(
  desk: JobDesk,
  job: JobOrder,
  options: { readonly mayInsert: boolean },
  signal: AbortSignal,
): Promise<JobOutcome> {
  const adopt = async (found: JobResource): Promise<JobOutcome> => {
    if (isBurnt(found)) return { kind: 'burnt' };
    if (!isOurs(found, job)) throw notOurs(found);
    desk.log.info('bigquery.job.adopted', {
      ...namesOf(found.jobReference),
      ...targetOf(job.configuration),
      state: found.status.state,
    });
    return await waitForEnd(desk, job.reference, found, signal);
  };
  if (!options.mayInsert) {
    const found = await lookUp(desk, job.reference, signal);
    return found === undefined ? { kind: 'absent' } : await adopt(found);
  }
  const labels = { ...fitLabels(job.labels), [CONFIGURATION_LABEL]: configurationHash(job.configuration) };
  const sent = await send(desk, job.reference, { ...job.configuration, labels }, signal);
  if (sent.kind === 'found') return await adopt(sent.job);
  if (sent.kind === 'refused') return sent;
  desk.log.info('bigquery.job.inserted', {
    ...namesOf(sent.job.jobReference),
    ...targetOf(job.configuration),
  });
  return await waitForEnd(desk, job.reference, sent.job, signal);
}

/**
 * Takes an id with a job that does nothing, so that a late request for the real one can make nothing. Where the real job has it, asks to
 * cancel it, waits for its end and says how it ended: it may have succeeded. Throws as `runJob`; COMMIT_UNSETTLED also where the job
 * that takes the id is refused.
 */
export async function burnJob(
  desk: JobDesk,
  reference: JobReference,
  signal: AbortSignal,
): Promise<JobOutcome> {
  const configuration = {
    query: { query: 'SELECT 1', useLegacySql: false },
    labels: { [BURNT_LABEL]: 'true' },
  };
  const sent = await send(desk, reference, configuration, signal);
  if (sent.kind === 'refused') {
    throw unsettled(reference, `an id could not be taken: ${sent.error.why ?? sent.error.what}`, sent.error);
  }
  if (sent.kind === 'accepted' || isBurnt(sent.job)) {
    desk.log.info('bigquery.job.burnt', { job_id: reference.jobId });
    return { kind: 'burnt' };
  }
  if (labelOf(sent.job, CONFIGURATION_LABEL) === undefined) throw notOurs(sent.job);
  if (sent.job.status.state !== 'DONE') await askToCancel(desk, reference, signal);
  return await waitForEnd(desk, reference, sent.job, signal);
}

type Sent =
  | { readonly kind: 'accepted'; readonly job: JobResource }
  | { readonly kind: 'found'; readonly job: JobResource }
  | Extract<JobOutcome, { kind: 'refused' }>;

/** Asks for a job until it is clear that there is one of this id, or that the request is refused. */
async function send(
  desk: JobDesk,
  reference: JobReference,
  configuration: JsonObject,
  signal: AbortSignal,
): Promise<Sent> {
  const endMs = desk.clock.now() + INSERT_PATIENCE_MS;
  let settled = true;
  for (let wait = SEND_WAIT.firstMs; ; wait = Math.min(2 * wait, SEND_WAIT.mostMs)) {
    signal.throwIfAborted();
    const outcome = await desk.api.insertJob(reference, configuration, signal);
    if (outcome.kind === 'accepted') return outcome;
    if (outcome.kind === 'refused') {
      const { error, retry } = outcome;
      if (!retry || desk.clock.now() >= endMs) {
        // Somebody else may have sent it before: rights and tables are looked at before ids.
        const found = await lookOnce(desk, reference, signal);
        if (found !== undefined) return { kind: 'found', job: found };
        return {
          kind: 'refused',
          error: explainRefusal(error, reference, configuration),
          retry,
          settled,
        };
      }
      desk.log.warn('bigquery.job.refused', {
        job_id: reference.jobId,
        reason: error.reason,
        retry_in_ms: wait,
      });
    } else {
      if (outcome.kind === 'unclear') {
        settled = false;
        desk.log.warn('bigquery.job.unclear', { job_id: reference.jobId, error: outcome.error.message });
      }
      const found = await lookUp(desk, reference, signal);
      if (found !== undefined) return { kind: 'found', job: found };
      if (desk.clock.now() >= endMs) {
        const why =
          outcome.kind === 'exists'
            ? 'there is a job of that id, but asking for it finds none'
            : `no request got an answer: ${outcome.error.message}`;
        throw unsettled(reference, why, outcome.kind === 'unclear' ? outcome.error : undefined);
      }
    }
    await desk.clock.sleep(wait, signal);
  }
}

/** The job of this id; undefined: there is none now. Asks until there is an answer. */
async function lookUp(
  desk: JobDesk,
  reference: JobReference,
  signal: AbortSignal,
): Promise<JobResource | undefined> {
  const looks = new JobLooks(desk, reference, INSERT_PATIENCE_MS, { mustExist: false });
  for (let wait = SEND_WAIT.firstMs; ; wait = Math.min(2 * wait, SEND_WAIT.mostMs)) {
    const look = await looks.look(signal);
    if (look !== 'unknown') return look;
    await desk.clock.sleep(wait, signal);
  }
}

/** The job of this id, if it is easily found. */
async function lookOnce(
  desk: JobDesk,
  reference: JobReference,
  signal: AbortSignal,
): Promise<JobResource | undefined> {
  const look = await new JobLooks(desk, reference, INSERT_PATIENCE_MS, { mustExist: false }).look(signal);
  return look === 'unknown' ? undefined : look;
}

/** Looks at a job until it is done. An abort ends only the looking. */
async function waitForEnd(
  desk: JobDesk,
  reference: JobReference,
  job: JobResource,
  signal: AbortSignal,
): Promise<JobOutcome> {
  const looks = new JobLooks(desk, reference, POLL_PATIENCE_MS, { mustExist: true });
  let current = job;
  for (
    let wait = POLL_WAIT.firstMs;
    current.status.state !== 'DONE';
    wait = Math.min(POLL_WAIT.factor * wait, POLL_WAIT.mostMs)
  ) {
    await desk.clock.sleep(wait, signal);
    const look = await looks.look(signal);
    if (look !== 'unknown' && look !== undefined) current = look;
  }
  const { errorResult } = current.status;
  desk.log.info('bigquery.job.ended', { job_id: reference.jobId, reason: errorResult?.reason ?? null });
  if (errorResult === undefined) return { kind: 'done', job: current };
  return { kind: 'failed', job: current, error: explainJob(current), retry: failureRule(errorResult).retry };
}

async function askToCancel(desk: JobDesk, reference: JobReference, signal: AbortSignal): Promise<void> {
  try {
    await desk.api.cancelJob(reference, signal);
  } catch (thrown) {
    signal.throwIfAborted();
    if (!(thrown instanceof BeamliftError)) throw thrown;
    // Not cancelled, it comes to its own end, which is waited for as well.
    desk.log.warn('bigquery.job.not_cancelled', {
      job_id: reference.jobId,
      error: thrown.why ?? thrown.what,
    });
  }
}

/**
 * Whether a job under our id is what we would have sent. BigQuery writes defaults into configurations, so the hash that was sent along is
 * compared, and of the configuration itself what it does to which table.
 */
function isOurs(found: JobResource, job: JobOrder): boolean {
  const [theirs, ours] = [targetOf(found.configuration), targetOf(job.configuration)];
  return (
    labelOf(found, CONFIGURATION_LABEL) === configurationHash(job.configuration) &&
    theirs.kind === ours.kind &&
    (ours.table === undefined || theirs.table === ours.table)
  );
}

/** For the log: its id, and how `bq show -j` takes it. */
function namesOf(reference: JobReference): { job_id: string; bigquery_job: string } {
  return { job_id: reference.jobId, bigquery_job: shownId(reference) };
}

function isBurnt(job: JobResource): boolean {
  return labelOf(job, BURNT_LABEL) === 'true';
}

function labelOf(job: JobResource, name: string): unknown {
  const labels = job.configuration['labels'];
  if (typeof labels !== 'object' || labels === null || Array.isArray(labels)) return undefined;
  return Object.hasOwn(labels, name) ? labels[name] : undefined;
}

function fitLabels(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, text]) => [name, labelValue(text)]));
}

function notOurs({ jobReference, configuration }: JobResource): BeamliftError {
  const { kind, table } = targetOf(configuration);
  return new BeamliftError('DESTINATION_FAILED', {
    what: `The job id ${jobReference.jobId} is taken by a job that beamlift would not have sent`,
    where: { object: table ?? jobReference.projectId },
    why: `It is a ${kind} job${table === undefined ? '' : ` into ${table}`} with other settings: another version of beamlift, or another program, made it.`,
    hint: 'Nothing was published by this process. Look at what that job did, then cancel this run and start it again.',
  });
}
