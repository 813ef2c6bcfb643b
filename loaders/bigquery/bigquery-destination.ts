import { z } from 'zod';
import { BeamliftError } from '../../core/errors';
import { openBigQueryApi } from '../../core/clients/bigquery';
import type { BigQueryApi } from '../../core/clients/bigquery-api';
import { openGcsBucket } from '../../core/clients/gcs';
import type { GcsBucket } from '../../core/clients/gcs-bucket';
import { ANONYMOUS, openGoogleLogin } from '../../core/clients/google-login';
import { SYSTEM_CLOCK } from '../../core/clients/system-clock';
import type { SourceServices } from '../../core/extractor';
import type { DestinationModule, Loader } from '../../core/loader';
import { serviceEndpointProblem } from '../../core/service-endpoint';
import { isRunning, ownIdentity } from '../process-identity';
import { BigQueryLoader } from './bigquery-loader';
import { parseBigqueryUrl, parseStaging, STAGING_RULE } from './bigquery-url';
import { checkBigQuery, checkOfOpening } from './check-bigquery';
import { canonicalLocation } from './load-locations';
import {
  DATASET_NAME,
  DATASET_RULE,
  nameProblem,
  PROJECT_NAME,
  PROJECT_RULE,
  tableReference,
} from './object-names';
import { BIGQUERY_NDJSON, BIGQUERY_RULES } from './rules';
import { stagingFormatFor } from './staging-format';
import { typeFor } from './types';

/**
 * Of the source, by its own estimate: Avro with snappy takes about a third of that (a PostgreSQL table of 330 MB is staged as 136 MB), so that parts
 * have 32 MB or more. In bytes.
 */
const MIN_UNIT_BYTES = 96 * 1024 * 1024;
/** A load job takes 10,000 URIs; units may have several parts, and a run may be retried. */
const MAX_UNITS = 8_000;

function endpoint(description: string) {
  return z
    .string()
    .refine((text) => serviceEndpointProblem(text) === undefined, {
      error: ({ input }) => serviceEndpointProblem(typeof input === 'string' ? input : '') ?? '',
    })
    .optional()
    .describe(description);
}

const projectName = z.string().regex(PROJECT_NAME, PROJECT_RULE);

const fields = z.strictObject({
  project: projectName.describe('The project that the dataset is in.'),
  dataset: z
    .string()
    .regex(DATASET_NAME, DATASET_RULE)
    .describe('The dataset of the tables. It must exist; a job may name another one.'),
  location: z
    .string()
    .regex(/^[A-Za-z0-9-]+$/, 'expected a location such as EU or europe-central2')
    .optional()
    .describe('The location of the dataset, such as `EU`. Left out, the dataset is asked.'),
  staging: z
    .string()
    .refine((text) => parseStaging(text) !== undefined, { error: STAGING_RULE })
    .describe(
      'The bucket that rows are staged in, `gs://bucket/prefix`, in the location of the dataset. What jobs remember is kept there, too: nothing else may change or delete what is below the prefix.',
    ),
  credentials: z
    .string()
    .min(1)
    .optional()
    .describe(
      "The key of a service account, as JSON: `${file:key.json}`; or `anonymous`, for emulators. Left out: Google's default credentials (GOOGLE_APPLICATION_CREDENTIALS, `gcloud auth application-default login`, the machine).",
    ),
  impersonate: z
    .string()
    .regex(/^[^@\s]+@[^@\s]+$/, 'expected the address of a service account')
    .optional()
    .describe('A service account to act as; the credentials need the right to create its tokens.'),
  billing_project: projectName
    .optional()
    .describe('The project that jobs run in and are billed to. Left out, it is `project`.'),
  endpoint: endpoint('Another address of BigQuery, such as that of an emulator.'),
  staging_endpoint: endpoint('Another address of Cloud Storage, such as that of an emulator.'),
});

const ENDPOINT_KEYS = ['endpoint', 'staging_endpoint'] as const;

