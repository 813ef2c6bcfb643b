import type { z } from 'zod';
import type { DestinationRules } from './destination-rules';
import type { EncodedStream, NdjsonDialect, StagingFormat } from './encoding';
import type { CheckFinding, SourceServices } from './extractor';
import type { Manifest } from './manifest';
import type { DestinationSpec, JsonObject, Plan, RunContext, Window, WorkUnit } from './plan';
import type { ColumnType, TableSchema } from './schema';

/** Who a state belongs to. */
export interface JobIdentity {
  readonly job: string;
  /** Hash of source and destination; see `RunContext.fingerprint`. */
  readonly fingerprint: string;
  /** What the fingerprint was made from, in words and without secrets; kept with the state, so that STATE_CONFLICT can name both. */
  readonly description?: string;
}

/** What is done with the state of another source or destination: refuse (`fail`, the default), go on from it, or begin anew. */
export type OnStateConflict = 'fail' | 'adopt' | 'fresh';

/** What a job remembers, beside its data. */
export interface JobState {
  readonly fingerprint: string;
  readonly fence: number;
  /** Upper end of the last published window (a bound's text); null: none yet. */
  readonly watermark: string | null;
  /** Published files, uri to version. A null-prototype object. */
  readonly files: Readonly<Record<string, string>>;
  /** Windows that were appended outside of the watermark (`RunContext.backfill`), in order of time. */
  readonly intervals: readonly Window[];
  readonly lastCommit: { runId: string; manifestHash: string; rows: number; at: string } | null;
}

/** How far a run has come that has not ended: its process died, or its lease was taken over. */
export interface UnfinishedRun {
  readonly runId: string;
  /**
   * `staging`: nothing can be published yet. `committing`: its rows may be published already, or may still become so; the loader finds out.
   * `needs_attention`: what was published is not what was staged; only a person can say what is right.
   */
  readonly state: 'staging' | 'committing' | 'needs_attention';
  /** ISO, UTC. */
  readonly startedAt: string;
  /** Why it needs attention. */
  readonly reason: string | undefined;
  /** The pipeline that was given its units (`RunRecovery.noteRunner`); undefined: its process staged them itself. */
  readonly runner: JsonObject | undefined;
}

/** How a run ends that publishes nothing. */
export type RunEnd = 'failed' | 'timed_out' | 'cancelled';

/**
 * What a destination offers whose runs outlive their process: a plan is kept beside the staged parts, so that another launcher can go on.
 * All calls but `findPlan` and `manifests` need the job's lease.
 */
export interface RunRecovery {
  /** Keeps the plan and marks its run as the one in progress. Throws FENCED. */
  beginRun(plan: Plan, signal: AbortSignal): Promise<void>;
  /** Keeps with the run in progress what finds the pipeline that is given its units: before it is submitted, and again with its id. Throws FENCED. */
  noteRunner(runId: string, handle: JsonObject, signal: AbortSignal): Promise<void>;
  /**
   * Takes part in a run under the lease of whoever began it, to publish it: the same fence, and renewed from here, too. What it returns is
   * stopped, and the lease stays as it is, when the job is done. Throws FENCED where another run has taken over, or the lease was given up.
   */
  joinRun(context: RunContext, signal: AbortSignal): Promise<JoinedRun>;
  /** The kept plan of a run; undefined: there is none, or a newer version's. */
  findPlan(runId: string, signal: AbortSignal): Promise<Plan | undefined>;
  /** The manifests of all units that have been staged, in no order. */
  manifests(context: RunContext, signal: AbortSignal): Promise<Manifest[]>;
  /**
   * Ends the run in progress without publishing, after making sure that nothing of it can become visible any more. `published`: it turned
   * out to be visible already, the state says so now, and this is the report. Throws COMMIT_UNSETTLED where that cannot be known now, and
   * NEEDS_ATTENTION for a run that needs it, unless a person has looked at the table and wants the run ended (`looked`).
   */
  endRun(
    runId: string,
    end: RunEnd,
    signal: AbortSignal,
    looked?: boolean,
  ): Promise<{ readonly kind: 'ended' } | { readonly kind: 'published'; readonly report: LoadReport }>;
  /** As `Loader.sweep`, for a run of which nothing is known but its id. */
  sweepRun(runId: string): Promise<void>;
  /** A person says that the rows of a run that needs attention are right: its state becomes that of a published one. */
  acceptRun(runId: string, signal: AbortSignal): Promise<LoadReport>;
  /** Asks the process that has the lease, wherever it is, to cancel its run. False: nobody has it. */
  requestCancel(identity: JobIdentity, runId: string, signal: AbortSignal): Promise<boolean>;
}

/** The right to run a job, for a while. */
export interface Lease {
  /** The state as it was when the lease was taken; null: the job never ran here. */
  readonly state: JobState | null;
  readonly fence: number;
  /** A run before that has not ended; it must be finished or ended (`Loader.recovery`) before a new one begins. Null: none. */
  readonly unfinished: UnfinishedRun | null;
  /** Aborts when the lease is lost to another run (FENCED), or when somebody asked to cancel the run (CANCELLED). */
  readonly lost: AbortSignal;
  /**
   * Keeps what the state says, gives up the right. Safe to call twice (the first call counts), and after the lease was lost.
   * `goesOn`: the run is in other hands by now, and goes on under the lease for as long as it lasts.
   */
  release(goesOn?: boolean): Promise<void>;
}

/** A part in somebody else's lease. */
export interface JoinedRun {
  /** As `Lease.lost`. */
  readonly lost: AbortSignal;
  /** Ends the renewing from here. Safe to call twice. */
  leave(): Promise<void>;
}

