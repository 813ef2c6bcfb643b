import { BeamliftError } from '../errors';
import type { SourceServices } from '../extractor';
import { serviceEndpointProblem } from '../service-endpoint';
import { s3Place, type S3Connection } from './s3-connection';

/** Who asks. */
export type S3Login =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'keys'; readonly origin: string; readonly keys: S3Keys }
  /** Whatever the SDK finds: it reads files, asks machines, and renews what expires. */
  | { readonly kind: 'chain'; readonly profile: string | undefined };

export interface S3Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface S3Settings {
  readonly bucket: string;
  /** Undefined: that of the profile. */
  readonly region: string | undefined;
  readonly login: S3Login;
  /** Undefined: AWS. */
  readonly endpoint: string | undefined;
  readonly pathStyle: boolean;
}

/** For services that do not care. */
const REGION_OF_OTHER_SERVICES = 'us-east-1';

const THIS_MACHINE = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/i;

/**
 * Fills in what the environment says and resolves secrets. What the environment says is taken from `services`; files, machines and web
 * identities are left to the SDK, which reads the variables of its process for them. Throws SECRET_UNRESOLVED, CONFIG_INVALID.
 */
export async function resolveS3Settings(
  connection: S3Connection,
  services: Pick<SourceServices, 'environment' | 'secrets'>,
  signal: AbortSignal,
): Promise<S3Settings> {
  const { environment, secrets } = services;
  const resolve = async (text: string | undefined): Promise<string | undefined> =>
    text === undefined ? undefined : await secrets.resolve(text, signal);
  const variable = (name: string): string | undefined => {
    const value = environment[name];
    return value === '' ? undefined : value;
  };
  const written = {
    id: await resolve(connection.access_key_id),
    secret: await resolve(connection.secret_access_key),
    token: await resolve(connection.session_token),
  };
  const profile = (await resolve(connection.profile)) ?? variable('AWS_PROFILE');
  const login = loginOf(connection, written, profile, variable);
  const own = await resolve(connection.endpoint);
  const endpoint = own ?? variable('AWS_ENDPOINT_URL_S3') ?? variable('AWS_ENDPOINT_URL');
  if (endpoint !== undefined) {
    const isWritten = login.kind === 'anonymous' || (login.kind === 'keys' && written.id !== undefined);
    checkS3Endpoint(endpoint, own === undefined ? 'AWS_ENDPOINT_URL' : '`endpoint`', isWritten);
  }
  const region =
    (await resolve(connection.region)) ??
    variable('AWS_REGION') ??
    variable('AWS_DEFAULT_REGION') ??
    (endpoint === undefined || (login.kind === 'chain' && login.profile !== undefined)
      ? undefined
      : REGION_OF_OTHER_SERVICES);
  return {
    bucket: s3Place(connection).bucket,
    region,
    login,
    endpoint,
    pathStyle: connection.force_path_style ?? (endpoint !== undefined && !isOfAws(endpoint)),
  };
}

function loginOf(
  { credentials, profile: ownProfile }: S3Connection,
  written: { id: string | undefined; secret: string | undefined; token: string | undefined },
  profile: string | undefined,
  variable: (name: string) => string | undefined,
): S3Login {
  if (credentials === 'anonymous') return { kind: 'anonymous' };
  const own = keysOf(written.id, written.secret, written.token);
  if (own !== undefined) return { kind: 'keys', origin: '`access_key_id` of the connection', keys: own };
  const found =
    ownProfile === undefined && profile === undefined
      ? keysOf(
          variable('AWS_ACCESS_KEY_ID'),
          variable('AWS_SECRET_ACCESS_KEY'),
          variable('AWS_SESSION_TOKEN'),
        )
      : undefined;
  return found === undefined
    ? { kind: 'chain', profile }
    : { kind: 'keys', origin: 'AWS_ACCESS_KEY_ID', keys: found };
}

function keysOf(
  accessKeyId: string | undefined,
  secretAccessKey: string | undefined,
  sessionToken: string | undefined,
): S3Keys | undefined {
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}

/**
 * Secret keys are never sent, but what is read is, and session tokens: without TLS only on this machine, or where somebody has written
 * credentials for that very service. `origin`: where the endpoint was written.
 */
function checkS3Endpoint(endpoint: string, origin: string, credentialsWritten: boolean): void {
  const problem = serviceEndpointProblem(endpoint);
  if (problem !== undefined) {
    throw new BeamliftError('CONFIG_INVALID', {
      what: `${origin} ${problem}`,
      hint: 'Write it as in https://minio.example.com:9000, without the bucket.',
    });
  }
  const { protocol, hostname, host } = new URL(endpoint);
  if (protocol === 'https:' || credentialsWritten || THIS_MACHINE.test(hostname)) return;
  throw new BeamliftError('CONFIG_INVALID', {
    what: `Default credentials are not sent to ${host} without https://`,
    why: 'session tokens and data would travel readable for everybody on the way',
    hint: 'Use an https:// endpoint, or write access_key_id and secret_access_key of that service (or credentials: anonymous) in the connection.',
  });
}

function isOfAws(endpoint: string): boolean {
  return /\.amazonaws\.com(?:\.cn)?$/i.test(new URL(endpoint).hostname);
}
