import type { JsonObject } from '../plan';

/** Where jobs are: what the paths of all requests begin with. */
export interface DataflowPlace {
  readonly project: string;
  readonly region: string;
}

/** A job as the service describes it. */
export interface DataflowJob {
  readonly id: string;
  readonly name: string;
  /** `JOB_STATE_RUNNING`; a state that is not told is `JOB_STATE_UNKNOWN`. */
  readonly state: string;
  /** Of whoever created it; undefined: this answer does not tell. */
  readonly clientRequestId: string | undefined;
  readonly labels: ReadonlyMap<string, string>;
}

/** A line of a job's log of its own: what the service and the workers' failures say. */
export interface DataflowMessage {
  /** One line, whenever it is read. */
  readonly key: string;
  /** RFC 3339. */
  readonly time: string;
  /** `JOB_MESSAGE_BASIC`. */
  readonly importance: string;
  readonly text: string;
}

/** What autoscaling did, or could not do. */
export interface DataflowScaling {
  readonly time: string;
  readonly current: number | undefined;
  readonly target: number | undefined;
}

export interface DataflowNews {
  readonly messages: readonly DataflowMessage[];
  readonly scaling: readonly DataflowScaling[];
}

/** A counter of a step. */
export interface DataflowCounter {
  readonly name: string;
  /** The id of the transform in the pipeline. */
  readonly step: string;
  /** Counted by bundles that may still fail, or have failed; else by those that succeeded. */
  readonly tentative: boolean;
  readonly value: number;
}

/** The words of a refusal: a job of that name, or with that id of a request, exists. */
export interface JobExists {
  readonly exists: string;
}

/**
 * Google Cloud Dataflow, v1b3. All calls retry what may be retried; they throw RUNNER_UNUSABLE with the service's words and what to do,
 * or the signal's reason.
 */
export interface DataflowApi {
  /** A job with a `clientRequestId` is created once, however often this is called: the later ones get it back, or are told that it exists. */
  create(place: DataflowPlace, job: JsonObject, signal: AbortSignal): Promise<DataflowJob | JobExists>;
  /** Undefined: there is no such job. */
  get(place: DataflowPlace, id: string, signal: AbortSignal): Promise<DataflowJob | undefined>;
  /** All jobs of that very name, in whatever state, each described in full. */
  named(place: DataflowPlace, name: string, signal: AbortSignal): Promise<DataflowJob[]>;
  /** Asks for one job: whether the region, the rights and the API are there. */
  probe(place: DataflowPlace, signal: AbortSignal): Promise<void>;
  /** From `since` on, which is included (RFC 3339); undefined: all. */
  news(
    place: DataflowPlace,
    id: string,
    since: string | undefined,
    signal: AbortSignal,
  ): Promise<DataflowNews>;
  /** Counters of the user's steps; of distributions, nothing. */
  counters(place: DataflowPlace, id: string, signal: AbortSignal): Promise<DataflowCounter[]>;
  /** Asks for the end of a job. False: it cannot be cancelled (any more). */
  cancel(place: DataflowPlace, id: string, signal: AbortSignal): Promise<boolean>;
}
