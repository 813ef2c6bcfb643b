/** How often and how patiently a kind of call is made again. Whether it may be made again is decided by the error's code alone (`core/error-codes.ts`). */
export interface RetryPolicy {
  /** Calls in all, the first included. */
  readonly attempts: number;
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** Each delay is the one before times this, plus jitter. */
  readonly factor: number;
}

/** How long to wait before a call is made again, without jitter, in milliseconds. `attempt`: 1 for the call after the first. */
export function delayBeforeAttempt({ minDelayMs, maxDelayMs, factor }: RetryPolicy, attempt: number): number {
  return Math.min(maxDelayMs, minDelayMs * factor ** (attempt - 1));
}

export const RETRY_POLICIES = {
  /** Opening a connection: a server that restarts is back within seconds. */
  connect: { attempts: 3, minDelayMs: 250, maxDelayMs: 2_000, factor: 2 },
  /** Waiting for a connection of a server that has none free: those who have them give them back when their units end. Two to four minutes in all, less than what a unit may be without progress. */
  connectionLimit: { attempts: 16, minDelayMs: 500, maxDelayMs: 10_000, factor: 2 },
  /** Reading and staging one unit again from its beginning. */
  unit: { attempts: 3, minDelayMs: 500, maxDelayMs: 10_000, factor: 3 },
  /** The commit: its steps are idempotent, and the data is already staged. */
  commit: { attempts: 4, minDelayMs: 500, maxDelayMs: 15_000, factor: 3 },
  /** Waiting for the lock of an embedded warehouse: another job's commit takes seconds. */
  warehouseLock: { attempts: 40, minDelayMs: 100, maxDelayMs: 1_000, factor: 1.5 },
  /** Waiting for the lock of the run store's file: other processes hold it for milliseconds. */
  runStoreLock: { attempts: 60, minDelayMs: 5, maxDelayMs: 250, factor: 1.5 },
  /** Secret Manager and other small HTTP calls. */
  secret: { attempts: 4, minDelayMs: 200, maxDelayMs: 4_000, factor: 2 },
  /** One request to Cloud Storage or BigQuery that is safe to repeat: half a minute in all, as their documentation asks for. A longer `Retry-After` counts. */
  google: { attempts: 6, minDelayMs: 300, maxDelayMs: 20_000, factor: 3 },
  /** Bytes of an object of a bucket, from where the last try ended: stores are gone for seconds, and slow down whoever asks too often. */
  objectRead: { attempts: 5, minDelayMs: 200, maxDelayMs: 5_000, factor: 3 },
  /** A job of BigQuery under its next id, after the service itself has failed the one before: what it gives up on it has tried for minutes. */
  bigqueryJob: { attempts: 4, minDelayMs: 2_000, maxDelayMs: 8_000, factor: 2 },
} as const satisfies Record<string, RetryPolicy>;
