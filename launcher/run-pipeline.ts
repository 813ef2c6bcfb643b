import { z } from 'zod';
import { BeamliftError, messageOf } from '../core/errors';
import type { RunRecovery } from '../core/loader';
import type { Manifest } from '../core/manifest';
import { jsonObjectSchema, type JsonObject, type Plan } from '../core/plan';
import type { PipelineEnd, PipelineRun, PipelineRunner } from '../pipelines/pipeline-runner';
import type { Execution } from './execute-plan';
import type { LaunchServices } from './launch-options';
import type { PipelineRunnerName } from './runner-desk';
import { submitterServices } from './submitter-services';

/** How long a cancelled pipeline may take to stop. In milliseconds; a runner with machines of its own takes minutes to take them down. */
const CANCEL_PATIENCE_MS = 5 * 60 * 1000;

type OpenExecution = Pick<Execution, 'opened' | 'services'>;

/** What the state of a job keeps about the pipeline of its run. */
const notedSchema = z.strictObject({ runner: z.enum(['portable', 'dataflow']), handle: jsonObjectSchema });

/** What a pipeline came to: its units' manifests, or it goes on without this process. */
export type PipelineResult =
  { readonly kind: 'staged'; readonly manifests: readonly Manifest[] } | { readonly kind: 'left' };

/**
 * Has the units of the plan staged by a runner with workers of its own, and watches it. What counts in the end are the manifests in the
 * staging folder: a pipeline that is said to have failed after it had staged everything has staged everything.
 *
 * When this process is to stop, the pipeline is cancelled, and waited for, unless it is to go on; and it is left alone when another
 * launcher has the job now. Throws RUNNER_UNUSABLE, RUNNER_FAILED, or the error that a worker ended with.
 */
export async function runPipeline(
  execution: Execution,
  plan: Plan,
  runnerName: PipelineRunnerName,
  commits: boolean,
): Promise<PipelineResult> {
  const { services, options } = execution;
  const { signal, listener } = services;
  const recovery = recoveryOf(execution);
  const { runId } = plan.context;
  const note = async (handle: JsonObject): Promise<void> =>
    await recovery.noteRunner(runId, { runner: runnerName, handle }, signal);
  const runner = await openRunner(execution, runnerName);
  try {
    const planned = runner.handleFor(plan.context);
    await note(planned);
    const request = { plan, commits, concurrency: options.concurrency };
    // The workers open connections of their own, and all together stay within the source's.
    await execution.opened.extractor.releaseIdle?.();
    const run = await runner.submit(request, planned, signal).catch(async (error: unknown) => {
      await withdraw(services, runner, planned);
      throw error;
    });
    await note(run.handle);
    listener({ kind: 'runner.submitted', runner: runner.runner, id: run.id, url: run.url });
    await execution.recorder.submitted(runner.runner, run);
    if (options.detach && runner.outlivesSubmitter) return { kind: 'left' };
    return await watch(execution, plan, runner, run);
  } finally {
    await runner.close();
  }
}

/** Goes on watching the pipeline of a run whose launcher is gone; undefined: the runner knows of none. `noted`: by `runPipeline`. */
export async function watchAgain(
  execution: Execution,
  plan: Plan,
  noted: JsonObject,
): Promise<PipelineResult | undefined> {
  const { runner: name, handle } = notedSchema.parse(noted);
  const runner = await openRunner(execution, name);
  try {
    const run = await runner.attach(handle, execution.services.signal);
    if (run === undefined) return undefined;
    execution.services.listener({
      kind: 'runner.submitted',
      runner: runner.runner,
      id: run.id,
      url: run.url,
    });
    return await watch(execution, plan, runner, run);
  } finally {
    await runner.close();
  }
}

/** Stops the pipeline of a run that is given up. Never throws: what it still stages is swept, and it can publish nothing. */
export async function cancelPipeline(job: OpenExecution, noted: JsonObject): Promise<void> {
  const { services } = job;
  try {
    const { runner: name, handle } = notedSchema.parse(noted);
    const runner = await openRunner(job, name);
    try {
      await withdraw(services, runner, handle);
    } finally {
      await runner.close();
    }
  } catch (error) {
    services.log.warn('runner.not_cancelled', { error: messageOf(error) });
  }
}

async function watch(
  execution: Execution,
  plan: Plan,
  { outlivesSubmitter }: PipelineRunner,
  run: PipelineRun,
): Promise<PipelineResult> {
  const { listener, signal, log } = execution.services;
  let end: PipelineEnd;
  try {
    end = await run.follow(listener, signal);
  } catch (thrown) {
    if (outlivesSubmitter && (await isToGoOn(execution, run))) return { kind: 'left' };
    await stop(execution.services, run);
    throw thrown;
  }
  const manifests = await recoveryOf(execution).manifests(plan.context, signal);
  const staged = new Set(manifests.map(({ unit }) => unit));
  const missing = plan.units.filter(({ id }) => !staged.has(id)).length;
  if (missing === 0) {
    if (end.state !== 'done') {
      log.warn('runner.failed', { state: end.state, error: end.error?.what });
    }
    return { kind: 'staged', manifests };
  }
  throw end.error ?? notStaged(plan, run, end, missing);
}

/** Whether the pipeline outlives this process, which is about to stop. */
async function isToGoOn(
  { services, options: { onInterrupt }, interrupted }: Execution,
  run: PipelineRun,
): Promise<boolean> {
  const { signal, askToLeave } = services;
  // Whoever has the job's lease now watches it.
  if (signal.reason instanceof BeamliftError && signal.reason.code === 'FENCED') return true;
  if (!interrupted.aborted || onInterrupt === 'cancel') return false;
  if (onInterrupt === 'leave') return true;
  return (await askToLeave?.(`Job ${run.id} is running. Leave it running? (No cancels it.)`)) ?? false;
}

async function stop({ log }: LaunchServices, run: PipelineRun): Promise<void> {
  try {
    await run.cancel(AbortSignal.timeout(CANCEL_PATIENCE_MS));
  } catch (error) {
    log.warn('runner.not_cancelled', { job_id: run.id, url: run.url, error: messageOf(error) });
  }
}

/** Cancels what a submission may have begun whose answer was lost. */
async function withdraw(services: LaunchServices, runner: PipelineRunner, handle: JsonObject): Promise<void> {
  try {
    const run = await runner.attach(handle, AbortSignal.timeout(CANCEL_PATIENCE_MS));
    if (run !== undefined) await stop(services, run);
  } catch (error) {
    services.log.warn('runner.not_cancelled', { error: messageOf(error) });
  }
}

async function openRunner(
  { opened, services }: OpenExecution,
  name: PipelineRunnerName,
): Promise<PipelineRunner> {
  return await services.runners.open(name, submitterServices(opened, services), services.signal);
}

function recoveryOf({ opened: { loader, job } }: Execution): RunRecovery {
  if (loader.recovery !== undefined) return loader.recovery;
  throw new BeamliftError('PLAN_REFUSED', {
    what: `The destination ${job.destination.type} can only be loaded by this process`,
    where: { job: job.name },
    why: 'What it stages is on this machine, where workers cannot write.',
    hint: 'Use --runner in-process or direct.',
  });
}

function notStaged(plan: Plan, run: PipelineRun, { state }: PipelineEnd, missing: number): BeamliftError {
  return new BeamliftError('RUNNER_FAILED', {
    what: `The pipeline ended (${state}), and ${missing} of ${plan.units.length} work units are not staged`,
    where: { job: plan.context.job, object: run.id },
    hint: `Nothing was published. ${run.url === undefined ? 'The log of the runner' : run.url} tells more.`,
  });
}
