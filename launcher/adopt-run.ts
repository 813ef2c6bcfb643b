import { formatCounted } from '../core/counted';
import { BeamliftError } from '../core/errors';
import type { Loader, RunRecovery, UnfinishedRun } from '../core/loader';
import type { Manifest } from '../core/manifest';
import { needsAttention } from '../core/needs-attention';
import type { Plan } from '../core/plan';
import { commitStaged, executePlan, isLeftToTheNext, type Execution } from './execute-plan';
import { fingerprint } from './config/fingerprint';
import type { RunReport } from './report';
import { cancelPipeline } from './run-pipeline';
import { RunRecorder } from './run-recorder';
import { codeVersion } from './version';

/** What became of a run that an earlier process left. */
export interface Adopted {
  /** `resumed`: its missing units were staged now and it is published. `settled`: its commit was finished, or found to be done. `ended`: it published nothing and never will. `left`: its pipeline goes on by itself, and this process has stopped watching it. */
  readonly kind: 'resumed' | 'settled' | 'ended' | 'left';
  /** A sentence for the report of this run. */
  readonly notice: string;
  /** Of a settled run, as history keeps it. */
  readonly report?: RunReport;
}

/**
 * Finishes the run that an earlier process left, or ends it. One that was committing is always settled. One that was staging goes on where it
 * was, if this job would do the same today; its record of history is `execution.recorder`'s.
 *
 * Throws NEEDS_ATTENTION, COMMIT_UNSETTLED, and whatever ends this process's own work.
 */
export async function adoptRun(
  execution: Execution,
  unfinished: UnfinishedRun,
  { mayResume }: { readonly mayResume: boolean },
): Promise<Adopted> {
  const { opened, lease, services, options } = execution;
  const { job } = opened;
  const { loader, recovery } = recoverable(opened.loader);
  const { runId, state } = unfinished;
  if (state === 'needs_attention')
    throw needsAttention(job.name, runId, unfinished.reason ?? 'see its record');
  services.log.warn('run.adopted', { job: job.name, run_id: runId, state });

  const kept = await recovery.findPlan(runId, services.signal);
  const plan = kept && { ...kept, context: { ...kept.context, fence: lease.fence } };
  if (plan === undefined) return await end(execution, recovery, unfinished, 'its plan is gone');
  const manifests = await recovery.manifests(plan.context, services.signal);

  if (state === 'committing') {
    const recorder = new RunRecorder(runId, job, options, services, new Date(unfinished.startedAt));
    try {
      recorder.planned(plan);
      recorder.staged(manifests);
      recorder.committed(await commitStaged(execution, plan, manifests));
    } catch (thrown) {
      const error = execution.explain(thrown);
      if (services.signal.aborted || isLeftToTheNext(error)) throw error;
      return await end(execution, recovery, unfinished, error.what);
    }
    const report = await recorder.finished();
    const rows = report.rows_loaded;
    await loader.sweep(plan.context);
    return {
      kind: 'settled',
      report,
      notice: `Run ${runId}, which had stopped, was finished first: ${formatCounted(rows, 'row')}.`,
    };
  }

  const reason = mayResume
    ? whyNotResumed(execution, plan, manifests, unfinished.runner !== undefined)
    : 'flags of this run ask for something else';
  if (reason !== undefined) {
    await cancelUnfinished(execution, unfinished);
    return await end(execution, recovery, unfinished, reason);
  }
  execution.recorder.planned(plan);
  services.listener({ kind: 'planned', plan });
  try {
    if ((await executePlan(execution, plan, manifests, unfinished.runner)) === 'left') {
      return { kind: 'left', notice: `The pipeline of run ${runId} goes on.` };
    }
  } catch (thrown) {
    const error = execution.explain(thrown);
    if (services.signal.aborted || isLeftToTheNext(error)) throw error;
    services.log.warn('run.not_resumed', { job: job.name, run_id: runId, error: error.what });
    await recordEnd(execution, unfinished, `It could not be gone on with: ${error.what}`);
    return {
      kind: 'ended',
      notice: `Run ${runId}, which had stopped, could not be gone on with: ${error.what}. Nothing of it was published.`,
    };
  }
  await recordEnd(execution, unfinished, `Its process ended; run ${execution.recorder.runId} finished it.`);
  const share = `${formatCounted(manifests.length, 'work unit')} of ${plan.units.length}`;
  return {
    kind: 'resumed',
    notice: `This run went on with ${runId}, which had stopped: ${share} had been staged before.`,
  };
}

/** The loader with its recovery; others have no unfinished runs. */
function recoverable(loader: Loader): { readonly loader: Loader; readonly recovery: RunRecovery } {
  if (loader.recovery !== undefined) return { loader, recovery: loader.recovery };
  throw new BeamliftError('INTERNAL', { what: 'An unfinished run of a destination without recovery' });
}

/** Stops the pipeline of a run that is given up. */
export async function cancelUnfinished(
  job: Pick<Execution, 'opened' | 'services'>,
  { runner }: UnfinishedRun,
): Promise<void> {
  if (runner !== undefined) await cancelPipeline(job, runner);
}

async function end(
  execution: Execution,
  recovery: RunRecovery,
  unfinished: UnfinishedRun,
  reason: string,
): Promise<Adopted> {
  const { runId } = unfinished;
  const ended = await recovery.endRun(runId, 'failed', execution.services.signal);
  await recovery.sweepRun(runId);
  if (ended.kind === 'published') {
    const report = await recordEnd(execution, unfinished, undefined, ended.report.rowsLoaded);
    return {
      kind: 'settled',
      report,
      notice: `Run ${runId}, which had stopped, turned out to be published: ${formatCounted(ended.report.rowsLoaded, 'row')}.`,
    };
  }
  await recordEnd(execution, unfinished, `Its process ended, and it was not gone on with: ${reason}.`);
  return {
    kind: 'ended',
    notice: `Run ${runId}, which had stopped, was given up: ${reason}. Nothing of it was published.`,
  };
}

/** History of the run that was left; `failure` undefined: it is a success. */
async function recordEnd(
  { opened: { job }, options, services }: Execution,
  { runId, startedAt }: UnfinishedRun,
  failure: string | undefined,
  rows = 0,
): Promise<RunReport> {
  const recorder = new RunRecorder(runId, job, options, services, new Date(startedAt));
  if (failure === undefined) {
    recorder.committed({
      rowsLoaded: rows,
      alreadyCommitted: true,
      table: job.destination.table,
    });
  } else {
    recorder.failed(
      new BeamliftError('DESTINATION_UNAVAILABLE', { what: failure, where: { job: job.name } }),
    );
  }
  return await recorder.finished();
}

/** Why a plan of another process is not gone on with; undefined: it is. */
function whyNotResumed(
  { opened }: Execution,
  { context, units }: Plan,
  manifests: readonly Manifest[],
  hasPipeline: boolean,
): string | undefined {
  if (context.codeVersion !== codeVersion()) return `it was planned by version ${context.codeVersion}`;
  if (context.fingerprint !== fingerprint(opened.job)) return 'the job reads or writes something else now';
  if (context.limit !== null || context.backfill) return 'it was made for other flags';
  if (manifests.length === 0 && !hasPipeline) return 'nothing had been staged';
  if (manifests.length < units.length && context.pin !== undefined) {
    return 'the snapshot that its other work units were read from is gone';
  }
  return undefined;
}
