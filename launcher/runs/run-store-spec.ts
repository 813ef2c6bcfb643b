import { z } from 'zod';
import { postgresConnectionSchema } from '../../core/clients/postgres-connection';
import { serviceEndpointProblem } from '../../core/service-endpoint';

/** The longest name of a schema, in bytes: PostgreSQL cuts what is longer. */
const MAX_SCHEMA_BYTES = 63;

export const sqliteRunStoreSchema = z.strictObject({
  path: z.string().min(1).describe('The file; it is made where it is missing, with its folder.'),
});

export const postgresRunStoreSchema = postgresConnectionSchema.extend({
  schema: z
    .string()
    .min(1)
    .refine((name) => Buffer.byteLength(name) <= MAX_SCHEMA_BYTES, `has at most ${MAX_SCHEMA_BYTES} bytes`)
    .optional()
    .describe('Schema of the table `etl_runs`; it is made where it is missing. Default: public.'),
});

export const gcsRunStoreSchema = z.strictObject({
  bucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/, 'is not the name of a bucket')
    .describe('The bucket; it must exist.'),
  prefix: z
    .string()
    .optional()
    .describe('Folder in the bucket; runs are kept as objects in `etl_runs/` below it. Default: none.'),
  credentials: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Key of a service account: ${file:key.json}. `anonymous` for emulators. Default: application default credentials.',
    ),
  endpoint: z
    .string()
    .refine((text) => serviceEndpointProblem(text) === undefined, {
      error: ({ input }) => serviceEndpointProblem(typeof input === 'string' ? input : '') ?? '',
    })
    .optional()
    .describe('Another server than storage.googleapis.com, for emulators.'),
});

export type PostgresRunStoreConfig = z.infer<typeof postgresRunStoreSchema>;
export type GcsRunStoreConfig = z.infer<typeof gcsRunStoreSchema>;

/** Where the history of runs is kept; secrets are references, the path is absolute. */
export type RunStoreSpec =
  | { readonly type: 'sqlite'; readonly config: z.infer<typeof sqliteRunStoreSchema> }
  | { readonly type: 'postgresql'; readonly config: PostgresRunStoreConfig }
  | { readonly type: 'gcs'; readonly config: GcsRunStoreConfig };

export const DEFAULT_POSTGRES_SCHEMA = 'public';

/** The store as a person knows it, without secrets. */
export function describeRunStore(spec: RunStoreSpec): string {
  switch (spec.type) {
    case 'sqlite':
      return `sqlite:${spec.config.path}`;
    case 'postgresql': {
      const { host = 'localhost', database, schema = DEFAULT_POSTGRES_SCHEMA } = spec.config;
      return `schema ${schema} of postgresql://${host}${database === undefined ? '' : `/${database}`}`;
    }
    case 'gcs':
      return `gs://${spec.config.bucket}/${objectPrefix(spec.config)}`;
  }
}

/** Where the objects are: empty, or with a slash at its end. */
export function objectPrefix({ prefix = '' }: Pick<GcsRunStoreConfig, 'prefix'>): string {
  const folder = prefix.replace(/^\/+|\/+$/g, '');
  return `${folder === '' ? '' : `${folder}/`}etl_runs/`;
}
