import type { JobReference, JobResource } from '../../core/clients/bigquery-api';
import { MS_PER_DAY } from '../../core/calendar';
import { BeamliftError } from '../../core/errors';
import { needsAttention } from '../../core/needs-attention';
import { delayBeforeAttempt, RETRY_POLICIES } from '../../core/retry-policies';
import type { CommitPlan, PlannedJob } from './commit-plan';
import { cancelledRun, holding } from './job-lease';
import { configurationHash, jobIdOf, jobLabels } from './job-ids';
import { runJob, type JobDesk } from './load-jobs';
import { RESUME_HORIZON_DAYS } from './resume-horizon';
import type { CommitIntent, StateDocument, StateRun } from './state-document';
import type { StateSession } from './state-session';

/** What publishing needs. */
export interface PublishingDesk extends JobDesk {
  readonly session: StateSession;
}

/** Which run publishes, under which fence. */
export interface PublishingRun {
  readonly job: string;
  readonly runId: string;
  readonly fence: number;
}

/**
 * An intent may be sent (again) for so long: a request on its way is dropped by networks within minutes. Beyond this, a job that is not
 * found may have been one that is forgotten.
 */
const INTENT_LIFETIME_MS = RESUME_HORIZON_DAYS * MS_PER_DAY;

/**
 * Sends the one job that makes the rows visible, or finds the one that was sent, and waits for its end. Before a job is sent, the state says
 * so: its id, location and configuration. The next id is tried only after a job has itself failed for a reason that passes.
 * Throws DESTINATION_FAILED and others of a final failure, COMMIT_UNSETTLED where nobody can tell, NEEDS_ATTENTION.
 */
export async function publish(
  desk: PublishingDesk,
  run: PublishingRun,
  plan: CommitPlan,
  planned: PlannedJob,
  location: string,
  signal: AbortSignal,
): Promise<JobResource> {
  const hash = configurationHash(planned.configuration);
  for (let next = 0; ;) {
    const reference = { runId: run.runId, manifestHash: plan.manifestHash, step: planned.step };
    const { intent, isOurs } = await intend(
      desk,
      run,
      {
        manifestHash: plan.manifestHash,
        attempt: next,
        jobId: jobIdOf({ ...reference, attempt: next }),
        projectId: desk.api.project,
        location,
        configurationHash: hash,
      },
      signal,
    );
    const { attempt } = intent;
    if (intent.configurationHash !== hash || intent.manifestHash !== plan.manifestHash)
      throw otherCommit(run);
    const outcome = await runJob(
      desk,
      {
        reference: referenceOf(intent),
        configuration: planned.configuration,
        labels: jobLabels(run.job, run.runId),
      },
      { mayInsert: desk.session.storeNow() - Date.parse(intent.at) < INTENT_LIFETIME_MS },
      signal,
    );
    switch (outcome.kind) {
      case 'done':
        return outcome.job;
      case 'absent':
        throw await needAttention(
          desk,
          run,
          `its job ${intent.jobId} was meant to be sent at ${intent.at}, and BigQuery does not know (or no longer knows) it`,
          signal,
        );
      case 'refused':
        // Where nobody but this call has used the id, and all of its requests were refused, no job can come of it.
        // A script that failed before may have published all the same: whoever ends the run looks.
        if (isOurs && outcome.settled && (plan.moves === undefined || attempt === 0)) {
          await takeBack(desk, run, intent, signal);
        }
        throw outcome.error;
      case 'burnt':
        // Somebody began to end this run under an older lease, and died: the lease is ours, so is the rest of ending it.
        throw new BeamliftError('RUN_ENDED', {
          what: `Run ${run.runId} of job ${run.job} can publish nothing any more`,
          where: { job: run.job },
          why: `The id of its job, ${intent.jobId}, was taken to end it.`,
          hint: 'Run the job again.',
        });
      case 'failed':
        if (!outcome.retry || attempt + 1 >= RETRY_POLICIES.bigqueryJob.attempts) throw outcome.error;
        desk.log.warn('commit.job.failed', { job_id: intent.jobId, error: outcome.error.what });
        await desk.clock.sleep(delayBeforeAttempt(RETRY_POLICIES.bigqueryJob, attempt + 1), signal);
        next = attempt + 1;
    }
  }
}

