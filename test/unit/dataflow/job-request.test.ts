import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { JsonObject } from '../../../core/plan';
import { identityOf } from '../../../pipelines/beam/dataflow/job-identity';
import { jobLocations, jobRequest } from '../../../pipelines/beam/dataflow/job-request';
import { dataflowOptionsSchema, type DataflowOptions } from '../../../pipelines/beam/dataflow/options';

const IMAGE = 'us-central1-docker.pkg.dev/my-proj/etl/worker:1.2.3';
const IDENTITY = {
  name: 'etl-orders-20260101',
  requestId: '1-1',
  folder: 'etl-orders-20260101.1795324660.913135',
};
const FACTS = {
  hash: 'ab'.repeat(32),
  environments: [
    {
      id: 'jsEnvironment',
      image: IMAGE,
      capabilities: ['beam:coder:interval_window:v1', 'beam:protocol:sibling_workers:v1'],
    },
  ],
};
/** What the reference was submitted with. */
const OPTIONS: DataflowOptions = dataflowOptionsSchema.parse({
  project: 'my-proj',
  region: 'us-central1',
  temp_location: 'gs://my-bucket/temp',
  staging_location: 'gs://my-bucket/staging',
  sdk_container_image: IMAGE,
  num_workers: 2,
  max_num_workers: 8,
  autoscaling_algorithm: 'THROUGHPUT_BASED',
  number_of_worker_harness_threads: 4,
  machine_type: 'n2-standard-4',
  disk_size_gb: 50,
  service_account_email: 'etl@my-proj.iam.gserviceaccount.com',
  network: 'my-net',
  subnetwork: 'regions/us-central1/subnetworks/my-subnet',
  use_public_ips: false,
  labels: { team: 'data', app: 'etl' },
  service_options: ['enable_google_cloud_profiler'],
  credentials: 'anonymous',
  endpoint: 'http://127.0.0.1:18811/sandbox',
  storage_endpoint: 'http://127.0.0.1:18812',
});

const OPTION = 'environment.sdkPipelineOptions.options.';
const SHOWN = 'environment.sdkPipelineOptions.display_data.';

/** Paths at which the job may differ from the official client's, and why. */
const ALLOWED = new Map<string, readonly string[]>([
  ['made anew for each job; the official one is a time and a random number', ['clientRequestId']],
  ['by which a job is found again whose creation was not answered', ['labels.beamlift_request']],
  ['newer clients send it; the service compares it with the file', [`${OPTION}pipelineProtoHash`]],
  [
    'our worker has its functions without being told what to load',
    [`${OPTION}registered_node_modules`, `${SHOWN}registered_node_modules`],
  ],
  ['made up for the capture', [`${OPTION}custom_etl_option`, `${SHOWN}custom_etl_option`]],
  [
    'of the Python process in the middle, which there is none of',
    [
      ...['port', 'beam_plugins'].flatMap((name) => [`${OPTION}${name}`, `${SHOWN}${name}`]),
      ...[
        'artifact_port',
        'expansion_port',
        'job_port',
        'job_server_java_launcher',
        'job_server_jvm_properties',
        'job_server_timeout',
      ].map((name) => OPTION + name),
    ],
  ],
  [
    'defaults of options that only the Python SDK reads',
    [
      'allow_non_deterministic_key_coders',
      'allow_unsafe_triggers',
      'beam_services',
      'dry_run',
      'enable_artifact_caching',
      'gcp_oauth_scopes',
      'hdfs_full_urls',
      'no_auth',
      'performance_runtime_type_check',
      'pickle_library',
      'pipeline_type_check',
      'profile_cpu',
      'profile_memory',
      'profile_sample_rate',
      'requirements_cache_only_sources',
      'resource_hints',
      'runtime_type_check',
      's3_disable_ssl',
      'save_main_session',
      'sdk_location',
      'type_check_additional',
      'type_check_strictness',
      'use_transform_service',
    ].map((name) => OPTION + name),
  ],
  [
    'defaults of options of other runners',
    [
      'direct_embed_docker_python',
      'direct_num_workers',
      'direct_runner_bundle_repeat',
      'direct_runner_use_stacked_bundle',
      'direct_running_mode',
      'direct_test_splits',
      'environment_cache_millis',
      'flink_master',
      'flink_submit_uber_jar',
      'flink_version',
      'max_parallelism',
      'parallelism',
      'sdk_worker_parallelism',
      'spark_master_url',
      'spark_submit_uber_jar',
      'spark_version',
    ].map((name) => OPTION + name),
  ],
  [
    'defaults of options of jobs that are streaming or replace another',
    ['enable_hot_key_logging', 'enable_streaming_engine', 'update'].map((name) => OPTION + name),
  ],
]);

