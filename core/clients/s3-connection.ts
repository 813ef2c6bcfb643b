import { z } from 'zod';
import { serviceEndpointProblem } from '../service-endpoint';

/** The login that sends nothing: for public buckets. */
const ANONYMOUS = 'anonymous';

const text = z.string().min(1);

/** A bucket of S3, or of a service that speaks its protocol. */
export const s3ConnectionSchema = z
  .strictObject({
    bucket: text
      .refine((value) => s3Place({ bucket: value }).bucket !== '', 'names no bucket')
      .describe(
        'The name of the bucket, or the ARN of an access point; `s3://bucket/prefix` and `bucket/prefix` say both.',
      ),
    prefix: text
      .optional()
      .describe('The folder of the bucket that patterns of jobs are relative to. Default: the whole bucket.'),
    region: text
      .optional()
      .describe(
        'Such as eu-central-1. Default: AWS_REGION, AWS_DEFAULT_REGION, the region of the profile; with an `endpoint` and no profile us-east-1.',
      ),
    access_key_id: text
      .optional()
      .describe(
        'Default: the chain of the AWS SDK: AWS_ACCESS_KEY_ID, profiles, SSO, web identities, roles of containers and machines.',
      ),
    secret_access_key: text.optional().describe('Better a reference, such as ${env:LAKE_SECRET}.'),
    session_token: text.optional().describe('Of temporary credentials.'),
    profile: text
      .optional()
      .describe('A profile of ~/.aws/config or ~/.aws/credentials. Default: AWS_PROFILE.'),
    credentials: z
      .literal(ANONYMOUS)
      .optional()
      .describe('`anonymous` sends none: for public buckets. Default: as `access_key_id` says.'),
    endpoint: text
      .optional()
      .describe(
        'URL of another service than AWS; `http://` only on this machine, or where the credentials are written in the connection. Default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, then AWS.',
      ),
    force_path_style: z
      .boolean()
      .optional()
      .describe(
        'Whether the bucket is in the path of URLs, not in the host name. Default: true with an `endpoint`.',
      ),
  })
  .superRefine((connection, context) => {
    for (const [field, message] of problems(connection)) {
      context.addIssue({ code: 'custom', path: [field], message });
    }
  });
export type S3Connection = z.infer<typeof s3ConnectionSchema>;

export const S3_SECRET_FIELDS = ['secret_access_key', 'session_token'] as const;

/** Words that control planes and other tools use. */
export const S3_FIELD_ALIASES = {
  bucket_path: 'bucket',
  bucket_name: 'bucket',
  aws_access_key_id: 'access_key_id',
  aws_secret_access_key: 'secret_access_key',
  aws_session_token: 'session_token',
  aws_region: 'region',
  aws_profile: 'profile',
  endpoint_url: 'endpoint',
} as const;

type Fields = Readonly<Partial<Record<keyof z.infer<typeof s3ConnectionSchema>, unknown>>>;

function problems(connection: Fields): [field: string, message: string][] {
  const found: [string, string][] = [];
  const has = (field: keyof Fields): boolean => connection[field] !== undefined;
  if (has('access_key_id') !== has('secret_access_key')) {
    const missing = has('access_key_id') ? 'secret_access_key' : 'access_key_id';
    found.push([missing, 'is needed: access_key_id and secret_access_key go together']);
  }
  if (has('session_token') && !has('access_key_id')) {
    found.push(['session_token', 'belongs to an access_key_id and a secret_access_key']);
  }
  const logins = (['credentials', 'access_key_id', 'profile'] as const).filter(has);
  const [first, second] = logins;
  if (first !== undefined && second !== undefined)
    found.push([second, `contradicts ${first}: write one of them`]);
  const { bucket, prefix, endpoint } = connection;
  if (typeof bucket === 'string' && prefix !== undefined && s3Place({ bucket }).prefix !== '') {
    found.push(['prefix', 'is in the bucket, too: write it in one of them']);
  }
  const problem =
    typeof endpoint === 'string' && !endpoint.includes('${') && serviceEndpointProblem(endpoint);
  if (typeof problem === 'string') found.push(['endpoint', problem]);
  return found;
}

/** `s3://bucket/prefix`, `bucket/prefix`, a bucket's name or an access point's ARN, cut into bucket and prefix. */
export function s3Place({
  bucket,
  prefix,
}: {
  readonly bucket: string;
  readonly prefix?: string | undefined;
}): {
  readonly bucket: string;
  readonly prefix: string;
} {
  const path = bucket.replace(/^s3[an]?:\/\//i, '');
  if (path.startsWith('arn:')) return { bucket: path, prefix: prefix ?? '' };
  const slash = path.indexOf('/');
  if (slash === -1) return { bucket: path, prefix: prefix ?? '' };
  return { bucket: path.slice(0, slash), prefix: prefix ?? path.slice(slash + 1) };
}
