import { isUtf8 } from 'node:buffer';
import { INSTANT_INFINITY, INSTANT_MINUS_INFINITY, type Cell } from '../../core/cells';
import { UnreadableValue } from '../../core/pg-binary';
import { numericText } from './numeric-text';

/**
 * Makes a cell of the binary form of one value: `length` bytes from `start` of `bytes`, of which `view` is a view.
 * Throws `UnreadableValue` for a value that no cell can hold; the row is then rejected.
 */
export type FieldDecoder = (bytes: Buffer, view: DataView, start: number, length: number) => Cell;

/** 2000-01-01, from which PostgreSQL counts, in days and microseconds since 1970-01-01. */
const EPOCH_DAYS = 10_957;
const EPOCH_MICROS = 946_684_800_000_000n;

const INT32_MAX = 0x7fff_ffff;
const INT32_MIN = -0x8000_0000;
const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/** What stands in front of a jsonb document. */
const JSONB_VERSION = 1;

/** Dimensions that PostgreSQL allows (MAXDIM). */
const MAX_DIMENSIONS = 6;
const ARRAY_HEADER_BYTES = 12;
const DIMENSION_BYTES = 8;

/** The column types are checked before reading; a value of another length means that the check was wrong, and must not pass as data. */
function expectBytes(length: number, expected: number): void {
  if (length !== expected)
    throw new UnreadableValue(`a value of ${length} bytes where its type has ${expected}`);
}

export const decodeBool: FieldDecoder = (bytes, _view, start, length) => {
  expectBytes(length, 1);
  return bytes[start] === 1;
};

export const decodeInt16: FieldDecoder = (_bytes, view, start, length) => {
  expectBytes(length, 2);
  return BigInt(view.getInt16(start));
};

export const decodeInt32: FieldDecoder = (_bytes, view, start, length) => {
  expectBytes(length, 4);
  return BigInt(view.getInt32(start));
};

export const decodeUint32: FieldDecoder = (_bytes, view, start, length) => {
  expectBytes(length, 4);
  return BigInt(view.getUint32(start));
};

export const decodeInt64: FieldDecoder = (_bytes, view, start, length) => {
  expectBytes(length, 8);
  return view.getBigInt64(start);
};

export const decodeUint64: FieldDecoder = (_bytes, view, start, length) => {
  expectBytes(length, 8);
  return view.getBigUint64(start);
};

export const decodeFloat32: FieldDecoder = (_bytes, view, start, length) => {
  expectBytes(length, 4);
  return view.getFloat32(start);
};

export const decodeFloat64: FieldDecoder = (_bytes, view, start, length) => {
  expectBytes(length, 8);
  return view.getFloat64(start);
};

export const decodeNumeric: FieldDecoder = (_bytes, view, start, length) => {
  expectBytes(length, 8 + 2 * view.getUint16(start));
  return numericText(view, start);
};

export const decodeText: FieldDecoder = (bytes, _view, start, length) =>
  bytes.toString('utf8', start, start + length);
export const decodeBytes: FieldDecoder = (bytes, _view, start, length) =>
  bytes.subarray(start, start + length);
/** Microseconds since midnight; 24:00:00 is a value. */
export const decodeTime = decodeInt64;

/** For servers that do not know what encoding their texts have (SQL_ASCII), and so promise nothing. */
export const decodeUncheckedText: FieldDecoder = (bytes, _view, start, length) => {
  const text = bytes.subarray(start, start + length);
  if (!isUtf8(text))
    throw new UnreadableValue('not valid UTF-8, and the encoding of the database is SQL_ASCII');
  return text.toString('utf8');
};

/** jsonb is a version byte and JSON text, which `text` decodes. Throws UnreadableValue for another version. */
export function jsonbDecoder(text: FieldDecoder): FieldDecoder {
  return (bytes, view, start, length) => {
    if (bytes[start] !== JSONB_VERSION) throw new UnreadableValue(`jsonb of version ${bytes[start]}`);
    return text(bytes, view, start + 1, length - 1);
  };
}

