import type {
  BigQueryApi,
  DatasetResource,
  TableReference,
  TableResource,
} from '../../core/clients/bigquery-api';
import type { GcsBucket } from '../../core/clients/gcs-bucket';
import type { Clock } from '../../core/clock';
import type { EncodedStream } from '../../core/encoding';
import { BeamliftError } from '../../core/errors';
import type {
  JobIdentity,
  JobState,
  Lease,
  Loader,
  LoadReport,
  OnStateConflict,
  RunRecovery,
} from '../../core/loader';
import type { Logger } from '../../core/logger';
import type { Manifest } from '../../core/manifest';
import type { RunContext, WorkUnit } from '../../core/plan';
import type { TableSchema } from '../../core/schema';
import type { ProcessIdentity } from '../process-identity';
import { usableState } from '../usable-state';
import { commitRows, type CommitDesk } from './commit';
import { acquireJobLease, type JobLease } from './job-lease';
import { BigQueryRecovery } from './recovery';
import { keepRejects } from './rejects';
import { reviewPlan } from './review-plan';
import { reviewUnfinished } from './review-unfinished';
import { tableSchemaOf } from './schema';
import { findStagedUnit, stageUnit } from './staging';
import { stagingLayout, type StagingLayout } from './staging-layout';
import { jobStateOf } from './state-document';
import { StateSession } from './state-session';

export interface BigQuerySettings {
  readonly api: BigQueryApi;
  /** Of the staging folder. */
  readonly bucket: GcsBucket;
  /** The staging folder in its bucket: empty, or with a slash at its end. */
  readonly prefix: string;
  readonly table: TableReference;
  /** Where the dataset is, where the configuration says so; undefined: the dataset is asked. */
  readonly location: string | undefined;
  readonly clock: Clock;
  /** This process. */
  readonly holder: ProcessIdentity;
  readonly isRunning: (identity: ProcessIdentity) => boolean | 'unknown';
  readonly log: Logger;
}

/** Loads into a BigQuery table: rows are staged as files of a bucket and loaded by jobs. What the job remembers is in the bucket, too. */
export class BigQueryLoader implements Loader {
  readonly recovery: RunRecovery;
  private readonly layout: StagingLayout;
  private readonly desk: Omit<CommitDesk, 'session'>;
  private held:
    { readonly job: string; readonly lease: JobLease; readonly session: StateSession } | undefined;
  private location: string | undefined;
  /** Whether the job was seen to remember nothing that it has published. */
  private firstLoad = false;
  /** What the job's run in progress means to a plan that is only shown. */
  private unfinished: readonly string[] = [];
  /** The table as planning saw it last; its dataset where there is none. */
  private planned:
    | { readonly resource: TableResource | undefined; readonly dataset: DatasetResource | undefined }
    | undefined;

  constructor(private readonly settings: BigQuerySettings) {
    this.layout = stagingLayout(settings.prefix);
    this.location = settings.location;
    this.desk = {
      ...settings,
      layout: this.layout,
      location: async (signal) => await this.locate(signal),
      records: new Map(),
    };
    this.recovery = new BigQueryRecovery(this.desk, () => this.heldLease());
  }

  async schema(signal: AbortSignal): Promise<TableSchema | undefined> {
    const resource = await this.readTable(signal);
    return resource === undefined ? undefined : tableSchemaOf(resource);
  }

  async reviewPlan(context: RunContext, signal: AbortSignal): Promise<readonly string[]> {
    if (this.planned === undefined) await this.readTable(signal);
    const notices = reviewPlan(context, this.planned?.resource, this.planned?.dataset, this.firstLoad);
    return [...this.unfinished, ...notices];
  }

