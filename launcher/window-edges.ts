import type { Bound, Window } from '../core/plan';
import type { Column } from '../core/schema';
import { compareDecimals, isCanonicalDecimal } from '../transforms/decimal-text';
import { compareCursors } from './cursor';

/**
 * Windows of one column as stretches between two edges. An edge lies before a value or after it; null: where the order begins, or ends.
 * What databases order by rules of their own (texts: collations) has no order here: then the answer is that nothing is known.
 */
export interface Edge {
  readonly value: string;
  readonly after: boolean;
}

export interface Stretch {
  readonly from: Edge | null;
  readonly to: Edge | null;
}

/** The rows that a window covers. */
export function stretchOf({ lower, upper }: Pick<Window, 'lower' | 'upper'>): Stretch {
  return {
    from: lower === null ? null : { value: lower.value, after: !lower.inclusive },
    to: upper === null ? null : { value: upper.value, after: upper.inclusive },
  };
}

export function lowerBound(edge: Edge | null): Bound | null {
  return edge === null ? null : { value: edge.value, inclusive: !edge.after };
}

export function upperBound(edge: Edge | null): Bound | null {
  return edge === null ? null : { value: edge.value, inclusive: edge.after };
}

/** Less than 0, 0 or more than 0, as `a` is before, at or after `b`; undefined: that is for the source to say. */
export function compareEdges(column: Column, a: Edge, b: Edge): number | undefined {
  if (a.value === b.value) return Number(a.after) - Number(b.after);
  const order = compareValues(column, a.value, b.value);
  return order === 0 ? Number(a.after) - Number(b.after) : order;
}

/** Whether the order of the column's values is known here. */
export function hasKnownOrder({ type }: Column): boolean {
  return ['int', 'date', 'datetime', 'timestamp', 'decimal', 'uuid'].includes(type.kind);
}

/** Whether no value lies between the edges; false where that is not known. */
export function isEmptyStretch(column: Column, { from, to }: Stretch): boolean {
  return from !== null && to !== null && (compareEdges(column, from, to) ?? -1) >= 0;
}

/** Whether some value may be in both. */
export function mayOverlap(column: Column, a: Stretch, b: Stretch): boolean {
  return !endsBefore(column, a, b) && !endsBefore(column, b, a);
}

function endsBefore(column: Column, { to }: Stretch, { from }: Stretch): boolean {
  return to !== null && from !== null && (compareEdges(column, to, from) ?? 1) <= 0;
}

/**
 * The first piece of a stretch that none of the others covers. It ends where the next of them begins, so what lies behind that is a piece of
 * its own. Where all is covered, it is an empty one.
 */
export function firstUncovered(column: Column, whole: Stretch, covered: readonly Stretch[]): Stretch {
  let { from } = whole;
  for (let moved = true; moved;) {
    moved = false;
    for (const other of covered) {
      if (!beginsBy(column, other, from) || other.to === null) continue;
      if (from !== null && (compareEdges(column, other.to, from) ?? 0) <= 0) continue;
      from = other.to;
      moved = true;
    }
  }
  let { to } = whole;
  for (const { from: next } of covered) {
    if (next === null || (from !== null && (compareEdges(column, next, from) ?? 0) <= 0)) continue;
    if (to === null || (compareEdges(column, next, to) ?? 0) < 0) to = next;
  }
  return { from, to };
}

function beginsBy(column: Column, { from }: Stretch, edge: Edge | null): boolean {
  if (from === null) return true;
  return edge !== null && (compareEdges(column, from, edge) ?? 1) <= 0;
}

function compareValues(column: Column, a: string, b: string): number | undefined {
  switch (column.type.kind) {
    case 'int':
    case 'date':
    case 'datetime':
    case 'timestamp':
      return compareCursors(column, a, b);
    case 'decimal':
      return isCanonicalDecimal(a) && isCanonicalDecimal(b) ? compareDecimals(a, b) : undefined;
    case 'uuid':
      return compareTexts(a.toLowerCase(), b.toLowerCase());
    default:
      return undefined;
  }
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
