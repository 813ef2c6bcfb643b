import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../clock';

/** This machine's clock. */
export const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  sleep: async (milliseconds, signal) => {
    signal.throwIfAborted();
    try {
      // Not a listener of each wait at the run's signal: from the eleventh on, Node.js warns of a leak.
      await sleep(milliseconds, undefined, { signal: AbortSignal.any([signal]) });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  },
};
