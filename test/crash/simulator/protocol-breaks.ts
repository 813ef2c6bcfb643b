import type { InsertOutcome, JobReference, JobResource } from '../../../core/clients/bigquery-api';
import type { Conflict, ReadObject, StoredObject } from '../../../core/clients/gcs-bucket';
import type { JsonObject } from '../../../core/plan';
import { DelegatingApi, DelegatingBucket } from './delegating';
import type { Break, Laboratory } from './laboratory';
import type { ModelStore } from './model-store';

/** What is written to a state object, as far as breaks change it. */
interface StateText {
  fence: number;
  lease: unknown;
  run: { id: string; state: string; intent: unknown } | null;
}

type Written = (StoredObject & { readonly storeTimeMs: number }) | Conflict;

/** Writes over whatever is there. */
class Overwriting extends DelegatingBucket {
  constructor(
    inner: DelegatingBucket['inner'],
    private readonly store: ModelStore,
  ) {
    super(inner);
  }

  override write(name: string, body: Uint8Array, _: string, signal: AbortSignal): Promise<Written> {
    return this.inner.write(name, body, this.store.objects.get(name)?.generation ?? '0', signal);
  }
}

/** Keeps from the store what the commit is going to send. */
class WithoutIntent extends DelegatingBucket {
  override write(name: string, body: Uint8Array, generation: string, signal: AbortSignal): Promise<Written> {
    const state = stateIn(name, body);
    if (state?.run?.state !== 'committing') return this.inner.write(name, body, generation, signal);
    const forgetful = { ...state, run: { ...state.run, state: 'staging', intent: null } };
    return this.inner.write(name, Buffer.from(JSON.stringify(forgetful)), generation, signal);
  }
}

/** Takes what others wrote for its own. */
class Unfenced extends DelegatingBucket {
  private own: StateText | undefined;

  override write(name: string, body: Uint8Array, generation: string, signal: AbortSignal): Promise<Written> {
    this.own = stateIn(name, body) ?? this.own;
    return this.inner.write(name, body, generation, signal);
  }

  override async read(name: string, maxBytes: number, signal: AbortSignal): Promise<ReadObject | undefined> {
    const object = await this.inner.read(name, maxBytes, signal);
    const state = object === undefined ? undefined : stateIn(name, object.body);
    if (object === undefined || state === undefined || this.own === undefined) return object;
    if (this.own.fence >= state.fence) return object;
    const { fence, lease } = this.own;
    return { ...object, body: Buffer.from(JSON.stringify({ ...state, fence, lease })) };
  }
}

/** Removes the record of a commit as soon as the commit is meant. */
class SweepingEarly extends DelegatingBucket {
  override async write(
    name: string,
    body: Uint8Array,
    generation: string,
    signal: AbortSignal,
  ): Promise<Written> {
    const written = await this.inner.write(name, body, generation, signal);
    const run = stateIn(name, body)?.run;
    if (run?.state === 'committing') {
      const folder = name.replace('/state/', '/runs/').replace('.json', `/${run.id}/`);
      await this.inner.delete(`${folder}commit.json`, signal);
    }
    return written;
  }
}

/** Sends every job under an id that nobody else can know. */
class RandomIds extends DelegatingApi {
  private readonly latest = new Map<string, JobReference>();

  constructor(
    inner: DelegatingApi['inner'],
    private readonly laboratory: Laboratory,
  ) {
    super(inner);
  }

  override insertJob(
    reference: JobReference,
    configuration: JsonObject,
    signal: AbortSignal,
  ): Promise<InsertOutcome> {
    const jobId = `${reference.jobId}-${this.laboratory.random.below(1e9)}`;
    this.latest.set(reference.jobId, { ...reference, jobId });
    return this.inner.insertJob({ ...reference, jobId }, configuration, signal);
  }

  override getJob(reference: JobReference, signal: AbortSignal): Promise<JobResource | undefined> {
    return this.inner.getJob(this.latest.get(reference.jobId) ?? reference, signal);
  }
}

/** Gives one id to the jobs of all runs. */
class SameIds extends DelegatingApi {
  override insertJob(
    reference: JobReference,
    configuration: JsonObject,
    signal: AbortSignal,
  ): Promise<InsertOutcome> {
    return this.inner.insertJob(this.ofAnyRun(reference), configuration, signal);
  }

  override getJob(reference: JobReference, signal: AbortSignal): Promise<JobResource | undefined> {
    return this.inner.getJob(this.ofAnyRun(reference), signal);
  }

  private ofAnyRun(reference: JobReference): JobReference {
    return { ...reference, jobId: reference.jobId.replace(/run-\d+_[0-9a-f]+/, 'run') };
  }
}