/** What can be known of a login before anything is opened; a reference may stand for any. */
const configSchema = fields.superRefine((config, context) => {
  for (const key of ENDPOINT_KEYS) {
    const { credentials, [key]: address } = config;
    if (credentials === ANONYMOUS && address === undefined) {
      const message = `${ANONYMOUS} is for emulators, and ${key} is missing, which names one; leave credentials out for Google's default ones`;
      context.addIssue({ code: 'custom', path: ['credentials'], message });
    }
    if (credentials === undefined && isPlain(address)) {
      const message = `credentials are sent to https:// addresses alone; for an emulator write \`credentials: ${ANONYMOUS}\``;
      context.addIssue({ code: 'custom', path: [key], message });
    }
  }
});

export const bigquery = {
  type: 'bigquery',
  title: 'BigQuery dataset',
  embedded: false,
  configSchema,
  secretFields: ['credentials'],
  pathFields: [],
  createTableByDefault: false,
  rules: BIGQUERY_RULES,
  ndjson: BIGQUERY_NDJSON,
  jobKeys: ['table_options', 'staging_format', 'staging_compression', 'verify'],
  stagingFormat: stagingFormatFor,
  unitSize: { minBytes: MIN_UNIT_BYTES, maxUnits: MAX_UNITS },
  typeFor,
  nameProblem,
  parseUrl: parseBigqueryUrl,
  open: async ({ config: written, dataset, table: tableId }, services, signal) => {
    const config = fields.parse(written);
    const table = tableReference(config.project, dataset ?? config.dataset, tableId);
    const clients = await openClients(config, services, signal);
    const loader: Loader = new BigQueryLoader({
      ...clients,
      table,
      location: config.location === undefined ? undefined : canonicalLocation(config.location),
      clock: SYSTEM_CLOCK,
      holder: ownIdentity(),
      isRunning,
      log: services.log,
    });
    return loader;
  },
  check: async (written, services, signal) => {
    const config = fields.parse(written);
    let clients: Clients;
    try {
      clients = await openClients(config, services, signal);
    } catch (error) {
      signal.throwIfAborted();
      return checkOfOpening(error);
    }
    const { project: projectId, dataset: datasetId, location } = config;
    return await checkBigQuery({ ...clients, projectId, datasetId, location, clock: SYSTEM_CLOCK }, signal);
  },
} as const satisfies DestinationModule<'bigquery'>;

interface Clients {
  readonly api: BigQueryApi;
  readonly bucket: GcsBucket;
  /** In the bucket: empty, or with a slash at its end. */
  readonly prefix: string;
}

/** An address that credentials are not sent to; a wrong one has a problem of its own. */
function isPlain(address: string | undefined): boolean {
  return address?.startsWith('http:') === true && serviceEndpointProblem(address) === undefined;
}

/** A reference tells where a key comes from; a key that is written out stays untold. */
function originOf(written = ''): string {
  const reference = /^\$\{(?:env|file|secret):[^}]*\}$/.exec(written)?.[0];
  return reference === undefined
    ? '`credentials` of the destination'
    : `\`credentials\` of the destination, ${reference},`;
}

/** Both services know the same login. No request is made yet. */
async function openClients(
  config: z.infer<typeof fields>,
  { secrets, environment, log }: SourceServices,
  signal: AbortSignal,
): Promise<Clients> {
  const staging = parseStaging(config.staging);
  if (staging === undefined) throw new BeamliftError('CONFIG_INVALID', { what: `staging: ${STAGING_RULE}` });
  const credentials =
    config.credentials === undefined ? undefined : await secrets.resolve(config.credentials, signal);
  const common = { environment, log };
  const login = await openGoogleLogin(
    {
      environment,
      ...(credentials === undefined ? {} : { credentials, origin: originOf(config.credentials) }),
      ...(config.impersonate === undefined ? {} : { impersonate: config.impersonate }),
    },
    signal,
  );
  const { endpoint, staging_endpoint: stagingEndpoint } = config;
  const api = await openBigQueryApi(
    {
      ...common,
      login,
      project: config.billing_project ?? config.project,
      ...(endpoint === undefined ? {} : { endpoint }),
    },
    signal,
  );
  const bucket = await openGcsBucket(
    {
      ...common,
      login,
      bucket: staging.bucket,
      ...(stagingEndpoint === undefined ? {} : { endpoint: stagingEndpoint }),
    },
    signal,
  );
  return { api, bucket, prefix: staging.prefix };
}
