import pRetry, { AbortError } from 'p-retry';
import { toBeamliftError, type BeamliftError } from './errors';
import type { RetryPolicy } from './retry-policies';

/** Told before the wait for attempt number `attempt`. */
export type RetryListener = (attempt: number, error: BeamliftError) => void;

/**
 * Calls `call` until it succeeds, fails finally (its error's code is not transient), or the policy is used up.
 * Rejects with the last error as it was, or with the signal's reason.
 */
export async function withRetries<Result>(
  policy: RetryPolicy,
  signal: AbortSignal,
  call: (attempt: number) => Promise<Result>,
  onRetry: RetryListener = () => undefined,
): Promise<Result> {
  let last: BeamliftError | undefined;
  try {
    return await pRetry(
      async (attempt) => {
        signal.throwIfAborted();
        try {
          return await call(attempt);
        } catch (thrown) {
          signal.throwIfAborted();
          last = toBeamliftError(thrown);
          if (!last.transient) throw new AbortError(last);
          throw last;
        }
      },
      {
        retries: policy.attempts - 1,
        factor: policy.factor,
        minTimeout: policy.minDelayMs,
        maxTimeout: policy.maxDelayMs,
        randomize: true,
        // Units wait at once: not a listener of each at the run's signal, since from the eleventh on Node.js warns of a leak.
        signal: AbortSignal.any([signal]),
        onFailedAttempt: ({ attemptNumber, retriesLeft }) => {
          if (last !== undefined && retriesLeft > 0) onRetry(attemptNumber + 1, last);
        },
      },
    );
  } catch (thrown) {
    signal.throwIfAborted();
    throw last ?? thrown;
  }
}
