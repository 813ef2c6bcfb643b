import { lazyModules } from '../../../core/lazy-modules';
import type { DataflowApi, DataflowJob } from '../../../core/clients/dataflow-api';
import type { GcsBucket } from '../../../core/clients/gcs-bucket';
import type { Clock } from '../../../core/clock';
import { BeamliftError } from '../../../core/errors';
import type { JsonObject, RunContext } from '../../../core/plan';
import { parseStaging } from '../../../loaders/bigquery/bigquery-url';
import type { Obstacle, PipelineRequest, PipelineRun, PipelineRunner } from '../../pipeline-runner';
import type * as PipelineModule from './dataflow-pipeline';
import { DataflowRun } from './dataflow-run';
import { fitWorkers } from './fit-workers';
import {
  consoleUrl,
  handleOf,
  identityOf,
  readHandle,
  REQUEST_LABEL,
  type DataflowIdentity,
} from './job-identity';
import { jobLocations, jobRequest, mostWorkers } from './job-request';
import type { DataflowOptions } from './options';
import { dataflowObstacles } from './preflight';
import { uploadPipeline } from './upload-pipeline';
import type { Pace } from './watch-job';

/** A job that was just created is not listed at once, and may be the one of an attempt that was not answered. */
const LOOKS_FOR_NEW_JOB = 4;

/** How the services are reached. */
export interface DataflowClients {
  readonly api: DataflowApi;
  /** Opens a bucket; no request is made. */
  readonly bucketOf: (name: string) => Promise<GcsBucket>;
  readonly clock: Clock;
  readonly pace: Pace;
}

/** Google Cloud Dataflow, submitted to without another SDK in the middle. */
export class DataflowRunner implements PipelineRunner {
  readonly runner = 'dataflow';
  readonly outlivesSubmitter = true;

  constructor(
    private readonly options: DataflowOptions,
    private readonly clients: DataflowClients,
  ) {}

  async preflight(context: RunContext, signal: AbortSignal): Promise<readonly Obstacle[]> {
    return await dataflowObstacles(context, this.options, this.clients, signal);
  }

  handleFor(context: RunContext): JsonObject {
    return handleOf(identityOf(context, this.options));
  }

  async submit(request: PipelineRequest, handle: JsonObject, signal: AbortSignal): Promise<PipelineRun> {
    const identity = readHandle(handle);
    const known = await this.find(identity, signal);
    if (known !== undefined) return this.runOf(identity, known.id);

    const image = this.options.sdk_container_image;
    if (image === undefined) throw imageMissing(request.plan.context.job);
    const load = lazyModules(__filename);
    const { dataflowPipeline } = load('./dataflow-pipeline') as typeof PipelineModule;
    const options = fitWorkers(this.options, request.plan.context);
    const { bytes, facts } = dataflowPipeline(request, image, mostWorkers(options));
    await this.upload(jobLocations(this.options, identity).pipeline, bytes, signal);
    const job = jobRequest(options, identity, facts, request.concurrency);
    const created = await this.clients.api.create(identity.place, job, signal);
    if ('exists' in created) return await this.existing(identity, created.exists, signal);
    if (isAnothers(created, identity)) throw nameClash(identity, created.id, undefined);
    return this.runOf(identity, created.id);
  }

  async attach(handle: JsonObject, signal: AbortSignal): Promise<PipelineRun | undefined> {
    const identity = readHandle(handle);
    const found = await this.find(identity, signal);
    return found === undefined ? undefined : this.runOf(identity, found.id);
  }

  async close(): Promise<void> {
    // Requests end with their signals; nothing is kept open between them.
    await Promise.resolve();
  }

  /** By the service's id, where it is known; else by the name and the id of the request. */
  private async find(
    { place, name, requestId, jobId }: DataflowIdentity,
    signal: AbortSignal,
  ): Promise<DataflowJob | undefined> {
    const { api } = this.clients;
    if (jobId !== undefined) return await api.get(place, jobId, signal);
    const jobs = await api.named(place, name, signal);
    return jobs.find((job) => isOf(job, requestId));
  }

  /** The service refused to create a job a second time, or one of that name: whose is the one there? */
  private async existing(
    identity: DataflowIdentity,
    words: string,
    signal: AbortSignal,
  ): Promise<PipelineRun> {
    const { api, clock, pace } = this.clients;
    let others: readonly DataflowJob[] = [];
    for (let look = 1; look <= LOOKS_FOR_NEW_JOB; look++) {
      others = await api.named(identity.place, identity.name, signal);
      const own = others.find((job) => isOf(job, identity.requestId));
      if (own !== undefined) return this.runOf(identity, own.id);
      if (others.length > 0) break;
      await clock.sleep(pace.firstMs, signal);
    }
    throw nameClash(identity, others[0]?.id, words);
  }

  private async upload(location: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const bucket = parseStaging(location)?.bucket ?? '';
    try {
      await uploadPipeline(await this.clients.bucketOf(bucket), location, bytes, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof BeamliftError) || error.code === 'INTERNAL') throw error;
      throw new BeamliftError('RUNNER_UNUSABLE', {
        what: `The pipeline could not be uploaded for Dataflow: ${error.what}`,
        where: { object: location },
        ...(error.why === undefined ? {} : { why: error.why }),
        hint: `Check staging_location (or temp_location) under runners: dataflow. ${error.hint ?? ''}`.trim(),
        cause: error,
      });
    }
  }

  private runOf(identity: DataflowIdentity, id: string): PipelineRun {
    const { api, clock, pace } = this.clients;
    return new DataflowRun(identity, { api, place: identity.place, id, clock, pace });
  }
}

/** Whether a job that is described in full was created by this request. */
function isOf({ clientRequestId, labels }: DataflowJob, requestId: string): boolean {
  return clientRequestId === requestId || labels.get(REQUEST_LABEL) === requestId;
}

/** The service may answer with the active job of that name: then its request is another. */
function isAnothers({ clientRequestId }: DataflowJob, { requestId }: DataflowIdentity): boolean {
  return clientRequestId !== undefined && clientRequestId !== requestId;
}

function nameClash(
  { place, name }: DataflowIdentity,
  id: string | undefined,
  words: string | undefined,
): BeamliftError {
  const there = id === undefined ? '' : ` (${id})`;
  return new BeamliftError('RUNNER_UNUSABLE', {
    what: `Dataflow has an active job named ${name} already${there}`,
    where: { object: name },
    ...(words === undefined ? {} : { why: words }),
    hint:
      id === undefined
        ? 'Wait until it has ended, or cancel it, and run again.'
        : `It belongs to an earlier attempt at this run. Wait until it has ended, or cancel it at ${consoleUrl(place, id)}, and run again.`,
  });
}

function imageMissing(job: string): BeamliftError {
  return new BeamliftError('RUNNER_UNUSABLE', {
    what: 'No worker image is set for Dataflow',
    where: { job },
    hint: 'Build the image of this version, push it where the workers may read it, and set `sdk_container_image` under runners: dataflow.',
  });
}
