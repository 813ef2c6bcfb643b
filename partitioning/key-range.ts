import type { RowDistribution } from './row-distribution';

/** A whole number as a position; undefined for every other text (a fraction, NaN). */
export function parseKey(text: string): bigint | undefined {
  const trimmed = text.trim();
  return /^[+-]?\d+$/.test(trimmed) ? BigInt(trimmed.replace(/^\+/, '')) : undefined;
}

/**
 * Cuts between ranges of whole numbers with about the same number of rows each: equal widths where there is no
 * histogram. Ascending, without doubles, each above the smallest position and at most the largest, so that no range
 * is empty of purpose.
 *
 * @param ranges how many ranges are wanted; fewer come back where there are fewer values.
 */
export function cutKeys(distribution: RowDistribution, ranges: number): bigint[] {
  const cuts: bigint[] = [];
  let last = distribution.low;
  for (let index = 1; index < ranges; index++) {
    const position = distribution.positionAt(index / ranges);
    // several shares on one value: it cannot be cut, but it can be kept apart from what follows
    const cut = position === last ? last + 1n : position;
    if (cut <= last || cut >= distribution.end) continue;
    cuts.push(cut);
    last = cut;
  }
  return cuts;
}
