import '../sdk-entry';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { JobState_Enum as State } from 'apache-beam/proto/beam_job_api';
import { z } from 'zod';
import type { JsonObject, RunContext } from '../../../core/plan';
import type { Obstacle, PipelineRequest, PipelineRun, PipelineRunner } from '../../pipeline-runner';
import { isLoopback } from '../plan-obstacles';
import { applySdkRepairs } from '../repairs/apply-sdk-repairs';
import { JobService, JobServiceError } from './job-service';
import { LoopbackPool } from './loopback-pool';
import type { PortableServices } from './open-portable-runner';
import { workerEnvironment, type PortableOptions } from './options';
import { optionsStruct, pipelineProto, type ProtoEnvironment } from './pipeline-proto';
import { PortableRun } from './portable-run';
import { workerObstacles } from './worker-obstacles';

/** A job that a service has been given and not yet begun is looked at again after so many milliseconds. */
const BEGINNING_MS = 1_000;

const handleSchema = z.strictObject({
  runner: z.literal('portable'),
  endpoint: z.string(),
  job_name: z.string(),
  job_id: z.string().optional(),
  /** Of a pipeline whose workers are in the process that submitted it: which. */
  workers: z.string().optional(),
});
type Handle = z.infer<typeof handleSchema>;

/** Any Beam job service. */
export class PortableRunner implements PipelineRunner {
  readonly runner = 'portable';
  readonly outlivesSubmitter: boolean;
  /** Of this process' workers; also the scope of their steps. */
  private readonly poolId = randomUUID();
  private readonly services = new Map<string, JobService>();
  private pool: LoopbackPool | undefined;

  constructor(
    private readonly options: PortableOptions,
    private readonly own: PortableServices,
  ) {
    this.outlivesSubmitter = workerEnvironment(options).kind !== 'loopback';
    applySdkRepairs();
  }

  async preflight(context: RunContext, signal: AbortSignal): Promise<readonly Obstacle[]> {
    const { endpoint, workers_have_secrets: workersHaveSecrets = false } = this.options;
    const obstacles = [
      ...workerObstacles(context, {
        environment: workerEnvironment(this.options),
        serviceIsHere: isThisMachine(endpoint),
        workersHaveSecrets,
      }),
    ];
    try {
      await this.service(endpoint).jobs(signal);
    } catch (error) {
      if (!(error instanceof JobServiceError)) throw error;
      obstacles.push({ what: `${error.what} (${error.why ?? ''})`, hint: error.hint ?? '' });
    }
    return obstacles;
  }

  handleFor({ job, runId }: RunContext): JsonObject {
    // Of this submission alone: a run may be given to the runner again when its first pipeline failed.
    const once = randomUUID().slice(0, 8);
    return {
      runner: this.runner,
      endpoint: this.options.endpoint,
      job_name: `beamlift-${job.replace(/[^A-Za-z0-9]+/g, '-')}-${runId}-${once}`,
      ...(workerEnvironment(this.options).kind === 'loopback' ? { workers: this.poolId } : {}),
    };
  }

  async submit(request: PipelineRequest, handle: JsonObject, signal: AbortSignal): Promise<PipelineRun> {
    const known = await this.attach(handle, signal);
    if (known !== undefined) return known;
    const { endpoint, job_name: jobName, workers } = handleSchema.parse(handle);
    const service = this.service(endpoint);
    const environment = await this.environment(request.concurrency);
    const preparation = await service.prepare(
      {
        jobName,
        pipeline: pipelineProto(request, workers ?? '', environment, this.options.workers),
        // Flink's service goes by the option, Prism by the request.
        pipelineOptions: optionsStruct({ ...this.options.pipeline_options, jobName, appName: 'beamlift' }),
      },
      signal,
    );
    const id = await service.run(preparation, signal);
    return new PortableRun(service, id, { ...handle, job_id: id }, this.pool);
  }

  /**
   * A pipeline whose workers were those of another process is stopped, and there is none: with the process its workers are gone, and no
   * runner starts others.
   */
  async attach(handle: JsonObject, signal: AbortSignal): Promise<PipelineRun | undefined> {
    const parsed = handleSchema.parse(handle);
    const service = this.service(parsed.endpoint);
    const id = await findJob(service, parsed, signal);
    if (id === undefined) return undefined;
    const run = new PortableRun(service, id, { ...handle, job_id: id }, this.pool);
    if (parsed.workers === undefined || parsed.workers === this.poolId) return run;
    await run.cancel(signal);
    return undefined;
  }

  async close(): Promise<void> {
    await this.pool?.stop();
    for (const service of this.services.values()) service.close();
  }

  private service(endpoint: string): JobService {
    const known = this.services.get(endpoint);
    if (known !== undefined) return known;
    const service = new JobService(endpoint);
    this.services.set(endpoint, service);
    return service;
  }

  private async environment(concurrency: number): Promise<ProtoEnvironment> {
    const environment = workerEnvironment(this.options);
    if (environment.kind === 'external') return { ...environment, params: {} };
    if (environment.kind !== 'loopback') return environment;
    this.pool ??= await LoopbackPool.start(this.poolId, {
      ...this.own,
      concurrency,
      commitRetried: () => undefined,
    });
    return this.pool.environment;
  }
}

/** The id of the job of a handle; undefined: the service has none, or one that was prepared and never run. */
async function findJob(
  service: JobService,
  { job_id: id, job_name: name }: Handle,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const last of [false, true]) {
    const jobs = await service.jobs(signal);
    const found = jobs.filter((job) => (id === undefined ? job.jobName === name : job.jobId === id));
    const begun = found.find(({ state }) => state !== State.STOPPED && state !== State.UNSPECIFIED);
    if (begun !== undefined) return begun.jobId;
    if (found.length === 0 || last) break;
    // A job is in this state for a moment after it was run, too.
    await sleep(BEGINNING_MS, undefined, { signal });
  }
  return undefined;
}

function isThisMachine(endpoint: string): boolean {
  return isLoopback(endpoint.replace(/:\d+$/, ''));
}