  async readState(
    identity: JobIdentity,
    signal: AbortSignal,
    onConflict: OnStateConflict = 'fail',
  ): Promise<JobState | null> {
    const kept = await this.openState(identity.job).read(signal);
    const document = kept?.document;
    const state =
      document === undefined
        ? null
        : usableState(
            { state: jobStateOf(document), description: document.description },
            identity,
            onConflict,
          );
    this.firstLoad = hasPublishedNothing(state);
    const { isRunning } = this.settings;
    // Who has the lease has dealt with that run.
    if (kept !== undefined && this.held === undefined) {
      this.unfinished = reviewUnfinished(kept, { runId: '', isRunning });
    }
    return state;
  }

  async acquireLease(
    identity: JobIdentity,
    runId: string,
    onConflict: OnStateConflict,
    signal: AbortSignal,
  ): Promise<Lease> {
    const { clock, log, holder, isRunning } = this.settings;
    const session = this.openState(identity.job);
    const request = { identity, runId, onConflict, holder, isRunning };
    const lease = await acquireJobLease({ session, clock, log }, request, signal);
    this.held = { job: identity.job, lease, session };
    this.firstLoad = hasPublishedNothing(lease.state);
    // What it left would stay until there is something to load again, which may be never.
    if (lease.takenOver && lease.endedBefore !== undefined) await this.recovery.sweepRun(lease.endedBefore);
    return lease;
  }

  async stage(
    context: RunContext,
    unit: WorkUnit,
    rows: EncodedStream,
    signal: AbortSignal,
  ): Promise<Manifest> {
    return await stageUnit(this.desk, context, unit, rows, signal, { clock: this.settings.clock });
  }

  async keepRejects(context: RunContext, unit: WorkUnit, file: string, signal: AbortSignal): Promise<string> {
    return await keepRejects(this.desk, context, unit, file, signal);
  }

  async findManifest(
    context: RunContext,
    unit: WorkUnit,
    signal: AbortSignal,
  ): Promise<Manifest | undefined> {
    return await findStagedUnit(this.desk, context, unit, signal);
  }

  async commit(
    context: RunContext,
    manifests: readonly Manifest[],
    files: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<LoadReport> {
    const session = this.held?.session ?? this.openState(context.job);
    return await commitRows({ ...this.desk, session }, context, manifests, files, signal);
  }

  async sweep(context: RunContext): Promise<void> {
    await this.recovery.sweepRun(context.runId);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private async readTable(signal: AbortSignal): Promise<TableResource | undefined> {
    const resource = await this.settings.api.getTable(this.settings.table, signal);
    const dataset = resource === undefined ? await this.readDataset(signal) : undefined;
    this.planned = { resource, dataset };
    this.location ??= resource?.location ?? dataset?.location;
    return resource;
  }

  private openState(job: string): StateSession {
    return new StateSession(this.settings.bucket, this.layout.state(job), this.settings.clock);
  }

  private heldLease(): { readonly job: string; readonly lease: JobLease; readonly session: StateSession } {
    if (this.held !== undefined) return this.held;
    throw new BeamliftError('INTERNAL', { what: 'A run was to be changed without the lease of its job' });
  }

  private async locate(signal: AbortSignal): Promise<string> {
    if (this.location !== undefined) return this.location;
    const dataset = await this.readDataset(signal);
    this.location = dataset.location;
    return dataset.location;
  }

  private async readDataset(signal: AbortSignal): Promise<DatasetResource> {
    const { api, table } = this.settings;
    const dataset = await api.getDataset(table.projectId, table.datasetId, signal);
    if (dataset !== undefined) return dataset;
    throw new BeamliftError('DATASET_NOT_FOUND', {
      what: `There is no dataset ${table.datasetId} in project ${table.projectId}`,
      where: { object: `${table.projectId}.${table.datasetId}` },
      hint: `Create it where its data should be: bq mk --location=… --dataset ${table.projectId}:${table.datasetId}`,
    });
  }
}

function hasPublishedNothing(state: JobState | null): boolean {
  if (state === null) return true;
  return state.lastCommit === null && state.watermark === null && Object.keys(state.files).length === 0;
}
