import type { ErrorCode } from '../error-codes';
import { BeamliftError } from '../errors';
import { hintForRights } from './bigquery-source-errors';

/** Numbers of gRPC's status codes (grpc.io, core concepts). */
export const GRPC = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

/** Statuses after which the same call may succeed. CANCELLED: by the service or a proxy, as ours are not looked at. */
const MAY_PASS: ReadonlySet<number> = new Set<number>([
  GRPC.CANCELLED,
  GRPC.UNKNOWN,
  GRPC.DEADLINE_EXCEEDED,
  GRPC.RESOURCE_EXHAUSTED,
  GRPC.ABORTED,
  GRPC.INTERNAL,
  GRPC.UNAVAILABLE,
]);

/** A call of the Storage Read API that failed. The message is the service's and holds nothing of the request's credentials. */
export class StorageFailure extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = 'StorageFailure';
  }

  get mayPass(): boolean {
    return MAY_PASS.has(this.status) && !this.isTooLarge && !this.isQuota;
  }

  /** Our own bound of a message's size, as the library words it. */
  get isTooLarge(): boolean {
    return this.status === GRPC.RESOURCE_EXHAUSTED && /larger than max/i.test(this.message);
  }

  get isQuota(): boolean {
    return this.status === GRPC.RESOURCE_EXHAUSTED && /quota/i.test(this.message);
  }
}

/** What the library threw, without what hangs on it (metadata, which may hold a token). */
export function storageFailure(error: unknown): StorageFailure {
  if (error instanceof StorageFailure) return error;
  const { code, details, message } = error as { code?: unknown; details?: unknown; message?: unknown };
  const text = typeof details === 'string' && details !== '' ? details : String(message ?? error);
  return new StorageFailure(typeof code === 'number' ? code : GRPC.UNKNOWN, text.replace(/\s+/g, ' ').trim());
}

/** `session`: making one; `stream`: reading one that was made before. */
export type StorageCall = 'session' | 'stream';

/** The failure as an error for people. */
export function storageError(failure: StorageFailure, call: StorageCall, object: string): BeamliftError {
  const code = codeOf(failure, call);
  const hint = hintFor(code, failure);
  const what =
    call === 'session'
      ? 'The Storage Read API of BigQuery could not open the table for reading'
      : 'A stream of the Storage Read API of BigQuery could not be read to its end';
  return new BeamliftError(code, {
    what,
    where: { object },
    why: failure.message,
    ...(hint === undefined ? {} : { hint }),
    cause: failure,
  });
}

function codeOf(failure: StorageFailure, call: StorageCall): ErrorCode {
  if (failure.isTooLarge) return 'LIMIT_EXCEEDED';
  if (failure.isQuota) return 'QUOTA_EXCEEDED';
  switch (failure.status) {
    case GRPC.PERMISSION_DENIED:
      return 'RIGHTS_MISSING';
    case GRPC.UNAUTHENTICATED:
      return 'LOGIN_FAILED';
    case GRPC.NOT_FOUND:
      return call === 'stream' ? 'SNAPSHOT_LOST' : 'SOURCE_NOT_FOUND';
    case GRPC.FAILED_PRECONDITION:
      return call === 'stream' ? 'SNAPSHOT_LOST' : 'QUERY_REFUSED';
    default:
      return failure.mayPass ? 'CONNECTION_LOST' : 'QUERY_REFUSED';
  }
}

function hintFor(code: ErrorCode, failure: StorageFailure): string | undefined {
  switch (code) {
    case 'RIGHTS_MISSING':
      return /has not been used|is disabled|SERVICE_DISABLED/i.test(failure.message)
        ? 'Enable the BigQuery Storage API (bigquerystorage.googleapis.com) in the billing project, or set `read_method: rest`.'
        : hintForRights(failure.message);
    case 'LOGIN_FAILED':
      return 'Renew the login: `gcloud auth application-default login` for a person, a new key file for a service account; then run again.';
    case 'SNAPSHOT_LOST':
      return 'Read sessions of BigQuery last 6 hours or more. Run the job again: nothing of this run was published. A window that is smaller (--start-date, --end-date), or more units at once, ends sooner.';
    case 'QUOTA_EXCEEDED':
      return 'Wait, or ask for more at https://console.cloud.google.com/iam-admin/quotas.';
    case 'CONNECTION_LOST':
      return 'It was tried several times. Run the job again, or set `read_method: rest` where a firewall stands in the way of gRPC.';
    case 'LIMIT_EXCEEDED':
      return 'Leave the columns with very large values out (`selected_columns`), or set `read_method: rest`.';
    default:
      return undefined;
  }
}
