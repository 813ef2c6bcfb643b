import type {
  BigQueryApi,
  GoogleFailure,
  InsertOutcome,
  JobError,
  JobReference,
  JobResource,
} from '../../../core/clients/bigquery-api';
import type { BeamliftError } from '../../../core/errors';
import type { JsonObject } from '../../../core/plan';
import type { VirtualClock } from './virtual-clock';

/** How a request for a job goes: its answer comes, is lost before or after the effect, or the effect comes later. */
export type InsertFate =
  | 'answered'
  | 'lost-before'
  | 'lost-after'
  | { readonly lateMs: number }
  | { readonly refused: GoogleFailure; readonly retry: boolean };

interface Job {
  readonly configuration: JsonObject;
  readonly startMs: number;
  endMs: number;
  errorResult: JobError | undefined;
  readonly errors: readonly JobError[];
}

/** An answer of the service that is not a success. */
export function failure(status: number, reason: string, message: string): GoogleFailure {
  return Object.assign(new Error(message), { status, reason });
}

const FAULT = new Error('socket hang up');

/** The jobs of a project, on a virtual clock: an id is taken once and for ever, jobs run for a while, and what is done stays done. */
export class JobService implements Pick<BigQueryApi, 'insertJob' | 'getJob' | 'cancelJob'> {
  readonly project = 'p';
  readonly jobs = new Map<string, Job>();
  /** `insert`, `get` or `cancel`, in order. */
  readonly requests: string[] = [];
  /** Fates of the next requests for jobs; then all are answered. */
  fates: InsertFate[] = [];
  /** Thrown by the next looks; undefined: one that is answered. */
  lookFaults: (BeamliftError | undefined)[] = [];
  /** Thrown by every look while it is set. */
  blind: BeamliftError | undefined;
  /** `get` finds no job although there is one. */
  forgetful = false;
  cancelFault: BeamliftError | undefined;
  runMs = 5_000;
  result: JobError | undefined;
  errors: readonly JobError[] = [];
  private late: { atMs: number; id: string; configuration: JsonObject }[] = [];

  constructor(readonly clock: VirtualClock) {}

  /** The whole interface; what is not about jobs is not there. */
  get api(): BigQueryApi {
    const missing = (): Promise<never> => Promise.reject(new Error('not about jobs'));
    return {
      project: this.project,
      getDataset: missing,
      getTable: missing,
      createTable: missing,
      patchTable: missing,
      deleteTable: missing,
      queryRows: missing,
      insertJob: this.insertJob.bind(this),
      getJob: this.getJob.bind(this),
      cancelJob: this.cancelJob.bind(this),
    };
  }

  async insertJob(
    { jobId }: JobReference,
    configuration: JsonObject,
    signal: AbortSignal,
  ): Promise<InsertOutcome> {
    this.begin('insert', signal);
    await Promise.resolve();
    const fate = this.fates.shift() ?? 'answered';
    if (typeof fate === 'object') {
      if ('refused' in fate) return { kind: 'refused', error: fate.refused, retry: fate.retry };
      this.late.push({ atMs: this.clock.now() + fate.lateMs, id: jobId, configuration });
      return { kind: 'unclear', error: FAULT };
    }
    if (fate === 'lost-before') return { kind: 'unclear', error: FAULT };
    const isNew = this.create(jobId, configuration);
    if (fate === 'lost-after') return { kind: 'unclear', error: FAULT };
    return isNew ? { kind: 'accepted', job: this.describe(jobId) } : { kind: 'exists' };
  }

  async getJob({ jobId }: JobReference, signal: AbortSignal): Promise<JobResource | undefined> {
    this.begin('get', signal);
    await Promise.resolve();
    const fault = this.lookFaults.shift() ?? this.blind;
    if (fault !== undefined) throw fault;
    return this.jobs.has(jobId) && !this.forgetful ? this.describe(jobId) : undefined;
  }

  async cancelJob({ jobId }: JobReference, signal: AbortSignal): Promise<void> {
    this.begin('cancel', signal);
    await Promise.resolve();
    if (this.cancelFault !== undefined) throw this.cancelFault;
    const job = this.jobs.get(jobId);
    if (job === undefined || job.endMs <= this.clock.now()) return;
    job.endMs = this.clock.now() + 1;
    job.errorResult = {
      reason: 'stopped',
      message: 'Job execution was cancelled: User requested cancellation',
    };
  }

  /** A job that is there already. */
  create(id: string, configuration: JsonObject): boolean {
    if (this.jobs.has(id)) return false;
    const now = this.clock.now();
    const { result, errors, runMs } = this;
    this.jobs.set(id, { configuration, startMs: now, endMs: now + runMs, errorResult: result, errors });
    return true;
  }

  private begin(verb: string, signal: AbortSignal): void {
    signal.throwIfAborted();
    this.requests.push(verb);
    const due = this.late.filter(({ atMs }) => atMs <= this.clock.now());
    this.late = this.late.filter((request) => !due.includes(request));
    for (const { id, configuration } of due) this.create(id, configuration);
  }

  private describe(jobId: string): JobResource {
    const job = this.jobs.get(jobId);
    if (job === undefined) throw new Error(`no job ${jobId}`);
    const now = this.clock.now();
    const isDone = job.endMs <= now;
    return {
      jobReference: { projectId: this.project, jobId, location: 'US' },
      configuration: { jobType: 'LOAD', ...job.configuration },
      status: {
        state: isDone ? 'DONE' : now === job.startMs ? 'PENDING' : 'RUNNING',
        ...(isDone && job.errorResult !== undefined
          ? { errorResult: job.errorResult, errors: job.errors }
          : {}),
      },
    };
  }
}
