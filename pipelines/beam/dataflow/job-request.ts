import { DATAFLOW_ENDPOINT } from '../../../core/clients/dataflow';
import type { JsonObject, JsonValue } from '../../../core/plan';
import { REQUEST_LABEL, type DataflowIdentity } from './job-identity';
import { DEFAULT_MAX_WORKERS, type DataflowOptions } from './options';

/** What a job has to say about the pipeline that was uploaded for it. */
export interface PipelineFacts {
  /** SHA-256 of its bytes, in hexadecimal digits. */
  readonly hash: string;
  /** Of its docker environments. */
  readonly environments: readonly PipelineEnvironment[];
}

export interface PipelineEnvironment {
  readonly id: string;
  readonly image: string;
  readonly capabilities: readonly string[];
}

/** Locations of one job. */
export interface JobLocations {
  readonly staging: string;
  readonly temp: string;
  readonly pipeline: string;
}

/** What every pipeline of the Beam model that is not Java's must have, in the order of the official clients. */
const EXPERIMENTS = [
  'use_sibling_sdk_workers',
  'beam_fn_api',
  'use_unified_worker',
  'use_runner_v2',
  'use_portable_job_submission',
  'use_multiple_sdk_containers',
] as const;

/** One process for each core of a worker, unless the worker says that it uses several. */
const MULTI_CORE = 'beam:protocol:multi_core_bundle_processing:v1';

/**
 * Who submits. The service decides by name and version which features a job gets; pipelines of the TypeScript SDK officially come from
 * Python's job service, which gives its own.
 */
const USER_AGENT = { name: 'Apache Beam Python 3.11 SDK', version: '2.49.0' } as const;

/** The class under which the console shows options. */
const OPTIONS_NAMESPACE = 'apache_beam.options.pipeline_options.PipelineOptions';

type OptionValue = string | number | boolean | string[];

/** Where the files of a job are. */
export function jobLocations(
  { temp_location: temp, staging_location: staging }: DataflowOptions,
  { folder }: Pick<DataflowIdentity, 'folder'>,
): JobLocations {
  const within = (location: string): string => `${location.replace(/\/$/, '')}/${folder}`;
  const stagingFolder = within(staging ?? temp);
  return { staging: stagingFolder, temp: within(temp), pipeline: `${stagingFolder}/pipeline.pb` };
}

/**
 * The job to post to Dataflow, equal to what the official clients post for such a pipeline. All numbers are whole: the service refuses
 * `4.0`. Nothing of it is secret: the console shows it.
 * `concurrency`: units at once of one worker process, and so as many bundles, which may have one unit only.
 */
