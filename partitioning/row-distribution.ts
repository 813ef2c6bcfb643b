/** Resolution of a fraction of a bucket: far finer than one unit of 20,000, and exact as a float. */
const FRACTION_BITS = 40n;
const FRACTION_ONE = 2 ** 40;
const FRACTION_HALF = 1n << 39n;

/**
 * Where the rows of a column lie, as far as the source's histogram tells: every bucket between two neighbouring
 * bounds holds the same number of rows, spread evenly. Positions are whole numbers (values, days, microseconds).
 * Without inner bounds there is one bucket, so equal shares are equal widths.
 */
export class RowDistribution {
  /** Ascending; neighbours may be equal: a bucket of one value. */
  private readonly bounds: readonly bigint[];
  /** The share of all rows below each bound, 0 at the first and 1 at the last. */
  private readonly shares: readonly number[];

  /**
   * @param low the smallest position with rows.
   * @param end one above the largest position with rows; above `low`.
   * @param inner histogram bounds of the whole column, ascending. Where `low` and `end` are narrower than the
   *   histogram (the ends of a window), a bucket that is partly inside counts by that part.
   */
  constructor(
    readonly low: bigint,
    readonly end: bigint,
    inner: readonly bigint[],
  ) {
    const below = inner.findLast((bound) => bound < low);
    const above = inner.find((bound) => bound > end);
    this.bounds = [low, ...inner.filter((bound) => bound > low && bound < end), end];
    const weights: number[] = [];
    let total = 0;
    for (const [index, bound] of this.bounds.entries()) {
      const start = this.bounds[index - 1];
      if (start !== undefined) {
        const wholeStart = start === low ? (below ?? start) : start;
        const wholeEnd = bound === end ? (above ?? bound) : bound;
        total += wholeEnd === wholeStart ? 1 : ratio(bound - start, wholeEnd - wholeStart);
      }
      weights.push(total);
    }
    this.shares = weights.map((weight) => weight / total);
  }

  /** The share of rows below `position`, 0 to 1. */
  shareBelow(position: bigint): number {
    if (position <= this.low) return 0;
    if (position >= this.end) return 1;
    // rows at a bound are not below it, so a bound with several buckets counts with the first
    const index = firstIndex(this.bounds, (bound) => bound >= position);
    const [start, end] = [this.bounds[index - 1] ?? this.low, this.bounds[index] ?? this.end];
    const [shareAtStart, shareAtEnd] = [this.shares[index - 1] ?? 0, this.shares[index] ?? 1];
    return shareAtStart + (shareAtEnd - shareAtStart) * ratio(position - start, end - start);
  }

  /** The position with about `share` of the rows below it. */
  positionAt(share: number): bigint {
    if (share <= 0) return this.low;
    if (share >= 1) return this.end;
    const index = firstIndex(this.shares, (candidate) => candidate > share);
    const [start, end] = [this.bounds[index - 1] ?? this.low, this.bounds[index] ?? this.end];
    const [shareAtStart, shareAtEnd] = [this.shares[index - 1] ?? 0, this.shares[index] ?? 1];
    const fraction = (share - shareAtStart) / (shareAtEnd - shareAtStart);
    const offset = (end - start) * BigInt(Math.round(fraction * FRACTION_ONE));
    return start + ((offset + FRACTION_HALF) >> FRACTION_BITS);
  }
}

/** The index of the first item that passes, the length where none does; once one passes, all after it do. */
function firstIndex<T>(items: readonly T[], passes: (item: T) => boolean): number {
  let from = 0;
  let to = items.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    const item = items[middle];
    if (item !== undefined && passes(item)) to = middle;
    else from = middle + 1;
  }
  return from;
}

function ratio(part: bigint, whole: bigint): number {
  return Number(part) / Number(whole);
}
