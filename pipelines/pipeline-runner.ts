import type { BeamliftError } from '../core/errors';
import type { JsonObject, Plan, RunContext } from '../core/plan';
import type { RunListener } from './run-events';

/** What a runner is asked to do: the units are staged by its workers, and published by its last step. */
export interface PipelineRequest {
  /** Its units are those that have not been staged yet. */
  readonly plan: Pick<Plan, 'context' | 'units'>;
  /** Whether the pipeline's last step publishes; else whoever submitted it does. */
  readonly commits: boolean;
  /** Units at once of one worker process. */
  readonly concurrency: number;
}

/** Why a runner cannot run a plan, as an error says it: what is in the way, and what to do. */
export interface Obstacle {
  readonly what: string;
  readonly hint: string;
}

/** How a pipeline ended, as its runner says. */
export interface PipelineEnd {
  readonly state: 'done' | 'failed' | 'cancelled';
  /** Of a pipeline that failed: the error of ours that a worker ended with, where one is in the runner's messages; else the runner's words. */
  readonly error: BeamliftError | undefined;
  /** `rows_read`, `rows_staged`, `rows_rejected`, `bytes_staged`, `units_done`, `losses_RULE`, `rows_loaded`, as the runner counted. */
  readonly counters: ReadonlyMap<string, number>;
}

/** A pipeline that a runner has been given. */
export interface PipelineRun {
  /** What finds it again (`PipelineRunner.attach`), with the runner's own id. Plain JSON without secrets. */
  readonly handle: JsonObject;
  /** As the runner's tools take it. */
  readonly id: string;
  /** Where people watch it; undefined: nowhere. */
  readonly url: string | undefined;
  /**
   * Waits for its end and tells the listener what happens until then (`runner.*` events). Never throws for what happens to the pipeline.
   * Throws RUNNER_UNUSABLE where the runner is gone or no longer answers, and the signal's reason: then the pipeline goes on unwatched.
   */
  follow(listener: RunListener, signal: AbortSignal): Promise<PipelineEnd>;
  /** Asks the runner to stop it, and waits until no worker of it runs any more, or until the signal. Safe to call again, and for one that has ended. */
  cancel(signal: AbortSignal): Promise<void>;
}

/** A runner that has workers of its own: it is given a pipeline and watched. One is opened for a job, and closed at its end. */
export interface PipelineRunner {
  readonly runner: 'portable' | 'dataflow';
  /** Whether its pipelines go on without the process that submitted them. */
  readonly outlivesSubmitter: boolean;
  /**
   * What keeps its workers from doing this plan's units, as far as can be known before: secrets that they cannot resolve, endpoints that
   * they cannot reach, files of this machine, a runner that does not answer. Empty: nothing. Writes nothing.
   */
  preflight(context: RunContext, signal: AbortSignal): Promise<readonly Obstacle[]>;
  /** What will find the pipeline of this run, once `submit` has been called with it: kept first, so that no pipeline is ever lost. */
  handleFor(context: RunContext): JsonObject;
  /**
   * Gives the runner the pipeline. Done twice with one handle it is one pipeline, where the runner can tell. Throws RUNNER_UNUSABLE with
   * the runner's words.
   */
  submit(request: PipelineRequest, handle: JsonObject, signal: AbortSignal): Promise<PipelineRun>;
  /** The pipeline of a handle, in whatever state; undefined: the runner has none, and will have none. */
  attach(handle: JsonObject, signal: AbortSignal): Promise<PipelineRun | undefined>;
  close(): Promise<void>;
}
