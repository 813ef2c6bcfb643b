import type { ErrorCode } from '../error-codes';
import { BeamliftError, messageOf } from '../errors';
import { asRecord } from './small-http';

/** A request that did not get what it asked for, without anything of the request. */
export interface S3Failure {
  /** The service's own word (`NoSuchKey`), or the SDK's name of an error of its own. */
  readonly word: string;
  /** Undefined: there was no answer. */
  readonly status: number | undefined;
  readonly message: string;
  /** Where the bucket is, where the service says so. */
  readonly region: string | undefined;
  /** `ECONNREFUSED` and the like. */
  readonly errno: string | undefined;
}

/** What was asked for, for the words of an error. */
export interface S3Call {
  /** What could not be done: `list s3://bucket/prefix`. */
  readonly action: string;
  readonly object: string;
  readonly bucket: string;
  /** Of one object; otherwise of the bucket's listing. */
  readonly kind: 'list' | 'read';
  /** As it is configured. */
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
  /** Where credentials come from; undefined: none are sent. */
  readonly credentials: string | undefined;
}

const CODES_BY_WORD: ReadonlyMap<string, ErrorCode> = new Map<string, ErrorCode>([
  ['NoSuchBucket', 'BUCKET_NOT_FOUND'],
  ['InvalidBucketName', 'BUCKET_NOT_FOUND'],
  ['NoSuchKey', 'SOURCE_CHANGED'],
  ['NotFound', 'SOURCE_CHANGED'],
  ['NoSuchVersion', 'SOURCE_CHANGED'],
  ['PreconditionFailed', 'SOURCE_CHANGED'],
  ['InvalidRange', 'SOURCE_CHANGED'],
  ['AccessDenied', 'RIGHTS_MISSING'],
  ['AllAccessDisabled', 'RIGHTS_MISSING'],
  ['AccountProblem', 'RIGHTS_MISSING'],
  ['InvalidObjectState', 'SOURCE_REFUSED'],
  ['InvalidAccessKeyId', 'LOGIN_FAILED'],
  ['SignatureDoesNotMatch', 'LOGIN_FAILED'],
  // versitygw's, with status 404
  ['XAdminUserNotFound', 'LOGIN_FAILED'],
  ['ExpiredToken', 'LOGIN_FAILED'],
  ['ExpiredTokenException', 'LOGIN_FAILED'],
  ['InvalidToken', 'LOGIN_FAILED'],
  ['TokenRefreshRequired', 'LOGIN_FAILED'],
  ['InvalidClientTokenId', 'LOGIN_FAILED'],
  ['UnrecognizedClientException', 'LOGIN_FAILED'],
  ['RequestTimeTooSkewed', 'LOGIN_FAILED'],
  ['AuthorizationHeaderMalformed', 'LOGIN_FAILED'],
  ['CredentialsProviderError', 'LOGIN_FAILED'],
  ['TokenProviderError', 'LOGIN_FAILED'],
  ['ProviderError', 'LOGIN_FAILED'],
  ['SlowDown', 'SOURCE_UNAVAILABLE'],
  ['RequestTimeout', 'SOURCE_UNAVAILABLE'],
  ['TimeoutError', 'CONNECTION_TIMEOUT'],
]);

const CODES_BY_ERRNO: ReadonlyMap<string, ErrorCode> = new Map<string, ErrorCode>([
  ['ENOTFOUND', 'CONNECTION_DNS'],
  ['EAI_AGAIN', 'CONNECTION_DNS'],
  ['EAI_FAIL', 'CONNECTION_DNS'],
  ['ECONNREFUSED', 'CONNECTION_REFUSED'],
  ['EHOSTUNREACH', 'CONNECTION_REFUSED'],
  ['ENETUNREACH', 'CONNECTION_REFUSED'],
  ['ETIMEDOUT', 'CONNECTION_TIMEOUT'],
  ['ECONNRESET', 'CONNECTION_LOST'],
  ['ECONNABORTED', 'CONNECTION_LOST'],
  ['EPIPE', 'CONNECTION_LOST'],
  ['ERR_STREAM_PREMATURE_CLOSE', 'CONNECTION_LOST'],
  ['EPROTO', 'CONNECTION_TLS'],
]);

