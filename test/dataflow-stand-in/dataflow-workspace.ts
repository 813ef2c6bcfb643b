import type { PipelineRequest, PipelineRunner } from '../../pipelines/pipeline-runner';
import {
  openDataflowRunner,
  type DataflowServices,
} from '../../pipelines/beam/dataflow/open-dataflow-runner';
import { dataflowOptionsSchema, type DataflowOptions } from '../../pipelines/beam/dataflow/options';
import { neverAborts } from '../../core/never-aborts';
import { quietServices } from '../contract/quiet-services';
import { Faults } from '../fault-proxy/faults';
import { startFaultProxy, type FaultProxy } from '../fault-proxy/fault-proxy';
import { startGcsServer, type GcsServer } from '../services/gcs-server';
import { fakeContext, unit } from '../unit/pipelines/fake-equipment';
import { startDataflowServer, type DataflowServer } from './dataflow-server';

/** A stand-in and a Cloud Storage behind proxies that break requests; times are milliseconds where Dataflow's are seconds. */
export class DataflowWorkspace {
  private constructor(
    readonly gcs: GcsServer,
    readonly server: DataflowServer,
    readonly faults: Faults,
    private readonly proxies: readonly [FaultProxy, FaultProxy],
  ) {}

  static async start(): Promise<DataflowWorkspace> {
    const gcs = await startGcsServer('bucket');
    const server = await startDataflowServer(gcs.endpoint);
    const faults = new Faults();
    const proxies = [
      await startFaultProxy(server.endpoint, faults),
      await startFaultProxy(gcs.endpoint, faults),
    ] as const;
    return new DataflowWorkspace(gcs, server, faults, proxies);
  }

  async stop(): Promise<void> {
    this.faults.set(undefined);
    for (const proxy of this.proxies) await proxy.stop();
    await this.server.stop();
    await this.gcs.stop();
  }

  options(changes: Partial<DataflowOptions> = {}): DataflowOptions {
    return dataflowOptionsSchema.parse({
      project: 'my-project',
      region: 'us-central1',
      temp_location: 'gs://bucket/temp',
      staging_location: 'gs://bucket/staging',
      sdk_container_image: 'us-central1-docker.pkg.dev/my-project/etl/beamlift:1.2.3',
      credentials: 'anonymous',
      endpoint: this.proxies[0].endpoint,
      storage_endpoint: this.proxies[1].endpoint,
      ...changes,
    });
  }

  async open(
    changes: Partial<DataflowOptions> = {},
    services: Partial<DataflowServices> = {},
    without?: keyof DataflowOptions,
  ): Promise<PipelineRunner> {
    const options = Object.entries(this.options(changes)).filter(([key]) => key !== without);
    return await openDataflowRunner(
      dataflowOptionsSchema.parse(Object.fromEntries(options)),
      {
        ...quietServices('/nowhere'),
        retry: { attempts: 4, minDelayMs: 1, maxDelayMs: 5, factor: 2 },
        pace: { firstMs: 5, maxMs: 10, lateMs: 10, reasonMs: 2_000, silenceMs: 3_000 },
        ...services,
      },
      neverAborts(),
    );
  }
}

let runs = 0;

/** A request of a run that no other test has. */
export function requestOf(units = 2, fence = 1): PipelineRequest {
  runs += 1;
  const context = fakeContext('/staging', {
    runId: `20261122T051740Z-${runs.toString(16).padStart(8, '0')}`,
    job: 'orders',
    fence,
  });
  return {
    plan: { context, units: Array.from({ length: units }, (_, index) => unit(`u${index}`)) },
    commits: true,
    concurrency: 3,
  };
}
