import type {
  InsertOutcome,
  JobError,
  JobReference,
  JobResource,
  QueryRow,
  TableReference,
  TableResource,
} from '../../../core/clients/bigquery-api';
import type { JsonObject } from '../../../core/plan';
import type { FaultPlan, JobFate } from './fault-plan';
import { begunJob, isScript, type JobEffect, type JobPlace } from './model-jobs';
import { fieldsOf, keyOf, ModelTable } from './model-table';
import type { ModelStore } from './model-store';
import type { World } from './world';

interface ModelJob {
  resource: JobResource;
  cancelAsked: boolean;
  /** Rows of a query. */
  answer: readonly QueryRow[];
}

/** The server side of BigQuery: tables, and jobs that run in their own time. Ids of jobs are taken for ever. */
export class ModelWarehouse implements JobPlace {
  readonly tables = new Map<string, ModelTable>();
  readonly jobs = new Map<string, ModelJob>();
  readonly project = 'lab';
  readonly location = 'EU';
  /** Grows with every change of a table. */
  changes = 0;
  /** Jobs that were refused because their ids are taken. */
  refusedIds = 0;

  constructor(
    private readonly world: World,
    readonly store: ModelStore,
    private readonly faults: FaultPlan,
  ) {}

  table(reference: TableReference): ModelTable | undefined {
    const table = this.tables.get(keyOf(reference));
    if (table?.expiresAt !== undefined && table.expiresAt <= this.world.now) {
      this.tables.delete(keyOf(reference));
      return undefined;
    }
    return table;
  }

  /** Tables that are there now, by name. */
  tableNames(): string[] {
    return [...this.tables.values()]
      .filter(({ reference }) => this.table(reference) !== undefined)
      .map(({ reference }) => reference.tableId);
  }

  getTable(reference: TableReference): TableResource | undefined {
    return this.table(reference)?.described(this.location);
  }

  createTable(reference: TableReference, resource: JsonObject): 'created' | 'exists' {
    if (this.table(reference) !== undefined) return 'exists';
    const expires = resource['expirationTime'];
    const expiresAt = typeof expires === 'string' ? Number(expires) : undefined;
    this.tables.set(
      keyOf(reference),
      new ModelTable(reference, resource, fieldsOf(resource) ?? [], expiresAt),
    );
    this.changes++;
    return 'created';
  }

  patchTable(
    reference: TableReference,
    changes: JsonObject,
    etag: string,
  ): 'patched' | 'conflict' | 'absent' {
    const table = this.table(reference);
    if (table === undefined) return 'absent';
    if (table.etag !== etag) return 'conflict';
    table.patch(changes);
    this.changes++;
    return 'patched';
  }

  deleteTable(reference: TableReference): void {
    if (this.tables.delete(keyOf(reference))) this.changes++;
  }

  insertJob(reference: JobReference, configuration: JsonObject): InsertOutcome {
    const id = jobKey(reference);
    if (this.jobs.has(id)) {
      this.refusedIds++;
      return { kind: 'exists' };
    }
    const job: ModelJob = {
      resource: {
        jobReference: reference,
        configuration: configuration,
        status: { state: 'PENDING' },
      },
      cancelAsked: false,
      answer: [],
    };
    this.jobs.set(id, job);
    const { pendingMs, runningMs } = this.faults.jobTimes();
    const fate = this.faults.jobFate();
    const { world } = this;
    world.schedule(world.now + pendingMs, false, () => this.begin(job, runningMs, fate));
    return { kind: 'accepted', job: job.resource };
  }

  getJob(reference: JobReference): JobResource | undefined {
    return this.jobs.get(jobKey(reference))?.resource;
  }

  cancelJob(reference: JobReference): void {
    const job = this.jobs.get(jobKey(reference));
    if (job !== undefined) job.cancelAsked = true;
  }

  queryRows(reference: JobReference): readonly QueryRow[] {
    return this.jobs.get(jobKey(reference))?.answer ?? [];
  }

  private begin(job: ModelJob, runningMs: number, fate: JobFate): void {
    const { world } = this;
    this.note(job, 'runs');
    job.resource = { ...job.resource, status: { state: 'RUNNING' } };
    const begun = begunJob(this, job.resource.configuration);
    world.schedule(world.now + runningMs, false, () => this.end(job, begun, fate));
  }

  private end(job: ModelJob, begun: () => JobEffect, fate: JobFate): void {
    if (isScript(job.resource.configuration) && this.faults.publishesAndFails()) {
      this.changes++;
      if (begun().kind === 'done') {
        this.faults.unsaidMoves++;
        const reason = this.faults.chance(0.5) ? 'backendError' : 'stopped';
        this.fail(job, { reason, message: 'The model lets it fail after its COMMIT' });
        return;
      }
    }
    if (job.cancelAsked && this.faults.chance(0.4)) {
      this.fail(job, {
        reason: 'stopped',
        message: 'Job execution was cancelled: User requested cancellation',
      });
      return;
    }
    if (fate !== 'done' && fate !== 'miscounted') {
      this.fail(job, { reason: fate, message: `The model lets it fail: ${fate}` });
      return;
    }
    const effect = begun();
    if (effect.kind === 'failed') {
      this.fail(job, effect.error);
      return;
    }
    this.changes++;
    job.answer = effect.answer ?? [];
    const statistics = fate === 'miscounted' ? this.miscounted(effect.statistics) : effect.statistics;
    job.resource = {
      ...job.resource,
      status: { state: 'DONE' },
      statistics: { creationTime: String(this.world.now), ...statistics },
    };
    this.note(job, `is done ${JSON.stringify(statistics)}`);
  }

  /** A load that says it has written one row more than it has. */
  private miscounted(statistics: JsonObject): JsonObject {
    if (statistics['load'] === undefined) return statistics;
    this.faults.miscounts++;
    return JSON.parse(JSON.stringify(statistics), (key, value: unknown) =>
      key === 'outputRows' ? String(Number(value) + 1) : value,
    ) as JsonObject;
  }

  private fail(job: ModelJob, error: JobError): void {
    this.note(job, `failed: ${error.reason ?? ''} ${error.message ?? ''}`);
    job.resource = { ...job.resource, status: { state: 'DONE', errorResult: error, errors: [error] } };
  }

  private note(job: ModelJob, what: string): void {
    if (this.world.tracing) this.world.note('BigQuery', `job ${job.resource.jobReference.jobId} ${what}`);
  }
}

function jobKey({ projectId, location, jobId }: JobReference): string {
  return `${projectId}:${location}.${jobId}`;
}
