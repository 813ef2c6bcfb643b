import { z } from 'zod';
import { serviceEndpointProblem } from '../service-endpoint';

function endpoint(description: string) {
  return z
    .string()
    .refine((text) => serviceEndpointProblem(text) === undefined, {
      error: ({ input }) => serviceEndpointProblem(typeof input === 'string' ? input : '') ?? '',
    })
    .optional()
    .describe(description);
}

/** Also with the domain of old projects (`example.com:project`). */
const PROJECT = /^(?:[a-z0-9][a-z0-9.-]*:)?[a-z][a-z0-9-]*[a-z0-9]$/;
const DATASET = /^[A-Za-z0-9_]{1,1024}$/;

const projectName = z
  .string()
  .regex(PROJECT, 'a project id has lower-case letters, digits and -, and begins with a letter');
const datasetName = z.string().regex(DATASET, 'a dataset has letters, digits and _ in its name');

/** How rows are fetched. */
export const READ_METHODS = ['auto', 'storage', 'rest'] as const;
export type ReadMethod = (typeof READ_METHODS)[number];

/** What a connection to BigQuery as a source is configured with. */
export const bigqueryConnectionSchema = z.strictObject({
  project: projectName.describe(
    'The project that the tables are in, such as `bigquery-public-data`; a job may name another one (`project.dataset.table`).',
  ),
  dataset: datasetName
    .optional()
    .describe(
      'The dataset that names without one are looked up in. Default: none; names are then dataset.table.',
    ),
  billing_project: projectName
    .optional()
    .describe('The project that reading and queries are billed to. Default: `project`.'),
  location: z
    .string()
    .regex(/^[A-Za-z0-9-]+$/, 'expected a location such as EU or europe-central2')
    .optional()
    .describe('The location that queries run in, such as `EU`. Default: that of the dataset.'),
  credentials: z
    .string()
    .min(1)
    .optional()
    .describe(
      "The key of a service account, as JSON: `${file:key.json}`; or `anonymous`, for emulators. Default: Google's default credentials (GOOGLE_APPLICATION_CREDENTIALS, `gcloud auth application-default login`, the machine).",
    ),
  impersonate: z
    .string()
    .regex(/^[^@\s]+@[^@\s]+$/, 'expected the address of a service account')
    .optional()
    .describe('A service account to act as; the credentials need the right to create its tokens.'),
  read_method: z
    .enum(READ_METHODS)
    .optional()
    .describe(
      'Storage reads by the Storage Read API, in parallel; rest by pages of the REST API, which is slow; auto by storage, and by rest where that is not permitted or cannot be reached. Default: auto.',
    ),
  temporary_dataset: z
    .string()
    .regex(/^(?:[a-z0-9:.-]+\.)?[A-Za-z0-9_]{1,1024}$/, 'expected `dataset` or `project.dataset`')
    .optional()
    .describe(
      'Where results of queries and views are kept while they are read, in tables that expire after a day: `dataset` (of the billing project) or `project.dataset`. Default: the hidden dataset of BigQuery for query results, which takes up to 10 GB.',
    ),
  maximum_bytes_billed: z
    .int()
    .min(1)
    .optional()
    .describe(
      'A query that would process more bytes than this is refused, and costs nothing. Default: the one of the project.',
    ),
  endpoint: endpoint('Another address of BigQuery, such as that of an emulator.'),
  storage_read_endpoint: endpoint(
    'Another address of the Storage Read API (gRPC), such as that of an emulator: http://127.0.0.1:9060.',
  ),
  connect_timeout: z
    .number()
    .positive()
    .max(3600)
    .optional()
    .describe('Seconds until the Storage Read API must be reached. Default: 20.'),
});
export type BigQueryConnection = z.infer<typeof bigqueryConnectionSchema>;

export const BIGQUERY_SECRET_FIELDS = ['credentials'] as const;
