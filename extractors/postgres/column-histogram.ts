/** A value that many rows have, and the share of all rows that do. */
export interface CommonValue {
  readonly value: string;
  readonly share: number;
}

/** What ANALYZE keeps about a column. */
export interface ColumnStatistics {
  /** Bounds of buckets that hold the same number of rows each, in order, of the values that are not common ones. */
  readonly bounds: readonly string[];
  readonly common: readonly CommonValue[];
  /** Share of rows with NULL. */
  readonly nullShare: number;
}

/** Buckets of a column that has common values only. */
const BUCKETS_WITHOUT_BOUNDS = 100;
/** The most copies of one common value: enough to fill any unit with it. */
const MAX_COPIES = 10_000;

/**
 * Bounds that hold about the same number of rows each, common values included: a value that fills several buckets is
 * there as often. Undefined where the statistics say nothing.
 */
export function equalDepthBounds(
  { bounds, common, nullShare }: ColumnStatistics,
  compare: (left: string, right: string) => number,
): string[] | undefined {
  if (bounds.length === 0 && common.length === 0) return undefined;
  const commonShare = common.reduce((sum, { share }) => sum + share, 0);
  const buckets = bounds.length - 1;
  const rest = Math.max(0, 1 - nullShare - commonShare);
  const bucketShare = buckets > 0 && rest > 0 ? rest / buckets : 1 / BUCKETS_WITHOUT_BOUNDS;
  const copies = common.flatMap(({ value, share }) =>
    new Array<string>(Math.min(MAX_COPIES, Math.round(share / bucketShare))).fill(value),
  );
  return [...bounds, ...copies].sort(compare);
}
