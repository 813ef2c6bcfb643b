import crypto from 'node:crypto';
import type { SeededRandom } from '../seeded-random';

/**
 * Does the work with `randomBytes` taken from the seed, so that attempt tokens and nonces, and with them the order of names, are the same
 * whenever the seed is run again.
 */
export async function withSeededTokens<Result>(
  random: SeededRandom,
  work: () => Promise<Result>,
): Promise<Result> {
  const { randomBytes } = crypto;
  const seeded = (size: number): Buffer => Buffer.from(Array.from({ length: size }, () => random.below(256)));
  crypto.randomBytes = seeded as typeof randomBytes;
  try {
    return await work();
  } finally {
    crypto.randomBytes = randomBytes;
  }
}
