import { BeamliftError, toBeamliftError } from '../core/errors';
import type { Lease, UnfinishedRun } from '../core/loader';
import { adoptRun, cancelUnfinished } from './adopt-run';
import type { JobSpec } from './config/job-spec';
import { defaultConcurrency } from './default-concurrency';
import { endOf } from './execute-plan';
import { identityOf } from './job-identity';
import { newRunId, withLease } from './launch';
import { onlyLooking, type LaunchOptions, type LaunchServices } from './launch-options';
import { closeJob, destinationOfType, openJob, type OpenedJob } from './open-job';
import { runsDoNotOutlive } from './recovery-refusal';
import type { RunReport } from './report';
import { RunRecorder } from './run-recorder';

/** A person's command about one run; the job is planned as it would be by itself. */
function optionsOf(command: 'runs resume' | 'runs cancel'): LaunchOptions {
  return { ...onlyLooking('check'), triggeredBy: command, concurrency: defaultConcurrency() };
}

/**
 * Finishes an unfinished run of a job: goes on where it stopped, or finds out what became of it. `accept`: a run that needs attention is right
 * as it is. Never throws for what the run itself meets: that is in the report. Throws RUN_ENDED, LEASE_HELD and what keeps it from beginning.
 */
export async function resumeRun(
  job: JobSpec,
  runId: string,
  { accept }: { readonly accept: boolean },
  services: LaunchServices,
): Promise<RunReport> {
  refuseEmbedded(job, runId);
  const options = optionsOf('runs resume');
  return await withLease(job, newRunId(new Date()), 'fail', services, async (opened, lease, leased) => {
    const known = await knownAsPublished(opened, lease, runId, options, services);
    if (known !== undefined) return known;
    const unfinished = theUnfinished(job, runId, lease.unfinished);
    const recorder = new RunRecorder(runId, job, options, services, new Date(unfinished.startedAt));
    const explain = (thrown: unknown): BeamliftError => toBeamliftError(thrown, { job: job.name });
    try {
      if (accept && unfinished.state === 'needs_attention') {
        const report = await opened.loader.recovery?.acceptRun(runId, leased.signal);
        if (report !== undefined) recorder.committed(report);
        await opened.loader.recovery?.sweepRun(runId);
      } else {
        const execution = {
          opened,
          lease,
          options,
          services: leased,
          recorder,
          explain,
          interrupted: services.signal,
        };
        const adopted = await adoptRun(execution, unfinished, { mayResume: true });
        if (adopted.report !== undefined) return adopted.report;
        recorder.notice(adopted.notice);
        if (adopted.kind === 'ended') recorder.failed(notResumed(job, runId, adopted.notice));
      }
    } catch (thrown) {
      recorder.failed(explain(thrown));
    }
    return await recorder.finished();
  });
}

/**
 * Ends an unfinished run without publishing. `asked`: its process is alive somewhere and has been asked to stop. A run that turns out to be
 * published is reported as a success. Throws RUN_ENDED.
 */
export async function cancelRun(
  job: JobSpec,
  runId: string,
  services: LaunchServices,
): Promise<RunReport | 'asked'> {
  refuseEmbedded(job, runId);
  if (await askToCancel(job, runId, services)) return 'asked';
  const options = optionsOf('runs cancel');
  return await withLease(job, newRunId(new Date()), 'fail', services, async (opened, lease, leased) => {
    const { loader } = opened;
    const { signal } = leased;
    const known = await knownAsPublished(opened, lease, runId, options, services);
    if (known !== undefined) return known;
    const unfinished = theUnfinished(job, runId, lease.unfinished);
    const recorder = new RunRecorder(runId, job, options, services, new Date(unfinished.startedAt));
    try {
      const error = cancelled(job, runId);
      await cancelUnfinished({ opened, services: leased }, unfinished);
      const ended = await loader.recovery?.endRun(runId, endOf(error), signal, true);
      if (ended?.kind === 'published') recorder.committed(ended.report);
      else recorder.failed(error);
      await loader.recovery?.sweepRun(runId);
    } catch (thrown) {
      recorder.failed(toBeamliftError(thrown, { job: job.name }));
    }
    return await recorder.finished();
  });
}

async function askToCancel(job: JobSpec, runId: string, services: LaunchServices): Promise<boolean> {
  const opened = await openJob(job, services);
  try {
    return (await opened.loader.recovery?.requestCancel(identityOf(job), runId, services.signal)) ?? false;
  } finally {
    await closeJob(opened);
  }
}

/** The report of a run whose process died after it had published, and before it wrote that down in the history; undefined: it is not such. */
async function knownAsPublished(
  { job, loader }: OpenedJob,
  { state }: Lease,
  runId: string,
  options: LaunchOptions,
  services: LaunchServices,
): Promise<RunReport | undefined> {
  const last = state?.lastCommit;
  if (last?.runId !== runId) return undefined;
  await loader.recovery?.sweepRun(runId);
  const recorder = new RunRecorder(runId, job, options, services, new Date(last.at));
  const { table } = job.destination;
  recorder.committed({ rowsLoaded: last.rows, alreadyCommitted: true, table });
  return await recorder.finished();
}

function refuseEmbedded(job: JobSpec, runId: string): void {
  if (destinationOfType(job.destination.type).embedded) throw runsDoNotOutlive(job, runId);
}

function theUnfinished(job: JobSpec, runId: string, unfinished: UnfinishedRun | null): UnfinishedRun {
  if (unfinished?.runId === runId) return unfinished;
  throw new BeamliftError('RUN_ENDED', {
    what: `Run ${runId} of job ${job.name} has ended`,
    where: { job: job.name },
    why:
      unfinished === null
        ? 'The state of the job knows of no run that has not ended.'
        : `The run of this job that has not ended is ${unfinished.runId}.`,
    hint: `\`beamlift runs show ${runId}\` shows how it ended.`,
  });
}

function notResumed(job: JobSpec, runId: string, why: string): BeamliftError {
  return new BeamliftError('RUN_ENDED', {
    what: `Run ${runId} could not be gone on with, and has ended`,
    where: { job: job.name },
    why,
    hint: `\`beamlift run ${job.name}\` loads what is missing.`,
  });
}

function cancelled(job: JobSpec, runId: string): BeamliftError {
  return new BeamliftError('CANCELLED', {
    what: `Run ${runId} of job ${job.name} was cancelled`,
    where: { job: job.name },
    why: 'Somebody asked for it with `beamlift runs cancel`.',
    hint: `Nothing of it was published, and nothing will be. \`beamlift run ${job.name}\` loads it anew.`,
  });
}