/** Every leaf by its path; lists as one value, in an order that does not matter. */
function leaves(value: unknown, path = ''): Map<string, unknown> {
  if (Array.isArray(value) && path.endsWith('display_data')) {
    const shown = value as { key: string; value: unknown; type: string; namespace: string }[];
    return new Map(
      shown.map(({ key, type, namespace, value: said }) => [
        `${path}.${key}`,
        [
          type,
          namespace,
          typeof said === 'string' && said.startsWith('[') ? said.split(/[[\], ]+/).sort() : said,
        ],
      ]),
    );
  }
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object'))
    return new Map([[path, [...value].sort()]]);
  if (typeof value !== 'object' || value === null) return new Map([[path, value]]);
  const entries = Object.entries(value);
  if (entries.length === 0) return new Map([[path, {}]]);
  return new Map(
    entries.flatMap(([key, member]) => [...leaves(member, path === '' ? key : `${path}.${key}`)]),
  );
}

describe('request for a Dataflow job', () => {
  it('equals what the official clients post, but for what is listed', () => {
    const official = leaves(JSON.parse(readFileSync(join(__dirname, 'python-2.49-job.json'), 'utf8')));
    const ours = leaves(jobRequest(OPTIONS, IDENTITY, FACTS, 3));
    const differing = [...new Set([...official.keys(), ...ours.keys()])].filter((path) => {
      try {
        assert.deepEqual(ours.get(path), official.get(path));
        return false;
      } catch {
        return true;
      }
    });
    assert.deepEqual(differing.sort(), [...ALLOWED.values()].flat().sort());
  });

  it('leaves out what nobody gave, and keeps to the default number of workers', () => {
    const options = dataflowOptionsSchema.parse({
      project: 'p1',
      region: 'us-central1',
      temp_location: 'gs://bucket/',
      sdk_container_image: IMAGE,
    });
    const { environment } = jobRequest(options, IDENTITY, FACTS, 3) as { environment: JsonObject };
    assert.deepEqual(environment['workerPools'], [
      {
        kind: 'harness',
        autoscalingSettings: { algorithm: 'AUTOSCALING_ALGORITHM_BASIC', maxNumWorkers: 10 },
        numThreadsPerWorker: 3,
        taskrunnerSettings: {
          parallelWorkerSettings: {
            baseUrl: 'https://dataflow.googleapis.com',
            servicePath: 'https://dataflow.googleapis.com',
          },
        },
        sdkHarnessContainerImages: [
          {
            containerImage: IMAGE,
            environmentId: 'jsEnvironment',
            useSingleCorePerContainer: true,
            capabilities: ['beam:coder:interval_window:v1', 'beam:protocol:sibling_workers:v1'],
          },
        ],
        workerHarnessContainerImage: IMAGE,
      },
    ]);
    assert.equal(environment['serviceKmsKeyName'], undefined);
    assert.equal(jobLocations(options, IDENTITY).pipeline, `gs://bucket/${IDENTITY.folder}/pipeline.pb`);
  });

  it('takes environments and capabilities from the pipeline', () => {
    const facts = {
      ...FACTS,
      environments: [
        { id: 'a', image: 'one', capabilities: ['beam:protocol:multi_core_bundle_processing:v1'] },
        { id: 'b', image: 'two', capabilities: [] },
      ],
    };
    const given = {
      ...OPTIONS,
      kms_key_name: 'k',
      use_public_ips: true,
      autoscaling_algorithm: 'NONE' as const,
    };
    const { environment } = jobRequest(given, IDENTITY, facts, 3) as { environment: JsonObject };
    const [pool] = environment['workerPools'] as JsonObject[];
    assert.deepEqual(pool?.['sdkHarnessContainerImages'], [
      {
        containerImage: 'one',
        environmentId: 'a',
        useSingleCorePerContainer: false,
        capabilities: ['beam:protocol:multi_core_bundle_processing:v1'],
      },
      { containerImage: 'two', environmentId: 'b', useSingleCorePerContainer: true, capabilities: [] },
    ]);
    assert.equal(pool['workerHarnessContainerImage'], undefined);
    assert.equal(pool['ipConfiguration'], 'WORKER_IP_PUBLIC');
    assert.equal((pool['autoscalingSettings'] as JsonObject)['algorithm'], 'AUTOSCALING_ALGORITHM_NONE');
    assert.equal(environment['serviceKmsKeyName'], 'k');
  });

  it('has whole numbers alone', () => {
    const written = JSON.stringify(jobRequest(OPTIONS, IDENTITY, FACTS, 3));
    const numbers = [...leaves(JSON.parse(written)).values()].filter((value) => typeof value === 'number');
    assert.ok(numbers.length > 5);
    for (const number of numbers) assert.ok(Number.isSafeInteger(number), String(number));
  });

  it('holds no credentials', () => {
    const secret = 'canary-of-a-key-0123456789';
    const options = {
      ...OPTIONS,
      credentials: secret,
      impersonate: `${secret}@p.iam.gserviceaccount.com`,
      storage_endpoint: `https://${secret}`,
    };
    assert.ok(!JSON.stringify(jobRequest(options, IDENTITY, FACTS, 3)).includes(secret));
  });

  it('lets the name of the sender be chosen', () => {
    const agent = { name: 'Apache Beam SDK for TypeScript', version: '2.49.0' };
    const { environment } = jobRequest({ ...OPTIONS, user_agent: agent }, IDENTITY, FACTS, 3) as {
      environment: JsonObject;
    };
    assert.deepEqual(environment['userAgent'], agent);
  });
});

