import { setTimeout as delay } from 'node:timers/promises';
import { BeamliftError } from '../../core/errors';
import { RETRY_POLICIES } from '../../core/retry-policies';

/** Opens a connection, again where the failure may pass: a server that restarts, or has no connection free. */
export async function openWithRetries<T>(open: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const { attempts, minDelayMs, maxDelayMs, factor } = RETRY_POLICIES.connect;
  let wait: number = minDelayMs;
  for (let attempt = 1; ; attempt++) {
    try {
      return await open();
    } catch (error) {
      signal.throwIfAborted();
      if (attempt >= attempts || !(error instanceof BeamliftError) || !error.transient) throw error;
    }
    // full jitter keeps units that failed together from coming back together
    await delay(wait * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => signal.throwIfAborted());
    wait = Math.min(maxDelayMs, wait * factor);
  }
}
