import type { SplitHints } from '../core/extractor';
import type { Window, WorkUnit } from '../core/plan';
import { cutInstants, instantAt, instantPosition } from './date-range';
import { cutKeys, parseKey } from './key-range';
import { rangeUnits } from './range-units';
import { RowDistribution } from './row-distribution';

export type RangeHints = Extract<SplitHints, { kind: 'range' }>;

/**
 * Range units of the hinted column. A single unit comes back as one that covers everything, NULL included.
 *
 * @param share of the rows that makes a unit, above 0.
 * @param rows of the whole window; null: not known, then units carry no estimate.
 * @param atLeast units may be larger than the share and not smaller, as far as the distribution knows; the last one may.
 */
export function cutByRange(
  hints: RangeHints,
  window: Window | null,
  share: number,
  rows: number | null,
  maxUnits: number,
  atLeast = false,
): WorkUnit[] {
  const all: WorkUnit = { id: 'all', kind: 'all', ...(rows === null ? {} : { estimatedRows: rows }) };
  const distribution = distributionOf(hints, window);
  const withNulls = hints.nullable && !excludesNulls(window, hints.column);
  const maxCuts = maxUnits - 1 - (withNulls ? 1 : 0);
  if (distribution === undefined || maxCuts < 1) return [all];
  const cuts = cutsOf(hints.domain, distribution, share, maxCuts, atLeast);
  if (cuts.length === 0) return [all];
  return rangeUnits(
    hints.column,
    cuts.map((cut) => textOf(hints.domain, cut)),
    rows === null ? [] : rowsBetween(distribution, cuts, rows),
    withNulls,
  );
}

function cutsOf(
  domain: RangeHints['domain'],
  distribution: RowDistribution,
  share: number,
  maxCuts: number,
  atLeast: boolean,
): bigint[] {
  if (domain === 'int') {
    const ranges = atLeast ? Math.max(1, Math.floor(1 / share)) : Math.ceil(1 / share);
    return cutKeys(distribution, Math.min(ranges, maxCuts + 1));
  }
  // larger units until they are few enough: whole days and hours give another number than the share asks for
  for (let larger = Math.max(share, 1 / (maxCuts + 1)); larger < 1; larger *= 1.25) {
    const cuts = cutInstants(distribution, larger, domain, maxCuts, atLeast);
    if (cuts !== undefined) return cuts;
  }
  return [];
}

/** Undefined where the column's values cannot be placed (infinity, a date before Christ) or the window holds none of them. */
function distributionOf(hints: RangeHints, window: Window | null): RowDistribution | undefined {
  const position = (text: string): bigint | undefined =>
    hints.domain === 'int' ? parseKey(text) : instantPosition(hints.domain, text);
  const inner = (hints.histogram ?? []).flatMap((bound) => position(bound) ?? []);
  const ascending = [...inner].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  let low = position(hints.min) ?? ascending.at(0);
  let high = position(hints.max) ?? ascending.at(-1);
  if (low === undefined || high === undefined) return undefined;
  if (window?.column === hints.column) {
    const lower = window.lower === null ? undefined : position(window.lower.value);
    const upper = window.upper === null ? undefined : position(window.upper.value);
    if (lower !== undefined && lower > low) low = lower;
    if (upper !== undefined && upper <= high) high = window.upper?.inclusive === true ? upper : upper - 1n;
  }
  return low < high ? new RowDistribution(low, high + 1n, ascending) : undefined;
}

/** A bound on a column is never true for NULL. */
function excludesNulls(window: Window | null, column: string): boolean {
  return window?.column === column && (window.lower !== null || window.upper !== null);
}

function textOf(domain: RangeHints['domain'], position: bigint): string {
  return domain === 'int' ? position.toString() : instantAt(domain, position);
}

function rowsBetween(distribution: RowDistribution, cuts: readonly bigint[], rows: number): number[] {
  const ends = [...cuts, distribution.end];
  let before = 0;
  return ends.map((end) => {
    const below = distribution.shareBelow(end);
    const between = Math.round((below - before) * rows);
    before = below;
    return between;
  });
}