/** The job of an intent. */
export function referenceOf({ projectId, jobId, location }: CommitIntent): JobReference {
  return { projectId, jobId, location };
}

/** Marks the run as one that nobody but a person may end, and gives the error to throw. */
export async function needAttention(
  { session }: PublishingDesk,
  run: PublishingRun,
  reason: string,
  signal: AbortSignal,
): Promise<BeamliftError> {
  await session.change((kept) => {
    const document = holding(kept?.document, run.fence);
    if (document.run?.id !== run.runId) return undefined;
    return { ...document, run: { ...document.run, state: 'needs_attention', reason } };
  }, signal);
  return needsAttention(run.job, run.runId, reason);
}

function runInProgress(document: StateDocument, runId: string): StateRun {
  if (document.run?.id === runId) return document.run;
  throw new BeamliftError('FENCED', {
    what: `Run ${runId} of job ${document.job} is not in progress`,
    where: { job: document.job },
    why: document.run === null ? 'It was never begun.' : `The state knows ${document.run.id}.`,
    hint: 'Run the job again.',
  });
}

/**
 * The intent to send from: this one, once the state has it, or one of this attempt or a later one that is there, of a process before or of another
 * committer of the run. Then the state knows that more than one may send it, so that its first writer does not take it back.
 */
async function intend(
  { session }: PublishingDesk,
  { runId, fence }: PublishingRun,
  intent: Omit<CommitIntent, 'at' | 'shared'>,
  signal: AbortSignal,
): Promise<{ readonly intent: CommitIntent; readonly isOurs: boolean }> {
  let isOurs = false;
  const document = await session.change((kept, nowIso) => {
    const holder = holding(kept?.document, fence);
    const run = runInProgress(holder, runId);
    const there = run.state === 'committing' ? run.intent : null;
    isOurs = there === null || there.attempt < intent.attempt;
    if (there !== null && !isOurs) {
      return there.shared === true
        ? undefined
        : { ...holder, run: { ...run, intent: { ...there, shared: true } } };
    }
    // The last moment at which nothing can be visible yet: who asked before it is heard.
    if (holder.lease?.cancelRequested === true) throw cancelledRun(holder.job, runId);
    if (run.state !== 'staging' && run.state !== 'committing') {
      throw ended({ job: holder.job, runId, fence }, `its state is ${run.state}`);
    }
    return { ...holder, run: { ...run, state: 'committing', intent: { ...intent, at: nowIso } } };
  }, signal);
  const written = document?.run?.intent;
  if (written === null || written === undefined) {
    throw new BeamliftError('INTERNAL', { what: 'An intent was written and is not there' });
  }
  return { intent: written, isOurs };
}

/** The run is as it was before the intent. */
async function takeBack(
  { session }: PublishingDesk,
  { runId, fence }: PublishingRun,
  { jobId }: CommitIntent,
  signal: AbortSignal,
): Promise<void> {
  await session.change((kept) => {
    const document = holding(kept?.document, fence);
    const { run } = document;
    if (run?.id !== runId || run.state !== 'committing' || run.intent?.jobId !== jobId) return undefined;
    // Another committer may have sent it by now.
    if (run.intent.shared === true) return undefined;
    return { ...document, run: { ...run, state: 'staging', intent: null } };
  }, signal);
}

/** For a run that can publish nothing any more. */
export function ended({ job, runId }: PublishingRun, why: string): BeamliftError {
  return new BeamliftError('FENCED', {
    what: `Run ${runId} of job ${job} has been ended elsewhere`,
    where: { job },
    why,
    hint: 'Nothing more is published by it. Run the job again.',
  });
}

function otherCommit({ job, runId }: PublishingRun): BeamliftError {
  return new BeamliftError('NEEDS_ATTENTION', {
    what: `Run ${runId} of job ${job} was to be published by another job than is planned now`,
    where: { job },
    hint: `Nothing was sent now. Please report this: it is a defect in beamlift. \`beamlift runs cancel ${runId}\` ends the run safely.`,
  });
}