export function jobRequest(
  options: DataflowOptions,
  identity: Pick<DataflowIdentity, 'name' | 'requestId' | 'folder'>,
  facts: PipelineFacts,
  concurrency: number,
): JsonObject {
  const locations = jobLocations(options, identity);
  const experiments = [...new Set([...EXPERIMENTS, ...(options.experiments ?? [])])];
  const labels = { ...options.labels, [REQUEST_LABEL]: identity.requestId };
  const threads = options.number_of_worker_harness_threads ?? concurrency;
  const shown = {
    ...shownOptions(options, identity.name, locations, experiments),
    number_of_worker_harness_threads: threads,
  };
  return {
    name: identity.name,
    type: 'JOB_TYPE_BATCH',
    clientRequestId: identity.requestId,
    labels,
    environment: defined({
      userAgent: { ...(options.user_agent ?? USER_AGENT) },
      version: { job_type: 'FNAPI_BATCH', major: '8' },
      experiments,
      serviceOptions: options.service_options,
      serviceAccountEmail: options.service_account_email,
      serviceKmsKeyName: options.kms_key_name,
      tempStoragePrefix: locations.temp.replace(/^gs:\/\//, 'storage.googleapis.com/'),
      clusterManagerApiService: 'compute.googleapis.com',
      dataset: 'bigquery.googleapis.com/cloud_dataflow',
      sdkPipelineOptions: {
        options: {
          ...shown,
          pipelineUrl: locations.pipeline,
          pipelineProtoHash: facts.hash,
          // Our worker has its functions without being told what to load.
          registered_node_modules: [],
          streaming: false,
        },
        display_data: Object.entries(shown).map(([key, value]) => displayData(key, value)),
      },
      workerPools: [workerPool(options, facts, threads)],
    }),
  };
}

/** Up to so many workers: as configured, else the default, which is never below the number at the start. */
export function mostWorkers({ max_num_workers: most, num_workers: start }: DataflowOptions): number {
  return most ?? Math.max(DEFAULT_MAX_WORKERS, start ?? 0);
}

function workerPool(options: DataflowOptions, { environments }: PipelineFacts, threads: number): JsonObject {
  const [only, ...others] = environments;
  const fixed = options.autoscaling_algorithm === 'NONE';
  return defined({
    kind: 'harness',
    numWorkers: options.num_workers,
    autoscalingSettings: {
      algorithm: fixed ? 'AUTOSCALING_ALGORITHM_NONE' : 'AUTOSCALING_ALGORITHM_BASIC',
      maxNumWorkers: mostWorkers(options),
    },
    machineType: options.machine_type,
    diskSizeGb: options.disk_size_gb,
    network: options.network,
    subnetwork: options.subnetwork,
    ipConfiguration: ipConfiguration(options.use_public_ips),
    numThreadsPerWorker: threads,
    taskrunnerSettings: {
      parallelWorkerSettings: {
        baseUrl: DATAFLOW_ENDPOINT,
        servicePath: options.endpoint ?? DATAFLOW_ENDPOINT,
      },
    },
    sdkHarnessContainerImages: environments.map(({ id, image, capabilities }) => ({
      containerImage: image,
      environmentId: id,
      useSingleCorePerContainer: !capabilities.includes(MULTI_CORE),
      capabilities: [...capabilities],
    })),
    workerHarnessContainerImage: others.length === 0 ? only?.image : undefined,
  });
}

/** Options by the names that users know; the console shows them beside the job. */
function shownOptions(
  options: DataflowOptions,
  name: string,
  { staging, temp }: JobLocations,
  experiments: string[],
): Record<string, OptionValue> {
  const { labels = {} } = options;
  return defined({
    project: options.project,
    region: options.region,
    job_name: name,
    staging_location: staging,
    temp_location: temp,
    dataflow_endpoint: options.endpoint,
    service_account_email: options.service_account_email,
    dataflow_kms_key: options.kms_key_name,
    labels: Object.entries(labels).map(([key, value]) => `${key}=${value}`),
    dataflow_service_options: options.service_options,
    num_workers: options.num_workers,
    max_num_workers: mostWorkers(options),
    autoscaling_algorithm: options.autoscaling_algorithm ?? 'THROUGHPUT_BASED',
    machine_type: options.machine_type,
    disk_size_gb: options.disk_size_gb,
    network: options.network,
    subnetwork: options.subnetwork,
    sdk_container_image: options.sdk_container_image,
    use_public_ips: options.use_public_ips,
    experiments,
  });
}

function ipConfiguration(usePublicIps: boolean | undefined): string | undefined {
  if (usePublicIps === undefined) return undefined;
  return usePublicIps ? 'WORKER_IP_PUBLIC' : 'WORKER_IP_PRIVATE';
}

/** Lists are shown as the official client shows them: `['a', 'b']`. */
function displayData(key: string, value: OptionValue): JsonObject {
  const common = { key, namespace: OPTIONS_NAMESPACE };
  if (typeof value === 'number') return { ...common, type: 'INTEGER', value };
  if (typeof value === 'boolean') return { ...common, type: 'BOOLEAN', value };
  const text = Array.isArray(value) ? `[${value.map((item) => `'${item}'`).join(', ')}]` : value;
  return { ...common, type: 'STRING', value: text };
}

/** Without the members that nobody gave. */
function defined<Value extends JsonValue>(
  members: Readonly<Record<string, Value | undefined>>,
): Record<string, Value> {
  const given = Object.entries(members).filter((entry): entry is [string, Value] => entry[1] !== undefined);
  return Object.fromEntries(given);
}
