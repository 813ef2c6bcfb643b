import type { Cell } from '../../core/cells';
import type { ColumnType } from '../../core/schema';

const DECIMAL = /^(-?(0|[1-9]\d*)(\.\d+)?|NaN|-?Infinity)$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const INTERVAL_PARTS = 3;

/** Whether a cell has the shape that core/cells.ts gives to its type. */
export function fitsType(type: ColumnType, cell: Cell): boolean {
  if (cell === null) return true;
  switch (type.kind) {
    case 'bool':
      return typeof cell === 'boolean';
    case 'int':
      return typeof cell === 'bigint' && fitsBits(cell, type.bits, type.unsigned === true);
    case 'date':
    case 'time':
    case 'datetime':
    case 'timestamp':
      return typeof cell === 'bigint';
    case 'float':
      return typeof cell === 'number';
    case 'decimal':
      return typeof cell === 'string' && DECIMAL.test(cell);
    case 'uuid':
      return typeof cell === 'string' && UUID.test(cell);
    case 'string':
    case 'json':
    case 'variant':
      return typeof cell === 'string';
    case 'bytes':
      return cell instanceof Uint8Array;
    case 'interval':
      return isList(cell) && cell.length === INTERVAL_PARTS && cell.every((part) => typeof part === 'bigint');
    case 'array':
      return isList(cell) && cell.every((element) => fitsType(type.element, element));
    case 'struct':
      return (
        isList(cell) &&
        cell.length === type.fields.length &&
        type.fields.every((field, index) => fitsType(field.type, cell[index] ?? null))
      );
  }
}

function fitsBits(value: bigint, bits: number, unsigned: boolean): boolean {
  return (unsigned ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value)) === value;
}

function isList(cell: Cell): cell is readonly Cell[] {
  return Array.isArray(cell);
}
