import type { z } from 'zod';
import type { DestinationRules } from './destination-rules';
import type { EncodedStream, NdjsonDialect } from './encoding';
import type { CheckFinding, SourceServices } from './extractor';
import type { Manifest } from './manifest';
import type { DestinationSpec, JsonObject, RunContext, Window, WorkUnit } from './plan';
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

/** The right to run a job, for a while. */
export interface Lease {
  /** The state as it was when the lease was taken; null: the job never ran here. */
  readonly state: JobState | null;
  readonly fence: number;
  /** Aborts when the lease is lost to another run. */
  readonly lost: AbortSignal;
  /** Keeps what the state says, gives up the right. Safe to call twice, and after the lease was lost. */
  release(): Promise<void>;
}

export interface LoadReport {
  readonly rowsLoaded: number;
  /** Rows of the table before, where the loader knows. */
  readonly rowsBefore: number | null;
  /** Merge: staged rows that gave way to another one of the same key, or to a newer row of the table. They are not in `rowsLoaded`. */
  readonly rowsSuperseded?: number;
  /** The commit had been done before; nothing was changed now. */
  readonly alreadyCommitted: boolean;
  /** The table as users name it. */
  readonly table: string;
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
  /** Removes what the run staged. After a final state, never before. */
  sweep(context: RunContext): Promise<void>;
  close(): Promise<void>;
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
  /** The type that a created table gives to a source column of this type (the inferred one for text sources). */
  typeFor(type: ColumnType): ColumnType;
  /** A URL of `--to`, as fields; undefined: not a URL of this destination. Throws USAGE. */
  parseUrl(url: string): JsonObject | undefined;
  open(destination: DestinationSpec, services: SourceServices): Promise<Loader>;
  check(config: JsonObject, services: SourceServices, signal: AbortSignal): Promise<CheckFinding[]>;
}
