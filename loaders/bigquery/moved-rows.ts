import { tableName, type JobResource } from '../../core/clients/bigquery-api';
import { BeamliftError } from '../../core/errors';
import { delayBeforeAttempt, RETRY_POLICIES } from '../../core/retry-policies';
import { queryJob } from './commit-jobs';
import type { CommitPlan } from './commit-plan';
import { jobIdOf, jobLabels } from './job-ids';
import { jobStatistic } from './job-statistics';
import { runJob, type JobDesk } from './load-jobs';
import { fenceStatement } from './move-sql';
import type { PublishingRun } from './publish';

/** `published`: all rows are in the table. `never`: none is, and none will be. */
export type Moved =
  | { readonly kind: 'published' }
  | { readonly kind: 'never' }
  | { readonly kind: 'unknown'; readonly why: string };

type MovingPlan = CommitPlan & { readonly moves: NonNullable<CommitPlan['moves']> };

/** A question that has failed so often, in several runs and for whatever reasons, is for a person. */
const MAX_FENCES = 100;

/**
 * What has become of the rows of a plan that moves them, after its job has ended in whatever way: the question itself makes sure that they
 * are not moved any more. Asked again, it gives the same answer, as its job is known by its id. Throws where it cannot be answered now.
 */
export async function whetherMoved(
  desk: JobDesk,
  run: PublishingRun,
  plan: MovingPlan,
  location: string,
  signal: AbortSignal,
): Promise<Moved> {
  const { mark, rows } = plan.moves;
  if ((await desk.api.getTable(mark, signal)) === undefined) {
    return { kind: 'unknown', why: `its temporary table ${tableName(mark)} is gone` };
  }
  const asked = await ask(desk, run, plan, location, signal);
  if (asked instanceof BeamliftError) return { kind: 'unknown', why: asked.what };
  const deleted = jobStatistic(asked, 'query', 'dmlStats', 'deletedRowCount');
  if (deleted === 0) return { kind: 'published' };
  if (deleted === rows) return { kind: 'never' };
  const why = `its temporary table ${tableName(mark)} had ${deleted ?? 'an unknown number of'} rows, and ${rows} were loaded into it`;
  return { kind: 'unknown', why };
}

/** The one job that has emptied the mark, or the error of the last of many that could not. Those that fail have changed nothing. */
async function ask(
  desk: JobDesk,
  { job, runId }: PublishingRun,
  { manifestHash, moves }: MovingPlan,
  location: string,
  signal: AbortSignal,
): Promise<JobResource | BeamliftError> {
  const { step, configuration } = queryJob('fence', fenceStatement(moves.mark));
  let tries = 0;
  for (let attempt = 0; ; attempt++) {
    const jobId = jobIdOf({ runId, manifestHash, step, attempt });
    const reference = { projectId: desk.api.project, jobId, location };
    const isLast = attempt + 1 >= MAX_FENCES;
    // Of somebody who asked before.
    if (!isLast && (await desk.api.getJob(reference, signal))?.status.errorResult !== undefined) continue;
    const order = { reference, configuration, labels: jobLabels(job, runId) };
    const outcome = await runJob(desk, order, { mayInsert: true }, signal);
    switch (outcome.kind) {
      case 'done':
        return outcome.job;
      case 'failed':
        if (isLast) return outcome.error;
        tries += 1;
        if (tries >= RETRY_POLICIES.bigqueryJob.attempts) throw outcome.error;
        desk.log.warn('commit.job.failed', { job_id: jobId, error: outcome.error.what });
        await desk.clock.sleep(delayBeforeAttempt(RETRY_POLICIES.bigqueryJob, tries), signal);
        break;
      case 'refused':
        throw outcome.error;
      default:
        throw new BeamliftError('INTERNAL', { what: `Job ${jobId} is ${outcome.kind}`, where: { job } });
    }
  }
}