/** OpenSSL's words for certificates, and Node.js' own. */
const TLS = /^(?:CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;

/** Words of answers that speak of the region of the bucket. */
const WRONG_REGION: readonly string[] = [
  'PermanentRedirect',
  'TemporaryRedirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
];

/** Characters of a service's message that are shown. */
const MAX_MESSAGE = 300;

/** What the SDK or a socket threw. Only names, statuses and messages are taken over: they hold no credentials. */
export function s3FailureOf(thrown: unknown): S3Failure {
  const error = asRecord(thrown);
  const headers = asRecord(asRecord(error['$response'])['headers']);
  const status = asRecord(error['$metadata'])['httpStatusCode'] ?? asRecord(error['$response'])['statusCode'];
  const region = error['Region'] ?? headers['x-amz-bucket-region'];
  const message = plainMessage(messageOf(thrown));
  return {
    word: thrown instanceof Error ? textOf(error['Code'] ?? error['name']) : '',
    status: typeof status === 'number' ? status : undefined,
    message,
    region: typeof region === 'string' ? region : /expecting '([a-z0-9-]+)'/.exec(message)?.[1],
    errno: errnoOf(thrown),
  };
}

/** Without the SDK's words for "none", its advice to programmers, and the places in OpenSSL's source code. */
function plainMessage(message: string): string {
  if (/^Unknown(?:Error)?$/.test(message)) return '';
  const tls = /SSL routines:[^:]*:([^:]+):/.exec(message)?.[1];
  const line =
    tls ?? message.replace(/\s+/g, ' ').replace(/\s*Deserialization error: to see the raw response.*$/, '');
  return line.length > MAX_MESSAGE ? `${line.slice(0, MAX_MESSAGE)}…` : line;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** How often a chain of causes is followed. */
const MAX_CAUSES = 4;

function errnoOf(thrown: unknown): string | undefined {
  let next = thrown;
  for (let depth = 0; depth < MAX_CAUSES && next instanceof Error; depth++) {
    const code: unknown = 'code' in next ? next.code : undefined;
    if (typeof code === 'string' && /^[A-Z][A-Z_0-9]+$/.test(code)) return code;
    next = next instanceof AggregateError ? next.errors[0] : next.cause;
  }
  return undefined;
}

function isWrongRegion({ word, status, region }: S3Failure, call: S3Call): boolean {
  if (region !== undefined && region === call.region) return false;
  return status === 301 || status === 307 || (region !== undefined && WRONG_REGION.includes(word));
}

/** The one decision what a failure means. */
export function codeOfS3Failure(failure: S3Failure, call: S3Call): ErrorCode {
  const { word, status, errno } = failure;
  if (isWrongRegion(failure, call) || isRegionMissing(failure)) return 'CONFIG_INVALID';
  if (status === undefined && errno !== undefined) {
    const byErrno = CODES_BY_ERRNO.get(errno) ?? (TLS.test(errno) ? 'CONNECTION_TLS' : undefined);
    if (byErrno !== undefined) return byErrno;
  }
  const byWord = CODES_BY_WORD.get(word);
  if (byWord !== undefined) return byWord;
  switch (status) {
    case undefined:
      return /socket hang up|aborted|premature/i.test(failure.message) ? 'CONNECTION_LOST' : 'SOURCE_REFUSED';
    case 401:
      return 'LOGIN_FAILED';
    case 403:
      return 'RIGHTS_MISSING';
    case 404:
      return call.kind === 'read' ? 'SOURCE_CHANGED' : 'BUCKET_NOT_FOUND';
    case 412:
    case 416:
      return 'SOURCE_CHANGED';
    case 429:
      return 'SOURCE_UNAVAILABLE';
    default:
      return status >= 500 ? 'SOURCE_UNAVAILABLE' : 'SOURCE_REFUSED';
  }
}

function isRegionMissing({ status, message }: S3Failure): boolean {
  return status === undefined && /region is missing/i.test(message);
}

/** A failure as an error for people. */
export function s3Error(failure: S3Failure, call: S3Call): BeamliftError {
  const code = codeOfS3Failure(failure, call);
  const said = [failure.word === 'Error' ? '' : failure.word, failure.message].filter((part) => part !== '');
  const status = failure.status === undefined ? '' : ` (HTTP ${failure.status})`;
  return new BeamliftError(code, {
    what: whatOf(code, failure, call),
    where: { object: call.object },
    ...(said.length === 0 && status === '' ? {} : { why: `${said.join(': ')}${status}`.trim() }),
    hint: hintFor(code, failure, call),
  });
}

function whatOf(
  code: ErrorCode,
  failure: S3Failure,
  { action, object, bucket, region, kind }: S3Call,
): string {
  switch (code) {
    case 'BUCKET_NOT_FOUND':
      return `There is no bucket ${JSON.stringify(bucket)}`;
    case 'SOURCE_CHANGED':
      return failure.status === 404
        ? `${object} is gone since it was listed`
        : `${object} changed since it was listed`;
    case 'CONFIG_INVALID':
      if (isRegionMissing(failure)) return `No region is known for the bucket ${bucket}`;
      return failure.region === undefined
        ? `The bucket ${bucket} is in another region than ${region ?? 'that of the profile'}`
        : `The bucket ${bucket} is in the region ${failure.region}, not in ${region ?? 'that of the profile'}`;
    case 'RIGHTS_MISSING':
      return kind === 'read'
        ? `${object} may not be read by this login`
        : `Could not ${action}: the login may not`;
    default:
      return `Could not ${action}`;
  }
}

const RUN_AGAIN = 'It was tried several times. Run the job again';

function hintFor(code: ErrorCode, failure: S3Failure, call: S3Call): string {
  const { endpoint } = call;
  const checkEndpoint = endpoint === undefined ? 'the network' : `\`endpoint\` (${endpoint})`;
  switch (code) {
    case 'CONFIG_INVALID':
      if (isRegionMissing(failure)) return 'Set `region` of the connection, or AWS_REGION.';
      return failure.region === undefined
        ? 'Set `region` of the connection to the one that the console shows for the bucket.'
        : `Set \`region: ${failure.region}\` in the connection.`;
    case 'BUCKET_NOT_FOUND':
      return endpoint === undefined
        ? 'Check `bucket` of the connection: its name alone, or s3://bucket/prefix.'
        : `Check \`bucket\` and \`endpoint\` of the connection: ${endpoint} knows no such bucket.`;
    case 'SOURCE_CHANGED':
      return 'Run the job again when whatever writes the file has finished; write to another name and copy it at the end.';
    case 'RIGHTS_MISSING':
      return rightsHint(failure, call);
    case 'LOGIN_FAILED':
      return loginHint(failure, call);
    case 'SOURCE_UNAVAILABLE':
      return `${RUN_AGAIN}${endpoint === undefined ? '; https://health.aws.amazon.com shows outages' : ''}.`;
    case 'CONNECTION_DNS':
      return endpoint === undefined
        ? 'Check the network, and the spelling of `region` and `bucket`: they are parts of the host name.'
        : `Check \`endpoint\` (${endpoint}); where the bucket became a part of the host name, set force_path_style: true.`;
    case 'CONNECTION_REFUSED':
    case 'CONNECTION_TIMEOUT':
    case 'CONNECTION_LOST':
      return `${RUN_AGAIN}; if that does not help, check ${checkEndpoint} and the firewall.`;
    case 'CONNECTION_TLS':
      return `Check ${checkEndpoint}: does it speak https? NODE_EXTRA_CA_CERTS names a file of more certificate authorities.`;
    case 'SOURCE_REFUSED':
      if (failure.word === 'InvalidObjectState')
        return 'The object is archived: restore it first, or narrow file_pattern.';
      return `Check ${endpoint === undefined ? '`bucket` and `region`' : `\`endpoint\` (${endpoint}): is it an address of a service that speaks S3?`}`;
    default:
      return 'Check the connection with `beamlift check`.';
  }
}

function rightsHint({ message }: S3Failure, { kind, bucket, credentials }: S3Call): string {
  if (credentials === undefined) {
    return 'The bucket is not public: leave `credentials: anonymous` out, or write access_key_id and secret_access_key.';
  }
  if (message.includes('kms:')) return 'Grant the login kms:Decrypt on the key that the message names.';
  const arn = bucket.startsWith('arn:') ? bucket : `arn:aws:s3:::${bucket}`;
  return kind === 'read'
    ? `Grant the login s3:GetObject on ${arn}/*; with a key of your own for the bucket also kms:Decrypt on that key.`
    : `Grant the login s3:ListBucket on ${arn} and s3:GetObject on ${arn}/*.`;
}

function loginHint({ word, message }: S3Failure, { credentials, region, endpoint }: S3Call): string {
  const from = credentials ?? 'no credentials';
  switch (word) {
    case 'InvalidAccessKeyId':
    case 'XAdminUserNotFound':
    case 'InvalidClientTokenId':
    case 'UnrecognizedClientException':
      return `The service does not know the access key (from ${from}): it was deleted, is of another ${endpoint === undefined ? 'partition' : 'service'}, or is temporary and lacks its session_token.`;
    case 'SignatureDoesNotMatch':
      return `The secret access key does not fit the access key (from ${from}): copy it again.`;
    case 'ExpiredToken':
    case 'ExpiredTokenException':
    case 'TokenRefreshRequired':
    case 'TokenProviderError':
      return `The session has expired (from ${from}): get new temporary credentials, for example by \`aws sso login\`.`;
    case 'InvalidToken':
      return `The session token is not valid for the access key (from ${from}): copy all three again.`;
    case 'RequestTimeTooSkewed':
      return 'The clock of this machine is wrong by more than 15 minutes: set it (NTP), then run again.';
    case 'AuthorizationHeaderMalformed':
      return `Check \`region\` (${region ?? 'of the profile'}) and access_key_id: the service could not read them.`;
    default:
      return /sso/i.test(message)
        ? 'Log in again: `aws sso login`.'
        : `No credentials were found by ${from}: write access_key_id and secret_access_key or a profile, set AWS_ACCESS_KEY_ID, or for public buckets credentials: anonymous.`;
  }
}
