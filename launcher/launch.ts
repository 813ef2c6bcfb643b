import { randomBytes } from 'node:crypto';
import { BeamliftError, messageOf, toBeamliftError } from '../core/errors';
import type { Lease, LoadReport } from '../core/loader';
import type { Manifest } from '../core/manifest';
import type { Plan } from '../core/plan';
import { commitRun, totalOf } from '../pipelines/commit-run';
import { runInProcess } from '../pipelines/in-process';
import type { Phase } from '../pipelines/run-events';
import type { JobSpec } from './config/job-spec';
import { identityOf } from './job-identity';
import type { LaunchOptions, LaunchServices } from './launch-options';
import { closeJob, openJob, type OpenedJob } from './open-job';
import { makePlan } from './plan-job';
import type { RunReport } from './report';
import { RunRecorder } from './run-recorder';

/** What a run would do, without doing it: nothing is written, no lease is taken, no snapshot is held. */
export async function planJob(job: JobSpec, options: LaunchOptions, services: LaunchServices): Promise<Plan> {
  refuseRunner(options);
  const opened = await openJob(job, services);
  try {
    const state = await opened.loader.readState(identityOf(job), services.signal, options.onStateConflict);
    const run = { runId: 'plan', fence: (state?.fence ?? 0) + 1, state, pin: false };
    return await makePlan(opened, run, options, services);
  } catch (thrown) {
    throw toBeamliftError(thrown, { job: job.name });
  } finally {
    await closeJob(opened);
  }
}

/**
 * The story of a job: lease, plan, stage, commit, report. Never throws: what went wrong is in the report, and in the run store.
 * A run that ends for any reason leaves the destination as it was, or with all of the run's rows.
 */
export async function launchJob(
  job: JobSpec,
  options: LaunchOptions,
  services: LaunchServices,
): Promise<RunReport> {
  const recorder = new RunRecorder(newRunId(new Date()), job, options, services);
  const deadline = new AbortController();
  const seconds = options.timeoutSeconds ?? job.timeoutSeconds;
  const timer =
    seconds === undefined
      ? undefined
      : setTimeout(() => deadline.abort(timedOut(job, seconds)), seconds * 1000);
  const signal = AbortSignal.any([services.signal, deadline.signal]);
  await recorder.started();
  try {
    refuseRunner(options);
    await runJob(job, options, { ...services, signal }, recorder);
  } catch (thrown) {
    recorder.failed(explain(thrown, job, services.signal, deadline.signal));
  } finally {
    clearTimeout(timer);
  }
  return await recorder.finished();
}

async function runJob(
  job: JobSpec,
  options: LaunchOptions,
  services: LaunchServices,
  recorder: RunRecorder,
): Promise<void> {
  const opened = await openJob(job, services);
  let lease: Lease | undefined;
  try {
    const identity = identityOf(job);
    const { loader } = opened;
    lease = await loader.acquireLease(identity, recorder.runId, options.onStateConflict, services.signal);
    const signal = AbortSignal.any([services.signal, lease.lost]);
    await runLeased(opened, lease, options, { ...services, signal }, recorder);
  } finally {
    await lease?.release().catch((error: unknown) => {
      services.log.warn('lease.release.failed', { run_id: recorder.runId, error: messageOf(error) });
    });
    await closeJob(opened);
  }
}

async function runLeased(
  opened: OpenedJob,
  lease: Lease,
  options: LaunchOptions,
  services: LaunchServices,
  recorder: RunRecorder,
): Promise<void> {
  const { loader, extractor, destination } = opened;
  const { listener, signal } = services;
  const phase = async <Result>(
    name: Phase,
    work: () => Promise<Result>,
    rowsOf: (result: Result) => number | undefined,
  ): Promise<Result> => {
    const began = performance.now();
    listener({ kind: 'phase.started', phase: name });
    const result = await work();
    const rows = rowsOf(result);
    const durationSeconds = (performance.now() - began) / 1000;
    listener({
      kind: 'phase.completed',
      phase: name,
      durationSeconds,
      ...(rows === undefined ? {} : { rows }),
    });
    return result;
  };

  const run = { runId: recorder.runId, fence: lease.fence, state: lease.state, pin: true };
  const plan = await phase(
    'plan',
    async () => await makePlan(opened, run, options, services),
    () => undefined,
  );
  recorder.planned(plan);
  listener({ kind: 'planned', plan });
  const nothingToDo =
    plan.units.length === 0 && plan.context.disposition !== 'replace' && !plan.context.createTable;
  if (nothingToDo) {
    recorder.nothingToDo();
    return;
  }
  try {
    const equipment = { extractor, loader, target: destination };
    const manifests = await phase(
      'stage',
      async () =>
        await runInProcess(plan.context, plan.units, equipment, {
          concurrency: Math.min(options.concurrency, plan.context.source.maxConnections),
          listener,
          signal,
        }),
      rowsStaged,
    );
    recorder.staged(totalOf(manifests));
    const report = await phase(
      'commit',
      async () => await commitRun(plan.context, plan.units, manifests, loader, retried(services), signal),
      (result: LoadReport) => result.rowsLoaded,
    );
    recorder.committed(report);
  } finally {
    await loader.sweep(plan.context);
  }
}

function rowsStaged(manifests: readonly Manifest[]): number {
  return manifests.reduce((sum, manifest) => sum + manifest.counts.rowsStaged, 0);
}

function retried(services: LaunchServices) {
  return (attempt: number, error: BeamliftError): void => {
    services.log.warn('etl.commit.retried', { attempt, error: error.message, code: error.code });
  };
}

function refuseRunner(options: LaunchOptions): void {
  if (options.runner === 'auto' || options.runner === 'in-process') return;
  throw new BeamliftError('USAGE', {
    what: `The runner ${options.runner} is not available in this version`,
    hint: 'Use --runner auto or --runner in-process.',
  });
}

function newRunId(now: Date): string {
  const time = now.toISOString().replace(/[-:]|\.\d+/g, '');
  return `${time}-${randomBytes(4).toString('hex')}`;
}

function timedOut(job: JobSpec, seconds: number): BeamliftError {
  return new BeamliftError('TIMED_OUT', {
    what: `Job ${job.name} did not end within its timeout of ${seconds} s`,
    where: { job: job.name },
    hint: 'Nothing was published. Run it again, or raise `timeout` (--timeout).',
  });
}

/** What ended the run: the user's signal and the deadline first, since everything fails after them. */
function explain(
  thrown: unknown,
  job: JobSpec,
  interrupted: AbortSignal,
  deadline: AbortSignal,
): BeamliftError {
  const place = { job: job.name };
  if (thrown instanceof BeamliftError && thrown.code === 'CANCELLED') return thrown.at(place);
  if (interrupted.aborted) {
    return new BeamliftError('CANCELLED', {
      what: `Job ${job.name} was interrupted (${String(interrupted.reason)})`,
      where: place,
      hint: 'Nothing was published. Run it again when you are ready.',
      cause: thrown,
    });
  }
  if (deadline.aborted) return toBeamliftError(deadline.reason, place);
  return toBeamliftError(thrown, place);
}
