import type { Cell } from '../core/cells';
import type { ColumnType } from '../core/schema';
import type { Interval } from './interval-text';

export type Present = Exclude<Cell, null>;

/** Array.isArray, without losing `readonly`. */
export function isCells(cell: Cell): cell is readonly Cell[] {
  return Array.isArray(cell);
}

export function isInterval(cell: Cell): cell is Interval {
  return isCells(cell) && cell.length === 3 && cell.every((part) => typeof part === 'bigint');
}

/** Whether a cell is an array where its type, the element type of an array, is none: a further dimension, as PostgreSQL's arrays have. */
export function isDeeper(elementType: ColumnType, cell: Cell): cell is readonly Cell[] {
  if (!isCells(cell)) return false;
  switch (elementType.kind) {
    case 'array':
    case 'struct':
      return false;
    case 'interval':
      return !isInterval(cell);
    default:
      return true;
  }
}
