import { toBeamliftError } from '../../../core/errors';
import type { RetryPolicy } from '../../../core/retry-policies';
import type { SimulatedProcess } from './simulated-process';

/** As the real processes try a step of a run again, in virtual time. */
export async function retried<Result>(
  { clock }: SimulatedProcess,
  policy: RetryPolicy,
  signal: AbortSignal,
  call: () => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      signal.throwIfAborted();
      return await call();
    } catch (thrown) {
      signal.throwIfAborted();
      if (!toBeamliftError(thrown).transient || attempt >= policy.attempts) throw thrown;
    }
    await clock.sleep(policy.minDelayMs * policy.factor ** (attempt - 1), signal);
  }
}
