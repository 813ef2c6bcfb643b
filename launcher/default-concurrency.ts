import { availableParallelism } from 'node:os';

/** As many as a source has connections by default; on machines with more cores, more is for who asks for it: each unit needs memory. */
export const MAX_DEFAULT_CONCURRENCY = 8;

/** Work units at once where nobody says how many: one for each core. */
export function defaultConcurrency(): number {
  return Math.min(availableParallelism(), MAX_DEFAULT_CONCURRENCY);
}