export const decodeUuid: FieldDecoder = (bytes, _view, start, length) => {
  expectBytes(length, 16);
  const hex = bytes.toString('hex', start, start + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};

export const decodeDate: FieldDecoder = (_bytes, view, start, length) => {
  expectBytes(length, 4);
  const days = view.getInt32(start);
  if (days === INT32_MAX) return INSTANT_INFINITY;
  if (days === INT32_MIN) return INSTANT_MINUS_INFINITY;
  return BigInt(days + EPOCH_DAYS);
};

export const decodeTimestamp: FieldDecoder = (_bytes, view, start, length) => {
  expectBytes(length, 8);
  const micros = view.getBigInt64(start);
  if (micros === INT64_MAX) return INSTANT_INFINITY;
  if (micros === INT64_MIN) return INSTANT_MINUS_INFINITY;
  return micros + EPOCH_MICROS;
};

/** Microseconds, days, months on the wire. PostgreSQL 17 has infinite intervals: the largest or smallest of all three. */
export const decodeInterval: FieldDecoder = (_bytes, view, start, length) => {
  expectBytes(length, 16);
  const micros = view.getBigInt64(start);
  const days = view.getInt32(start + 8);
  const months = view.getInt32(start + 12);
  const infinite =
    (micros === INT64_MAX && days === INT32_MAX && months === INT32_MAX) ||
    (micros === INT64_MIN && days === INT32_MIN && months === INT32_MIN);
  if (infinite) throw new UnreadableValue('an infinite interval');
  return [BigInt(months), BigInt(days), micros];
};

/**
 * Arrays. The type of a column does not say how many dimensions its values have: a value with more than one is an array
 * of arrays, although the column is `array<element>`; the `nested_array` policy decides what becomes of it. Lower bounds
 * other than 1 are not kept.
 */
export function arrayDecoder(element: FieldDecoder): FieldDecoder {
  return (bytes, view, start, length) => {
    const dimensions = view.getInt32(start);
    if (dimensions === 0) return [];
    if (dimensions < 0 || dimensions > MAX_DIMENSIONS) {
      throw new UnreadableValue(`an array of ${dimensions} dimensions`);
    }
    const first = view.getInt32(start + ARRAY_HEADER_BYTES);
    const elements = start + ARRAY_HEADER_BYTES + dimensions * DIMENSION_BYTES;
    if (dimensions === 1) {
      checkSize(first, length);
      const cells = new Array<Cell>(first);
      readElements(element, bytes, view, elements, cells);
      return cells;
    }
    const sizes = [first];
    for (let index = 1; index < dimensions; index++) {
      sizes.push(view.getInt32(start + ARRAY_HEADER_BYTES + index * DIMENSION_BYTES));
    }
    const count = sizes.reduce((product, size) => product * size, 1);
    checkSize(count, length);
    const flat = new Array<Cell>(count);
    readElements(element, bytes, view, elements, flat);
    return nest(flat, sizes);
  };
}

/** Every element has at least its length, so a count beyond the value's own bytes is not one. */
function checkSize(count: number, length: number): void {
  if (count < 0 || count * 4 > length) {
    throw new UnreadableValue('an array whose size is not that of its elements');
  }
}

function readElements(
  element: FieldDecoder,
  bytes: Buffer,
  view: DataView,
  from: number,
  into: Cell[],
): void {
  let position = from;
  for (let index = 0; index < into.length; index++) {
    const length = view.getInt32(position);
    position += 4;
    if (length < 0) {
      into[index] = null;
    } else {
      into[index] = element(bytes, view, position, length);
      position += length;
    }
  }
}

/** The last dimension varies fastest. */
function nest(flat: readonly Cell[], sizes: readonly number[]): Cell[] {
  let level: Cell[] = [...flat];
  for (const size of sizes.slice(1).reverse()) {
    const outer: Cell[] = [];
    for (let index = 0; index < level.length; index += size) outer.push(level.slice(index, index + size));
    level = outer;
  }
  return level;
}

/** Composite values: each field with the type and length that it has. */
export function structDecoder(fields: readonly FieldDecoder[]): FieldDecoder {
  return (bytes, view, start) => {
    const count = view.getInt32(start);
    if (count !== fields.length) {
      throw new UnreadableValue(`a composite value of ${count} fields where its type has ${fields.length}`);
    }
    let position = start + 4;
    return fields.map((field) => {
      const length = view.getInt32(position + 4);
      position += 8;
      if (length < 0) return null;
      const cell = field(bytes, view, position, length);
      position += length;
      return cell;
    });
  };
}