/** Only says that it has taken an id. */
class WithoutBurning extends DelegatingApi {
  override insertJob(
    reference: JobReference,
    configuration: JsonObject,
    signal: AbortSignal,
  ): Promise<InsertOutcome> {
    if (!isBurning(configuration)) return this.inner.insertJob(reference, configuration, signal);
    const job: JobResource = { jobReference: reference, configuration, status: { state: 'DONE' } };
    return Promise.resolve({ kind: 'accepted', job });
  }
}

/** Takes a job that is not there for one that has failed. */
class AbsentIsFailed extends DelegatingApi {
  private readonly sent = new Map<string, JsonObject>();

  override insertJob(
    reference: JobReference,
    configuration: JsonObject,
    signal: AbortSignal,
  ): Promise<InsertOutcome> {
    this.sent.set(reference.jobId, configuration);
    return this.inner.insertJob(reference, configuration, signal);
  }

  override async getJob(reference: JobReference, signal: AbortSignal): Promise<JobResource | undefined> {
    const configuration = this.sent.get(reference.jobId);
    const job = await this.inner.getJob(reference, signal);
    if (job !== undefined || configuration === undefined) return job;
    return failedJob({ jobReference: reference, configuration }, 'backendError');
  }
}

/** Takes a job for cancelled as soon as that was asked for. */
class CancelIsDone extends DelegatingApi {
  private readonly cancelled = new Set<string>();

  override cancelJob(reference: JobReference, signal: AbortSignal): Promise<void> {
    this.cancelled.add(reference.jobId);
    return this.inner.cancelJob(reference, signal);
  }

  override async getJob(reference: JobReference, signal: AbortSignal): Promise<JobResource | undefined> {
    const job = await this.inner.getJob(reference, signal);
    if (job === undefined || !this.cancelled.has(reference.jobId)) return job;
    return failedJob(job, 'stopped');
  }
}

/** Takes every job that has ended for one that has succeeded. */
class FailureIsSuccess extends DelegatingApi {
  override async getJob(reference: JobReference, signal: AbortSignal): Promise<JobResource | undefined> {
    const job = await this.inner.getJob(reference, signal);
    if (job?.status.errorResult === undefined) return job;
    return { ...job, status: { state: 'DONE' } };
  }
}

/** Leaves the mark of a move as it is. */
class WithoutMark extends DelegatingApi {
  override insertJob(
    reference: JobReference,
    configuration: JsonObject,
    signal: AbortSignal,
  ): Promise<InsertOutcome> {
    const text = JSON.stringify(configuration).replace(/TRUNCATE TABLE [^;]*;/, '');
    return this.inner.insertJob(reference, JSON.parse(text) as JsonObject, signal);
  }
}

/** The protocol with one of its rules taken away: the oracle must notice each of them. */
export const BREAKS: Readonly<Record<string, Break>> = {
  'objects are written without a generation': (place, { store }) => ({
    ...place,
    bucket: new Overwriting(place.bucket, store),
  }),
  'no intent is written before a job is sent': (place) => ({
    ...place,
    bucket: new WithoutIntent(place.bucket),
  }),
  'the fence is not looked at': (place) => ({ ...place, bucket: new Unfenced(place.bucket) }),
  'the record of a commit is swept before its end': (place) => ({
    ...place,
    bucket: new SweepingEarly(place.bucket),
  }),
  'ids of jobs are random': (place, laboratory) => ({ ...place, api: new RandomIds(place.api, laboratory) }),
  'ids of jobs do not tell runs apart': (place) => ({ ...place, api: new SameIds(place.api) }),
  'an id is not burnt before a run is closed': (place) => ({ ...place, api: new WithoutBurning(place.api) }),
  'a job that is not found counts as failed': (place) => ({ ...place, api: new AbsentIsFailed(place.api) }),
  'a job counts as cancelled when that was asked for': (place) => ({
    ...place,
    api: new CancelIsDone(place.api),
  }),
  'rows are moved without a mark': (place) => ({ ...place, api: new WithoutMark(place.api) }),
  'a job that has failed counts as done': (place) => ({ ...place, api: new FailureIsSuccess(place.api) }),
};

function stateIn(name: string, body: Uint8Array): StateText | undefined {
  return name.includes('/state/') ? (JSON.parse(Buffer.from(body).toString('utf8')) as StateText) : undefined;
}

function isBurning({ query }: JsonObject): boolean {
  return typeof query === 'object' && query !== null && 'query' in query && query['query'] === 'SELECT 1';
}

function failedJob(job: Pick<JobResource, 'jobReference' | 'configuration'>, reason: string): JobResource {
  return { ...job, status: { state: 'DONE', errorResult: { reason, message: reason } } };
}
