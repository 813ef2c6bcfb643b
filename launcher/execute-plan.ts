import { BeamliftError, messageOf } from '../core/errors';
import type { Lease, LoadReport, RunEnd } from '../core/loader';
import type { Manifest } from '../core/manifest';
import type { JsonObject, Plan } from '../core/plan';
import { commitRun } from '../pipelines/commit-run';
import type { Phase, RunListener } from '../pipelines/run-events';
import type { LaunchOptions, LaunchServices } from './launch-options';
import type { OpenedJob } from './open-job';
import { runPipeline, watchAgain, type PipelineResult } from './run-pipeline';
import type { RunRecorder } from './run-recorder';
import { isPipelineRunner } from './runner-desk';
import { stageHere } from './stage-here';

/** How long the end of a failed run may take: a load job is asked to stop and waited for. In milliseconds. */
const END_PATIENCE_MS = 3 * 60 * 1000;

/** A run under way. */
export interface Execution {
  readonly opened: OpenedJob;
  readonly lease: Lease;
  readonly options: LaunchOptions;
  /** Its signal also aborts with the lease. */
  readonly services: LaunchServices;
  readonly recorder: RunRecorder;
  /** What ended the run: the user's signal and the deadline first, since everything fails after them. */
  readonly explain: (thrown: unknown) => BeamliftError;
  /** Aborts when a person, or the system, wants this process to stop. */
  readonly interrupted: AbortSignal;
}

/** `left`: a pipeline goes on with the run by itself, and this process has nothing more to do with it. */
export type Executed = 'ended' | 'left';

/**
 * Stages the units that `staged` has no manifests of, and commits. `noted`: of a pipeline that is at them already. Whatever goes wrong, the run has its end afterwards, unless only the
 * next one can give it (COMMIT_UNSETTLED, NEEDS_ATTENTION, FENCED); and rows that turn out to be published are a success.
 */
export async function executePlan(
  execution: Execution,
  plan: Plan,
  staged: readonly Manifest[] = [],
  noted?: JsonObject,
): Promise<Executed> {
  const { opened, recorder } = execution;
  const manifests = new Map(staged.map((manifest) => [manifest.unit, manifest]));
  let committing = false;
  try {
    const missing = plan.units.filter((unit) => !manifests.has(unit.id));
    const result = await stageUnits(execution, { ...plan, units: missing }, staged.length === 0, noted);
    if (result.kind === 'left') {
      recorder.left();
      await execution.lease.release(true);
      return 'left';
    }
    for (const manifest of result.manifests) manifests.set(manifest.unit, manifest);
    const all = [...manifests.values()];
    recorder.staged(all);
    committing = true;
    recorder.committed(await commitStaged(execution, plan, all));
  } catch (thrown) {
    const published = await endRun(execution, plan, thrown, committing);
    if (published === undefined) throw thrown;
    recorder.committed(published);
  }
  await opened.loader.sweep(plan.context);
  return 'ended';
}

/** `whole`: the units are all of the run's. */
async function stageUnits(
  execution: Execution,
  plan: Plan,
  whole: boolean,
  noted: JsonObject | undefined,
): Promise<PipelineResult> {
  return await phase(
    execution.services.listener,
    'stage',
    async () => {
      if (plan.units.length === 0) return { kind: 'staged', manifests: [] };
      const { runner } = plan;
      if (!isPipelineRunner(runner)) return { kind: 'staged', manifests: await stageHere(execution, plan) };
      if (noted === undefined) return await runPipeline(execution, plan, runner, whole);
      const watched = await watchAgain(execution, plan, noted);
      return watched ?? (await runPipeline(execution, plan, runner, false));
    },
    (result) =>
      result.kind === 'left'
        ? undefined
        : result.manifests.reduce((sum, manifest) => sum + manifest.counts.rowsStaged, 0),
  );
}

/** Publishes what is staged. */
export async function commitStaged(
  { opened, services: { listener, log, signal } }: Execution,
  plan: Plan,
  manifests: readonly Manifest[],
): Promise<LoadReport> {
  const retried = (attempt: number, error: BeamliftError): void =>
    log.warn('etl.commit.retried', { attempt, error: error.message, code: error.code });
  return await phase(
    listener,
    'commit',
    async () => await commitRun(plan.context, plan.units, manifests, opened.loader, retried, signal),
    (report) => report.rowsLoaded,
  );
}

/** Work with its beginning and end told to whoever watches. */
export async function phase<Result>(
  listener: RunListener,
  name: Phase,
  work: () => Promise<Result>,
  rowsOf: (result: Result) => number | undefined,
): Promise<Result> {
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
}

/** Ends a run that failed. Returns the report of one that turned out to be published. Throws COMMIT_UNSETTLED where nobody can tell now. */
async function endRun(
  { opened: { loader }, services: { log }, explain }: Execution,
  { context }: Plan,
  thrown: unknown,
  committing: boolean,
): Promise<LoadReport | undefined> {
  const { recovery } = loader;
  if (recovery === undefined) {
    await loader.sweep(context);
    return undefined;
  }
  const error = explain(thrown);
  if (isLeftToTheNext(error)) return undefined;
  try {
    const signal = AbortSignal.timeout(END_PATIENCE_MS);
    const ended = await recovery.endRun(context.runId, endOf(error), signal);
    if (ended.kind === 'published') return ended.report;
  } catch (failure) {
    log.warn('run.not_ended', { run_id: context.runId, error: messageOf(failure) });
    throw committing ? unsettled(context.runId, error, failure) : notEnded(error, failure);
  }
  await loader.sweep(context);
  return undefined;
}

/** Only the next holder of the lease, or a person, may end a run after these. */
export function isLeftToTheNext({ code }: BeamliftError): boolean {
  return code === 'FENCED' || code === 'COMMIT_UNSETTLED' || code === 'NEEDS_ATTENTION';
}

/** The state of a run that ended with this error. */
export function endOf({ code }: BeamliftError): RunEnd {
  if (code === 'CANCELLED') return 'cancelled';
  return code === 'TIMED_OUT' ? 'timed_out' : 'failed';
}

/** The same error, with what it means that the run is still open: nothing of it is published, but it may be gone on with. */
function notEnded(error: BeamliftError, failure: unknown): BeamliftError {
  const { code, what, where, why, hint } = error;
  return new BeamliftError(code, {
    what,
    where,
    why: [why, `The run could not be marked as ended, too: ${messageOf(failure)}`].filter(Boolean).join(' '),
    hint: `${hint ?? ''} The next run ends this one, or goes on with what it has staged.`.trim(),
    cause: error,
  });
}

function unsettled(runId: string, error: BeamliftError, failure: unknown): BeamliftError {
  if (failure instanceof BeamliftError && isLeftToTheNext(failure)) return failure;
  return new BeamliftError('COMMIT_UNSETTLED', {
    what: `It is not known yet whether the rows of run ${runId} are published`,
    where: error.where,
    why: `${error.what}. Asking for the outcome failed, too: ${messageOf(failure)}`,
    hint: `The next run finds out, and loads nothing twice; so does \`beamlift runs resume ${runId}\`.`,
    cause: error,
  });
}
