import { z } from 'zod';
import { ANONYMOUS } from '../../../core/clients/google-login';
import { serviceEndpointProblem } from '../../../core/service-endpoint';
import { parseStaging, STAGING_RULE } from '../../../loaders/bigquery/bigquery-url';
import { PROJECT_NAME, PROJECT_RULE } from '../../../loaders/bigquery/object-names';
import {
  EXPERIMENT,
  JOB_NAME,
  JOB_NAME_RULE,
  KMS_KEY,
  LABEL_KEY,
  LABEL_KEY_RULE,
  LABEL_VALUE,
  LABEL_VALUE_RULE,
  MACHINE_TYPE,
  MAX_GIVEN_JOB_NAME,
  MAX_LABELS,
  NETWORK,
  regionProblem,
  subnetworkProblem,
  SERVICE_ACCOUNT,
} from './option-rules';

/** Workers of one job that the service grants at most, as its quotas say. */
const MAX_WORKERS = 4_000;
/** In GB: the largest disk of a worker, a persistent disk of 64 TiB. */
const MAX_DISK_GB = 65_536;
const MAX_THREADS = 1_000;

/** Up to so many workers, where neither number is given: a load rarely gains from more, and each costs money and connections of the source. */
export const DEFAULT_MAX_WORKERS = 10;

function wholeNumber(max: number) {
  const error = `expected a whole number from 1 to ${max}`;
  return z.int(error).min(1, error).max(max, error);
}

function location(description: string) {
  return z
    .string()
    .refine((text) => parseStaging(text) !== undefined, { error: STAGING_RULE })
    .describe(description);
}

function endpoint(description: string) {
  return z
    .string()
    .refine((text) => serviceEndpointProblem(text) === undefined, {
      error: ({ input }) => serviceEndpointProblem(typeof input === 'string' ? input : '') ?? '',
    })
    .optional()
    .describe(description);
}

function listOf(description: string, example: string) {
  return z
    .array(z.string().regex(EXPERIMENT, 'expected a name, or name=value'))
    .optional()
    .meta({ description, examples: [[example]] });
}

const serviceAccount = z.string().regex(SERVICE_ACCOUNT, 'expected the address of a service account');

