import { INSTANT_INFINITY, INSTANT_MINUS_INFINITY } from '../../core/cells';
import { BeamliftError } from '../../core/errors';
import { formatType } from '../../core/format-type';
import { compileInstantFormat, formatDate, formatTime, type InstantStyle } from '../../core/instant-format';
import type { ColumnType } from '../../core/schema';
import { isInterval, type Present } from '../cell-shape';
import { formatIntervalUnits } from '../interval-text';
import { bytesOfUuid } from '../uuid-text';
import { compileDecimalWriter } from './avro-decimal';
import type { LeafBuffer } from './parquet-leaf';

/** Dates beyond all others, as DuckDB has them in the 32 bits of a date. */
export const DATE_INFINITY = 0x7fff_ffff;
export const DATE_MINUS_INFINITY = -0x7fff_ffff;

/** A decimal has 128 bits at most. */
const BITS = 128;

/** The function that writes a cell that is not null. Throws INTERNAL for one that is not what the leaf's type says. */
export function compileLeafWriter(leaf: LeafBuffer, style: InstantStyle): (cell: Present) => void {
  const { type } = leaf.leaf;
  const wrong = (cell: Present): BeamliftError => wrongCell(type, cell);
  switch (leaf.form) {
    case 'bool':
      return (cell) => {
        if (typeof cell !== 'boolean') throw wrong(cell);
        leaf.writeBool(cell);
      };
    case 'int32': {
      const [least, most] = rangeOf(type);
      return (cell) => {
        if (typeof cell !== 'bigint' || cell < least || cell > most) throw wrong(cell);
        leaf.writeInt32(Number(BigInt.asIntN(32, cell)));
      };
    }
    case 'int64': {
      const unsigned = type.kind === 'int' && type.unsigned === true;
      return (cell) => {
        if (typeof cell !== 'bigint' || !leaf.writeBigInt(cell, unsigned)) throw wrong(cell);
      };
    }
    case 'date':
      return (cell) => {
        if (typeof cell !== 'bigint') throw wrong(cell);
        if (cell === INSTANT_INFINITY) leaf.writeInt32(DATE_INFINITY);
        else if (cell === INSTANT_MINUS_INFINITY) leaf.writeInt32(DATE_MINUS_INFINITY);
        else if (cell < BigInt(DATE_INFINITY) && cell > BigInt(DATE_MINUS_INFINITY))
          leaf.writeInt32(Number(cell));
        else throw wrong(cell);
      };
    case 'float':
      return (cell) => {
        if (typeof cell !== 'number') throw wrong(cell);
        leaf.writeFloat(cell);
      };
    case 'double':
      return (cell) => {
        if (typeof cell !== 'number') throw wrong(cell);
        leaf.writeDouble(cell);
      };
    case 'decimal32':
    case 'decimal64':
    case 'decimal128': {
      const scale = type.kind === 'decimal' ? (type.scale ?? 0) : 0;
      const write = compileDecimalWriter(unscaledTarget(leaf), scale);
      return (cell) => {
        if (typeof cell !== 'string' || !write(cell)) throw wrong(cell);
      };
    }
    case 'bytes':
      if (type.kind === 'bytes') {
        return (cell) => {
          if (!(cell instanceof Uint8Array)) throw wrong(cell);
          leaf.writeBytes(cell);
        };
      }
      return (cell) => {
        if (typeof cell !== 'string') throw wrong(cell);
        leaf.writeText(cell);
      };
    case 'uuid':
      return (cell) => {
        if (typeof cell !== 'string') throw wrong(cell);
        const bytes = bytesOfUuid(cell);
        if (bytes.length !== 16) throw wrong(cell);
        leaf.writeUuid(bytes, 0);
      };
    case 'text': {
      const textOf = compileText(type, style);
      return (cell) => {
        const text = textOf(cell);
        if (text === undefined) throw wrong(cell);
        leaf.writeText(text);
      };
    }
  }
}

/** What decimals of a leaf are written to, as whole numbers of their last digit. Throws RangeError for one that its bits do not hold. */
export function unscaledTarget(leaf: LeafBuffer): {
  writeTwosComplementOf(value: number): void;
  writeUnscaled(value: bigint): void;
} {
  const tooLarge = (): RangeError => new RangeError('a decimal has more digits than its type');
  switch (leaf.form) {
    case 'decimal32': {
      const write = (value: number): void => {
        if ((value | 0) !== value) throw tooLarge();
        leaf.writeInt32(value);
      };
      return {
        writeTwosComplementOf: write,
        writeUnscaled: (value) => {
          write(Number(value));
        },
      };
    }
    case 'decimal64':
      return {
        writeTwosComplementOf: (value) => {
          leaf.writeInt64(Math.floor(value / 2 ** 32), value | 0);
        },
        writeUnscaled: (value) => {
          if (!leaf.writeBigInt(value, false)) throw tooLarge();
        },
      };
    default:
      return {
        writeTwosComplementOf: (value) => {
          leaf.writeInt128(Math.floor(value / 2 ** 32), value | 0);
        },
        writeUnscaled: (value) => {
          if (BigInt.asIntN(BITS, value) !== value) throw tooLarge();
          leaf.writeBigInt128(value);
        },
      };
  }
}

/** The texts of types that Parquet has no exact form for; undefined: the cell is none of the type. */
export function compileText(type: ColumnType, style: InstantStyle): (cell: Present) => string | undefined {
  const ofBigint =
    (format: (value: bigint) => string): ((cell: Present) => string | undefined) =>
    (cell) =>
      typeof cell === 'bigint' ? format(cell) : undefined;
  switch (type.kind) {
    case 'int':
      return ofBigint(String);
    case 'date':
      return ofBigint((value) => formatDate(value, style));
    case 'time':
      return ofBigint((value) => formatTime(value, type.unit));
    case 'datetime':
    case 'timestamp':
      return ofBigint(compileInstantFormat(type.kind, type.unit, style));
    case 'interval':
      return (cell) => (isInterval(cell) ? formatIntervalUnits(cell) : undefined);
    default:
      return (cell) => (typeof cell === 'string' ? cell : undefined);
  }
}

/** Of a whole number that is stored in 32 bits. */
function rangeOf(type: ColumnType): readonly [least: bigint, most: bigint] {
  const bits = type.kind === 'int' ? BigInt(type.bits) : 32n;
  if (type.kind === 'int' && type.unsigned === true) return [0n, 2n ** bits - 1n];
  return [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
}

function wrongCell(type: ColumnType, cell: Present): BeamliftError {
  const shape = Array.isArray(cell) ? 'an array' : `a ${typeof cell}`;
  return new BeamliftError('INTERNAL', {
    what: `The encoder met ${shape} that is no value in a column of type ${formatType(type)}`,
  });
}
