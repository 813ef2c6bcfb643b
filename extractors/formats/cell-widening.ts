import type { Cell } from '../../core/cells';
import type { ColumnType } from '../../core/schema';
import { UNITS_PER_SECOND, type TimeUnit } from '../../core/time-unit';
import { sameType, widen } from '../../transforms/infer';

/** A cell that is not null, as a cell of the wider type; undefined: this value has none. */
export type CellWidening = (cell: Exclude<Cell, null>) => Cell | undefined;

const SECONDS_PER_DAY = 86_400n;

const unchanged: CellWidening = (cell) => cell;

/**
 * How cells of one file's type become cells of the type that several files share.
 * Undefined: there is no exact way, so the file does not belong to the others.
 */
export function cellWidening(from: ColumnType, to: ColumnType): CellWidening | undefined {
  if (sameType(from, to)) return unchanged;
  const wider = widen(from, to);
  if (wider === undefined || !sameType(wider, to)) return undefined;
  switch (to.kind) {
    case 'int':
      return unchanged;
    case 'float':
      return from.kind === 'int' ? exactDouble : from.kind === 'float' ? unchanged : undefined;
    case 'decimal':
      return from.kind === 'int' ? String : unchanged;
    case 'string':
      return from.kind === 'string' || from.kind === 'uuid' || from.kind === 'decimal'
        ? unchanged
        : from.kind === 'int' || from.kind === 'bool'
          ? String
          : undefined;
    case 'datetime':
      return from.kind === 'date'
        ? scaled(SECONDS_PER_DAY * UNITS_PER_SECOND[to.unit])
        : rescaled(from, to.unit);
    case 'timestamp':
    case 'time':
      return rescaled(from, to.unit);
    default:
      return undefined;
  }
}

function exactDouble(cell: Exclude<Cell, null>): number | undefined {
  const value = Number(cell);
  return BigInt(value) === cell ? value : undefined;
}

function rescaled(from: ColumnType, unit: TimeUnit): CellWidening | undefined {
  if (from.kind !== 'datetime' && from.kind !== 'timestamp' && from.kind !== 'time') return undefined;
  return scaled(UNITS_PER_SECOND[unit] / UNITS_PER_SECOND[from.unit]);
}

function scaled(factor: bigint): CellWidening {
  return (cell) => (typeof cell === 'bigint' ? cell * factor : undefined);
}