describe('identity of a Dataflow job', () => {
  const place = { project: 'p', region: 'us-central1' };

  it('follows from the run and its lease', () => {
    const run = { runId: '20261122T051740Z-1a2b3c4d', job: 'Orders.täglich', fence: 3 };
    assert.deepEqual(identityOf(run, place), {
      place,
      name: 'beamlift-orders-t-glich-20261122t051740z-1a2b3c4d',
      requestId: '20261122t051740z-1a2b3c4d-3',
      folder: 'beamlift-orders-t-glich-20261122t051740z-1a2b3c4d.1795324660',
    });
    assert.equal(
      identityOf(run, { ...place, job_name: 'nightly' }).name,
      'nightly-20261122t051740z-1a2b3c4d',
    );
    assert.notEqual(identityOf({ ...run, fence: 4 }, place).requestId, identityOf(run, place).requestId);
    assert.equal(identityOf({ ...run, fence: 4 }, place).name, identityOf(run, place).name);
  });

  it('is valid for every name', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ maxLength: 200 }), fc.nat(), (job, runId, fence) => {
        const { name, requestId, folder } = identityOf({ runId, job, fence }, place);
        assert.match(name, /^[a-z]([-a-z0-9]*[a-z0-9])?$/);
        assert.match(requestId, /^[a-z0-9-]{1,63}$/);
        assert.match(folder, /^[a-z0-9-]+\.\d+$/);
      }),
    );
  });
});
