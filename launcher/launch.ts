import { randomBytes } from 'node:crypto';
import { BeamliftError, messageOf, toBeamliftError } from '../core/errors';
import type { Lease } from '../core/loader';
import type { Plan } from '../core/plan';
import { adoptRun } from './adopt-run';
import type { JobSpec } from './config/job-spec';
import { executePlan, isLeftToTheNext, phase, type Execution } from './execute-plan';
import { identityOf } from './job-identity';
import type { LaunchOptions, LaunchServices } from './launch-options';
import { closeJob, openJob, type OpenedJob } from './open-job';
import { makePlan } from './plan-job';
import type { RunReport } from './report';
import { RunRecorder } from './run-recorder';
import { isPipelineRunner, notConfigured } from './runner-desk';

/** What a run would do, without doing it: nothing is written, no lease is taken, no snapshot is held. */
export async function planJob(job: JobSpec, options: LaunchOptions, services: LaunchServices): Promise<Plan> {
  refuseRunner(options, services);
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
  const explained = (thrown: unknown): BeamliftError =>
    explain(thrown, job, services.signal, deadline.signal);
  try {
    refuseRunner(options, services);
    await runJob(job, options, { ...services, signal }, recorder, explained, services.signal);
  } catch (thrown) {
    recorder.failed(explained(thrown));
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
  explain: Execution['explain'],
  interrupted: AbortSignal,
): Promise<void> {
  await withLease(job, recorder.runId, options.onStateConflict, services, async (opened, lease, leased) => {
    const execution = { opened, lease, options, services: leased, recorder, explain, interrupted };
    if (lease.unfinished !== null) {
      const adopted = await adoptRun(execution, lease.unfinished, { mayResume: isPlain(options) });
      recorder.notice(adopted.notice);
      leased.log.warn(`run.${adopted.kind}`, { message: adopted.notice });
      if (adopted.kind === 'resumed' || adopted.kind === 'left') return;
    }
    await runAnew(execution);
  });
}

/** Does the work with source and destination open and the job's lease taken. The services it gets have a signal that aborts with the lease. */
export async function withLease<Result>(
  job: JobSpec,
  runId: string,
  onStateConflict: LaunchOptions['onStateConflict'],
  services: LaunchServices,
  work: (opened: OpenedJob, lease: Lease, leased: LaunchServices) => Promise<Result>,
): Promise<Result> {
  const opened = await openJob(job, services);
  let lease: Lease | undefined;
  try {
    lease = await opened.loader.acquireLease(identityOf(job), runId, onStateConflict, services.signal);
    const signal = AbortSignal.any([services.signal, lease.lost]);
    return await work(opened, lease, { ...services, signal });
  } finally {
    await lease?.release().catch((error: unknown) => {
      services.log.warn('lease.release.failed', { run_id: runId, error: messageOf(error) });
    });
    await closeJob(opened);
  }
}

/** Plans a run, and carries it out where there is something to do. */
async function runAnew(execution: Execution): Promise<void> {
  const { opened, lease, options, services, recorder } = execution;
  const { listener, signal } = services;
  // What was adopted may have changed what the state says.
  const state =
    lease.unfinished === null
      ? lease.state
      : await opened.loader.readState(identityOf(opened.job), signal, options.onStateConflict);
  const run = { runId: recorder.runId, fence: lease.fence, state, pin: true };
  const plan = await phase(
    listener,
    'plan',
    async () => {
      recorder.listed((await opened.extractor.files(signal)) ?? []);
      return await makePlan(opened, run, options, services);
    },
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
  await opened.loader.recovery?.beginRun(plan, signal);
  await executePlan(execution, plan);
}

/** No flag asks for other rows than the job would load by itself. */
function isPlain({ limit, fullRefresh, startDate, endDate, onStateConflict }: LaunchOptions): boolean {
  const chosen = [limit, startDate, endDate].some((flag) => flag !== undefined);
  return !chosen && !fullRefresh && onStateConflict !== 'fresh';
}

function refuseRunner({ runner }: LaunchOptions, { runners }: LaunchServices): void {
  if (runner === 'auto' || !isPipelineRunner(runner) || runners.configured.includes(runner)) return;
  throw notConfigured(runner);
}

/** `YYYYMMDDTHHMMSSZ-` and eight random hex digits. */
export function newRunId(now: Date): string {
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
  // What is known about the rows counts more than what came in between.
  const isKnown = thrown instanceof BeamliftError && (thrown.code === 'CANCELLED' || isLeftToTheNext(thrown));
  if (isKnown) return thrown.at(place);
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