export interface LoadReport {
  readonly rowsLoaded: number;
  /** Merge: staged rows that gave way to another one of the same key, or to a newer row of the table. They are not in `rowsLoaded`. */
  readonly rowsSuperseded?: number;
  /** The commit had been done before; nothing was changed now. */
  readonly alreadyCommitted: boolean;
  /** The table as users name it. */
  readonly table: string;
  /** The destination's own job that published the rows, as its tools take the id; absent: there is none, or nobody knows. */
  readonly publishedBy?: string;
}

/** A destination, opened for one job. */
export interface Loader {
  /** The table's schema; undefined: there is no such table. */
  schema(signal: AbortSignal): Promise<TableSchema | undefined>;
  /** The state as `acquireLease` would find it, without taking anything; null: none. For `plan`, `preview` and `--dry-run`. Throws STATE_CONFLICT as it does. */
  readState(
    identity: JobIdentity,
    signal: AbortSignal,
    onConflict?: OnStateConflict,
  ): Promise<JobState | null>;
  /**
   * Takes the lease of the job with a higher fence than any before. Throws LEASE_HELD with the other run's id; takes over from a dead one.
   * State of another fingerprint throws STATE_CONFLICT unless `onConflict` says what to do.
   */
  acquireLease(
    identity: JobIdentity,
    runId: string,
    onConflict: OnStateConflict,
    signal: AbortSignal,
  ): Promise<Lease>;
  /** Staging a unit again adds nothing: new parts under a new attempt token, and only the first manifest counts (and is returned). */
  stage(context: RunContext, unit: WorkUnit, rows: EncodedStream, signal: AbortSignal): Promise<Manifest>;
  /** The unit's manifest, if one has been written: then there is nothing left to do for it. */
  findManifest(context: RunContext, unit: WorkUnit, signal: AbortSignal): Promise<Manifest | undefined>;
  /**
   * All parts become visible and the state changes, or nothing happens. Safe to repeat: a commit that was done is recognised.
   * `files`: what to remember as published. Throws FENCED when the state has a higher fence.
   */
  commit(
    context: RunContext,
    manifests: readonly Manifest[],
    files: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<LoadReport>;
  /** Removes what the run staged. After a final state, never before. Never throws: what stays is swept after a grace period. */
  sweep(context: RunContext): Promise<void>;
  /**
   * Takes the rejects of a unit, a local file of JSON lines, to where they outlive the machine that read them and the run's other files,
   * and says where that is, as users name it. Called before the unit's manifest is written, which names it. Done again it is another one:
   * `sweep` removes those of a unit that its manifest does not name. Absent: rejects stay in `RunContext.rejectFolder`.
   */
  keepRejects?(context: RunContext, unit: WorkUnit, file: string, signal: AbortSignal): Promise<string>;
  /** Sentences for the plan about what the commit will do to the table. Throws PLAN_REFUSED for what the destination cannot do. Absent: nothing to say. */
  reviewPlan?(context: RunContext, signal: AbortSignal): Promise<readonly string[]>;
  /** Absent: runs of this destination do not outlive their process. */
  readonly recovery?: RunRecovery;
  close(): Promise<void>;
}

/** Keys of a job that not every destination knows. */
export const DESTINATION_JOB_KEYS = [
  'table_options',
  'staging_format',
  'staging_compression',
  'verify',
] as const;
export type DestinationJobKey = (typeof DESTINATION_JOB_KEYS)[number];

export interface NameProblem {
  readonly key: 'dataset' | 'dest_table_name';
  /** Without the key, as it is read after it: `"a$b" cannot be …`. */
  readonly problem: string;
}

/** A kind of destination: one entry of the tuple in loaders/index.ts. Drivers are imported in `open`, never with the module. */
export interface DestinationModule<Type extends string = string> {
  readonly type: Type;
  readonly title: string;
  /** Embedded destinations can only be written by the machine that runs the launcher. */
  readonly embedded: boolean;
  /** A strict object of the destination's fields without `type`, each with `.describe(…)`. */
  readonly configSchema: z.ZodObject;
  readonly secretFields: readonly string[];
  /** Fields that are paths, made absolute from the configuration's folder. */
  readonly pathFields: readonly string[];
  /** `create_table` where the job says nothing. */
  readonly createTableByDefault: boolean;
  readonly rules: DestinationRules;
  readonly ndjson: NdjsonDialect;
  /** Keys of a job that mean something to this kind of destination only. */
  readonly jobKeys: readonly DestinationJobKey[];
  /** The format that rows of this schema are staged in, and why it is not the first choice. Throws PLAN_REFUSED where `wanted` cannot be had. */
  stagingFormat(
    schema: TableSchema,
    wanted: StagingFormat | undefined,
  ): { readonly format: StagingFormat; readonly reason: string | undefined };
  /** Absent: units are as large as the job says, and as many as a plan may have. */
  readonly unitSize?:
    | {
        /** Units of a source that is large enough have about so many bytes. */
        readonly minBytes: number;
        readonly maxUnits: number;
      }
    | undefined;
  /** The type that a created table gives to a source column of this type (the inferred one for text sources). */
  typeFor(type: ColumnType): ColumnType;
  /**
   * What is wrong with the table of a job, and with which of its keys, as far as the names alone tell; undefined: nothing. `dataset`: only
   * where the job has its own. Absent: names are looked at when the destination is opened.
   */
  nameProblem?(names: { readonly dataset?: string; readonly table: string }): NameProblem | undefined;
  /** A URL of `--to`, as fields; undefined: not a URL of this destination. Throws USAGE. */
  parseUrl(url: string): JsonObject | undefined;
  open(destination: DestinationSpec, services: SourceServices, signal: AbortSignal): Promise<Loader>;
  check(config: JsonObject, services: SourceServices, signal: AbortSignal): Promise<CheckFinding[]>;
}
