import { z } from 'zod';
import { serviceEndpointProblem } from '../service-endpoint';
import { ANONYMOUS } from './google-login';

const text = z.string().min(1);

/** A bucket of Cloud Storage, for reading. */
export const gcsConnectionSchema = z
  .strictObject({
    bucket: text
      .refine((value) => gcsPlace({ bucket: value }).bucket !== '', 'names no bucket')
      .describe('The name of the bucket; `gs://bucket/prefix` and `bucket/prefix` say the prefix, too.'),
    prefix: text
      .optional()
      .describe('The folder of the bucket that patterns of jobs are relative to. Default: the whole bucket.'),
    credentials: text
      .optional()
      .describe(
        "The key of a service account, as JSON: `${file:key.json}`; or `anonymous`, for public buckets. Default: Google's default credentials (GOOGLE_APPLICATION_CREDENTIALS, `gcloud auth application-default login`, the machine).",
      ),
    impersonate: z
      .string()
      .regex(/^[^@\s]+@[^@\s]+$/, 'expected the address of a service account')
      .optional()
      .describe('A service account to act as; the credentials need the right to create its tokens.'),
    project: text
      .optional()
      .describe('The project that pays for requests to a bucket whose readers pay; others need none.'),
    endpoint: text
      .optional()
      .describe('Another address of Cloud Storage, such as that of an emulator (with `anonymous`).'),
  })
  .superRefine((connection, context) => {
    for (const [field, message] of problems(connection)) {
      context.addIssue({ code: 'custom', path: [field], message });
    }
  });
export type GcsConnection = z.infer<typeof gcsConnectionSchema>;

export const GCS_SECRET_FIELDS = ['credentials'] as const;

/** Words that control planes and other tools use. */
export const GCS_FIELD_ALIASES = {
  bucket_path: 'bucket',
  bucket_name: 'bucket',
  gcs_bucket: 'bucket',
  service_account_json: 'credentials',
  service_account_key: 'credentials',
  credentials_json: 'credentials',
  project_id: 'project',
  billing_project: 'project',
  endpoint_url: 'endpoint',
} as const;

type Fields = Readonly<Partial<Record<keyof GcsConnection, unknown>>>;

/** What can be known before anything is opened; a reference may stand for any text. */
function problems({
  bucket,
  prefix,
  credentials,
  endpoint,
  impersonate,
}: Fields): [field: string, message: string][] {
  const found: [string, string][] = [];
  if (typeof bucket === 'string' && prefix !== undefined && gcsPlace({ bucket }).prefix !== '') {
    found.push(['prefix', 'is in the bucket, too: write it in one of them']);
  }
  if (credentials === ANONYMOUS && impersonate !== undefined) {
    found.push(['impersonate', `needs a login, and credentials are ${ANONYMOUS}`]);
  }
  if (typeof endpoint !== 'string' || endpoint.includes('${')) return found;
  const problem = serviceEndpointProblem(endpoint);
  if (problem !== undefined) found.push(['endpoint', problem]);
  else if (credentials === undefined && endpoint.startsWith('http:')) {
    const message = `credentials are sent to https:// addresses alone; for an emulator write \`credentials: ${ANONYMOUS}\``;
    found.push(['endpoint', message]);
  }
  return found;
}

/** `gs://bucket/prefix`, `bucket/prefix` or a bucket's name, cut into bucket and prefix. */
export function gcsPlace({
  bucket,
  prefix,
}: {
  readonly bucket: string;
  readonly prefix?: string | undefined;
}): { readonly bucket: string; readonly prefix: string } {
  const path = bucket.replace(/^gc?s:\/\//i, '');
  const slash = path.indexOf('/');
  if (slash === -1) return { bucket: path, prefix: prefix ?? '' };
  return { bucket: path.slice(0, slash), prefix: prefix ?? path.slice(slash + 1) };
}