const fields = z.strictObject({
  project: z
    .string()
    .regex(PROJECT_NAME, PROJECT_RULE)
    .describe('The project that the job runs in and is billed to.'),
  region: z
    .string()
    .refine((text) => regionProblem(text) === undefined, {
      error: ({ input }) => regionProblem(typeof input === 'string' ? input : '') ?? '',
    })
    .meta({
      description:
        'The region of the job and its workers: that of the source, where it has one, and of the dataset.',
      examples: ['europe-central2'],
    }),
  temp_location: location(
    'Where the service keeps temporary files, `gs://bucket/prefix`; a lifecycle rule may delete them after some days.',
  ),
  staging_location: location(
    'Where pipelines are uploaded, `gs://bucket/prefix`. Left out, it is `temp_location`.',
  ).optional(),
  sdk_container_image: z
    .string()
    .regex(
      /^[^\s/][^\s]*$/,
      'expected the name of an image, such as REGION-docker.pkg.dev/PROJECT/REPOSITORY/beamlift:VERSION',
    )
    .optional()
    .meta({
      description:
        'The image of the workers, of the version that this command has; the service account of the workers must be allowed to read it. Dataflow needs it; without it, `auto` never chooses Dataflow.',
      examples: ['europe-central2-docker.pkg.dev/my-project/etl/beamlift:1.2.3'],
    }),
  num_workers: wholeNumber(MAX_WORKERS)
    .optional()
    .describe('Workers at the start. Left out, the service chooses.'),
  max_num_workers: wholeNumber(MAX_WORKERS)
    .optional()
    .describe(
      'The most workers that autoscaling may start. A database gets no more of them than `max_source_connections` is enough for. Left out, it is 10, or `num_workers` where that is more.',
    ),
  autoscaling_algorithm: z
    .enum(['THROUGHPUT_BASED', 'NONE'])
    .optional()
    .describe(
      '`NONE`: there are `num_workers` workers from the beginning to the end. Left out, it is `THROUGHPUT_BASED`.',
    ),
  number_of_worker_harness_threads: wholeNumber(MAX_THREADS)
    .optional()
    .describe(
      'Bundles that one worker process is given at once. Left out, as many as it may have units at once (`--concurrency`), which bounds those of all bundles.',
    ),
  machine_type: z
    .string()
    .regex(MACHINE_TYPE, 'expected a machine type such as n2-standard-4')
    .optional()
    .meta({
      description:
        'The machine of a worker; it runs one process for each of its cores. Left out, the service chooses.',
      examples: ['n2-standard-4'],
    }),
  disk_size_gb: wholeNumber(MAX_DISK_GB)
    .optional()
    .describe(
      'The disk of a worker, in GB. Rows are not kept there, so 30 are plenty. Left out, the service chooses.',
    ),
  service_account_email: serviceAccount
    .optional()
    .describe(
      'Who the workers are: the account that reads Secret Manager, stages and loads. Left out, it is the default account of Compute Engine.',
    ),
  network: z
    .string()
    .regex(NETWORK, 'expected the name of a network')
    .optional()
    .describe('The network of the workers. Left out, it is `default`, or that of `subnetwork`.'),
  subnetwork: z
    .string()
    .optional()
    .meta({
      description: 'The subnetwork of the workers, in `region`.',
      examples: ['regions/europe-central2/subnetworks/private'],
    }),
  use_public_ips: z
    .boolean()
    .optional()
    .describe(
      'Whether workers have public addresses. `false` needs Private Google Access in the subnetwork. Left out, the service chooses: they have.',
    ),
  labels: z
    .record(z.string().regex(LABEL_KEY, LABEL_KEY_RULE), z.string().regex(LABEL_VALUE, LABEL_VALUE_RULE))
    .refine((labels) => Object.keys(labels).length <= MAX_LABELS, `expected at most ${MAX_LABELS} labels`)
    .optional()
    .meta({
      description: 'Labels of the job and of its workers, for bills and filters. Never a secret.',
      examples: [{ team: 'data' }],
    }),
  experiments: listOf(
    'Experiments of the service, beside those that every pipeline of this kind has.',
    'shuffle_mode=service',
  ),
  service_options: listOf('Options of the service.', 'enable_google_cloud_profiler'),
  kms_key_name: z
    .string()
    .regex(KMS_KEY, 'expected projects/P/locations/L/keyRings/R/cryptoKeys/K')
    .optional()
    .describe('The key of Cloud KMS that the service encrypts what it keeps with.'),
  job_name: z
    .string()
    .max(MAX_GIVEN_JOB_NAME, `expected at most ${MAX_GIVEN_JOB_NAME} characters`)
    .regex(JOB_NAME, JOB_NAME_RULE)
    .optional()
    .describe(
      'What the names of Dataflow jobs begin with; the id of the run follows, so that no two are alike. Left out, it is `beamlift-` and the name of the job.',
    ),
  user_agent: z
    .strictObject({
      name: z.string().min(1).describe('The name of the client.'),
      version: z.string().min(1).describe('Its version.'),
    })
    .optional()
    .meta({
      description:
        'What the service is told about who submits; it may refuse versions, or treat them differently. Left out, it is that of the official way for pipelines in TypeScript.',
    }),
  credentials: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Who submits: the key of a service account, as JSON: `${file:key.json}`; or `anonymous`, for stand-ins. It stays on this machine. Left out: Google's default credentials.",
    ),
  impersonate: serviceAccount
    .optional()
    .describe('A service account to submit as; the credentials need the right to create its tokens.'),
  endpoint: endpoint('Another address of Dataflow, such as that of a stand-in.'),
  storage_endpoint: endpoint('Another address of Cloud Storage, such as that of an emulator.'),
});

const ENDPOINT_KEYS = ['endpoint', 'storage_endpoint'] as const;

/** `runners.dataflow` of a configuration: the names that users of Dataflow know. */
export const dataflowOptionsSchema = fields.superRefine((options, context) => {
  const problem = (key: keyof typeof options, message: string): void => {
    context.addIssue({ code: 'custom', path: [key], message });
  };
  const { num_workers: start, max_num_workers: most, autoscaling_algorithm: scaling } = options;
  if (start !== undefined && most !== undefined && most < start) {
    problem('max_num_workers', `expected at least num_workers, which is ${start}`);
  }
  if (scaling === 'NONE' && start === undefined) {
    problem('autoscaling_algorithm', 'without autoscaling, num_workers is needed');
  }
  if (options.subnetwork !== undefined) {
    const wrong = subnetworkProblem(options.subnetwork, options.region);
    if (wrong !== undefined) problem('subnetwork', wrong);
  }
  for (const key of ENDPOINT_KEYS) {
    const { credentials, [key]: address } = options;
    if (credentials === ANONYMOUS && address === undefined) {
      problem(
        'credentials',
        `${ANONYMOUS} is for stand-ins, and ${key} is missing, which names one; leave credentials out for Google's default ones`,
      );
    }
    if (credentials === undefined && isPlain(address)) {
      problem(
        key,
        `credentials are sent to https:// addresses alone; for a stand-in write \`credentials: ${ANONYMOUS}\``,
      );
    }
  }
});
export type DataflowOptions = z.infer<typeof dataflowOptionsSchema>;

/** An address that credentials are not sent to; a wrong one has a problem of its own. */
function isPlain(address: string | undefined): boolean {
  return address?.startsWith('http:') === true && serviceEndpointProblem(address) === undefined;
}

/** Keys whose values are secrets: references, which are resolved when the runner is opened. */
export const DATAFLOW_SECRET_FIELDS = ['credentials'] as const;
