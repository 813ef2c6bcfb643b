import { boundText, readBound, type InstantKind } from '../core/bound-text';
import { MICROS_PER_DAY, floorDivide } from '../core/calendar';
import type { RowDistribution } from './row-distribution';

/**
 * Rows that would fill a unit within so many days make each day a unit of its own: a day is what people look at,
 * load again and partition by. Sparser days are taken together.
 */
const DAYS_CUT_SINGLY = 5n;

/** A range that is rounded up within a day is rounded to steps of at most this part of it. */
const FINER = 4n;

/** Shares are sums of floats; less than this is no share. */
const ROUNDING = 1e-9;

const SECOND = 1_000_000n;
const MINUTE = 60n * SECOND;
const HOUR = 60n * MINUTE;

/** Round lengths of time within a day, longest first; each divides the day. */
const STEPS_WITHIN_A_DAY: readonly bigint[] = [
  ...[12n, 8n, 6n, 4n, 3n, 2n, 1n].map((hours) => hours * HOUR),
  ...[30n, 20n, 15n, 10n, 5n, 2n, 1n].map((minutes) => minutes * MINUTE),
  ...[30n, 20n, 15n, 10n, 5n, 2n, 1n].map((seconds) => seconds * SECOND),
];

/**
 * Cuts between ranges of dates (positions in days) or instants (positions in microseconds) that hold at most `share`
 * of the rows each, as far as the distribution knows: at midnights where days are small enough, else at full hours,
 * minutes or seconds. Ascending, each above the smallest position and at most the largest.
 *
 * @param share of the rows, above 0; 1 or more: no cut is needed for size.
 * @param maxCuts undefined comes back when there would be more.
 * @param atLeast ranges hold at least `share` instead, the last one excepted: cuts are at the next midnight, hour, …
 */
export function cutInstants(
  distribution: RowDistribution,
  share: number,
  domain: InstantKind,
  maxCuts: number,
  atLeast = false,
): bigint[] | undefined {
  const day = MICROS_PER_DAY / unitMicros(domain);
  const steps = domain === 'date' ? [] : STEPS_WITHIN_A_DAY;
  const cuts: bigint[] = [];
  let from = distribution.low;
  for (;;) {
    const cut = nextCut(distribution, from, share, day, steps, atLeast);
    if (cut >= distribution.end) return cuts;
    if (cuts.length >= maxCuts) return undefined;
    cuts.push(cut);
    from = cut;
  }
}

/** The end of the unit that begins at `from`; always above `from`. At or beyond the end of the rows: it is the last. */
function nextCut(
  distribution: RowDistribution,
  from: bigint,
  share: number,
  day: bigint,
  steps: readonly bigint[],
  atLeast: boolean,
): bigint {
  const shareBefore = distribution.shareBelow(from);
  const isLast = shareBefore + share >= 1 - ROUNDING;
  const full = isLast ? distribution.end : distribution.positionAt(shareBefore + share);
  const width = full - from;
  if (atLeast) {
    if (isLast) return full;
    // the position is the nearest, which may be just before the share is full
    const isEnough = full > from && distribution.shareBelow(full) - shareBefore >= share - ROUNDING;
    const enough = isEnough ? full : (full > from ? full : from) + 1n;
    const round = enough - from >= day ? day : steps.find((step) => step * FINER <= enough - from);
    return round === undefined ? enough : -floorTo(-enough, round);
  }
  // the last unit may be less than full: how long would it be with as many rows as the others?
  const fullWidth = isLast ? widthOfShare(width, 1 - shareBefore, share) : width;
  if (fullWidth >= day && fullWidth < DAYS_CUT_SINGLY * day) return floorTo(from, day) + day;
  if (isLast) return full;
  if (width >= day) return floorTo(full, day);
  const step = steps.find((candidate) => candidate <= width);
  if (step !== undefined) return floorTo(full, step);
  // more than a unit within the shortest step: cut as the rows lie, or behind the one value that has them
  if (width > 0n) return full;
  return from + (steps.at(-1) ?? day);
}

function widthOfShare(width: bigint, rest: number, share: number): bigint {
  return rest <= 0 ? width : BigInt(Math.round(Number(width) * (share / rest)));
}

/** Where a bound lies: days since 1970-01-01 for dates, else microseconds. Undefined for what `readBound` does not read. */
export function instantPosition(domain: InstantKind, text: string): bigint | undefined {
  const reading = readBound(text);
  return reading === undefined ? undefined : floorDivide(reading.micros, unitMicros(domain));
}

/** The bound at a position of `instantPosition`. */
export function instantAt(domain: InstantKind, position: bigint): string {
  return boundText(domain, position * unitMicros(domain));
}

function unitMicros(domain: InstantKind): bigint {
  return domain === 'date' ? MICROS_PER_DAY : 1n;
}

/** The largest multiple of `step` that is not above `position`. */
function floorTo(position: bigint, step: bigint): bigint {
  return floorDivide(position, step) * step;
}
