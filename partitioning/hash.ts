import type { WorkUnit } from '../core/plan';
import { numbered } from './unit-id';

/**
 * Units by the remainder of a hash that the source computes. Every row has exactly one remainder, a row with NULL
 * too: the extractor counts NULL as hash 0.
 */
export function hashUnits(column: string, modulus: number, estimatedRows: number | null): WorkUnit[] {
  return Array.from({ length: modulus }, (_, remainder) => ({
    id: `h${numbered(remainder, modulus - 1, 2)}-of-${modulus}`,
    kind: 'hash',
    column,
    modulus,
    remainder,
    ...(estimatedRows === null ? {} : { estimatedRows: Math.round(estimatedRows / modulus) }),
  }));
}
