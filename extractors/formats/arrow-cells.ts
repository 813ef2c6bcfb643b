import { isAscii } from 'node:buffer';
import {
  aligned,
  arrowChild,
  arrowOffsets,
  bytesReader,
  damaged,
  rawBytes,
  type ArrowData,
  type BytesReader,
} from '../../core/arrow-buffers';
import type { ArrowLayout } from '../../core/arrow-layout';
import { UnreadableCell, type CellReader } from '../../core/arrow-rows';
import type { Cell } from '../../core/cells';
import { decimalText, halfToNumber, littleEndianInteger } from './arrow-numbers';

/** Texts of a batch are cut from one string where they are ASCII and not longer than this in all; a call per text costs five times as much. */
const MAX_SHARED_TEXT_BYTES = 1024 * 1024;

const MS_PER_DAY = 86_400_000n;
const US_PER_DAY = 86_400_000_000n;

/** The Julian day number of 1970-01-01. */
const JULIAN_EPOCH = 2_440_588n;

/** Reads the cells of one column of one batch. The layout must be that of the data's type. */
export function arrowCellReader(layout: ArrowLayout, data: ArrowData): CellReader {
  const read = valueReader(layout, data);
  if (layout.kind === 'null' || data.nullCount === 0) return read;
  const { nullBitmap, offset } = data;
  if (nullBitmap === undefined || nullBitmap === null) return read;
  return (index) => {
    const bit = index + offset;
    return ((nullBitmap[bit >> 3] ?? 0) >> (bit & 7)) & 1 ? read(index) : null;
  };
}

function valueReader(layout: ArrowLayout, data: ArrowData): CellReader {
  switch (layout.kind) {
    case 'null':
      return () => null;
    case 'bool': {
      const bits = rawBytes(data);
      const { offset } = data;
      return (index) => (((bits[(index + offset) >> 3] ?? 0) >> ((index + offset) & 7)) & 1) === 1;
    }
    case 'int':
      return integerReader(layout.bits, layout.unsigned, data);
    case 'float':
      return floatReader(layout.bits, data);
    case 'decimal':
      return decimalReader(layout.bits, layout.scale, data);
    case 'text':
      return textReader(bytesReader(layout.offsets, data));
    case 'bytes': {
      const slice = bytesReader(layout.offsets, data).slice;
      // A copy: a cell must not keep the whole batch alive.
      return (index) => Uint8Array.from(slice(index));
    }
    case 'fixed-bytes': {
      const bytes = rawBytes(data);
      const { width } = layout;
      return (index) => Uint8Array.from(bytes.subarray(index * width, (index + 1) * width));
    }
    case 'uuid': {
      const bytes = rawBytes(data);
      return (index) => uuidText(bytes.toString('hex', index * 16, index * 16 + 16));
    }
    case 'date':
      return layout.bits === 32 ? integerReader(32, false, data) : dateReader(data);
    case 'time':
      return integerReader(layout.bits, false, data);
    case 'instant':
    case 'duration':
      return integerReader(64, false, data);
    case 'interval':
      return intervalReader(layout.unit, data);
    case 'parquet-interval':
      return parquetIntervalReader(data);
    case 'parquet-int96':
      return int96Reader(data);
    case 'list':
      return listReader(layout, data);
    case 'struct': {
      const fields = layout.fields.map((field, index) =>
        arrowCellReader(field.layout, arrowChild(data, index)),
      );
      return (index) => fields.map((field) => field(index));
    }
    case 'map': {
      const entries = arrowChild(data, 0);
      const key = arrowCellReader(layout.key, arrowChild(entries, 0));
      const value = arrowCellReader(layout.value, arrowChild(entries, 1));
      const [start, end] = arrowOffsets(data);
      return (index) => cellsBetween(start(index), end(index), (entry) => [key(entry), value(entry)]);
    }
    case 'dictionary':
      return dictionaryReader(layout.values, data);
  }
}

function integerReader(bits: 8 | 16 | 32 | 64, unsigned: boolean, data: ArrowData): CellReader {
  const bytes = rawBytes(data);
  if (bits === 64) {
    const values = unsigned ? aligned(bytes, BigUint64Array) : aligned(bytes, BigInt64Array);
    return (index) => values[index] ?? 0n;
  }
  const values = smallIntegers(bits, unsigned, bytes);
  return (index) => BigInt(values[index] ?? 0);
}

function smallIntegers(bits: 8 | 16 | 32, unsigned: boolean, bytes: Buffer): ArrayLike<number> {
  if (bits === 8) return unsigned ? bytes : aligned(bytes, Int8Array);
  if (bits === 16) return unsigned ? aligned(bytes, Uint16Array) : aligned(bytes, Int16Array);
  return unsigned ? aligned(bytes, Uint32Array) : aligned(bytes, Int32Array);
}

function floatReader(bits: 16 | 32 | 64, data: ArrowData): CellReader {
  const bytes = rawBytes(data);
  if (bits === 16) {
    const values = aligned(bytes, Uint16Array);
    return (index) => halfToNumber(values[index] ?? 0);
  }
  const values = bits === 32 ? aligned(bytes, Float32Array) : aligned(bytes, Float64Array);
  return (index) => values[index] ?? 0;
}

function decimalReader(bits: 32 | 64 | 128 | 256, scale: number, data: ArrowData): CellReader {
  const bytes = rawBytes(data);
  if (bits === 32) {
    const values = aligned(bytes, Int32Array);
    return (index) => decimalText(BigInt(values[index] ?? 0), scale);
  }
  const words = aligned(bytes, BigInt64Array);
  const perValue = bits / 64;
  return (index) => decimalText(littleEndianInteger(words, index * perValue, perValue), scale);
}

/** Date64: milliseconds, which by its definition are whole days. */
function dateReader(data: ArrowData): CellReader {
  const values = aligned(rawBytes(data), BigInt64Array);
  return (index) => {
    const value = values[index] ?? 0n;
    if (value % MS_PER_DAY !== 0n) throw new UnreadableCell('a date with a time of day', String(value));
    return value / MS_PER_DAY;
  };
}

function intervalReader(unit: 'months' | 'day-time' | 'month-day-nano', data: ArrowData): CellReader {
  const bytes = rawBytes(data);
  if (unit === 'months') return (index) => [BigInt(bytes.readInt32LE(index * 4)), 0n, 0n];
  if (unit === 'day-time') {
    return (index) => [
      0n,
      BigInt(bytes.readInt32LE(index * 8)),
      BigInt(bytes.readInt32LE(index * 8 + 4)) * 1000n,
    ];
  }
  return (index) => {
    const nanoseconds = bytes.readBigInt64LE(index * 16 + 8);
    if (nanoseconds % 1000n !== 0n)
      throw new UnreadableCell('an interval with nanoseconds', `${nanoseconds} ns`);
    return [
      BigInt(bytes.readInt32LE(index * 16)),
      BigInt(bytes.readInt32LE(index * 16 + 4)),
      nanoseconds / 1000n,
    ];
  };
}

function parquetIntervalReader(data: ArrowData): CellReader {
  const bytes = rawBytes(data);
  return (index) => [
    BigInt(bytes.readUInt32LE(index * 12)),
    BigInt(bytes.readUInt32LE(index * 12 + 4)),
    BigInt(bytes.readUInt32LE(index * 12 + 8)) * 1000n,
  ];
}

function int96Reader(data: ArrowData): CellReader {
  const bytes = rawBytes(data);
  return (index) => {
    const nanoseconds = bytes.readBigInt64LE(index * 12);
    const days = BigInt(bytes.readInt32LE(index * 12 + 8)) - JULIAN_EPOCH;
    if (nanoseconds % 1000n !== 0n) {
      const shown = days * US_PER_DAY * 1000n + nanoseconds;
      throw new UnreadableCell('an INT96 timestamp with nanoseconds', `${shown} ns since 1970`);
    }
    return days * US_PER_DAY + nanoseconds / 1000n;
  };
}

function listReader(layout: Extract<ArrowLayout, { kind: 'list' }>, data: ArrowData): CellReader {
  const element = arrowCellReader(layout.element, arrowChild(data, 0));
  if (layout.offsets === 'fixed') {
    const { size } = layout;
    return (index) => cellsBetween(index * size, (index + 1) * size, element);
  }
  const [start, end] = arrowOffsets(data);
  return (index) => cellsBetween(start(index), end(index), element);
}

function cellsBetween(start: number, end: number, element: CellReader): Cell[] {
  const cells = new Array<Cell>(end - start);
  for (let index = start; index < end; index++) cells[index - start] = element(index);
  return cells;
}

/** Each value of the dictionary becomes a cell at most once. */
function dictionaryReader(layout: ArrowLayout, data: ArrowData): CellReader {
  const keys = data.values as ArrayLike<number | bigint> | null | undefined;
  const chunks = (data.dictionary?.data ?? []).map((chunk) => ({
    length: chunk.length,
    read: arrowCellReader(layout, chunk),
  }));
  const cells: (Cell | undefined)[] = [];
  return (index) => {
    const key = Number(keys?.[index] ?? -1);
    const known = cells[key];
    if (known !== undefined) return known;
    let rest = key;
    for (const chunk of chunks) {
      if (rest < chunk.length) return (cells[key] = chunk.read(rest));
      rest -= chunk.length;
    }
    throw damaged('an index beyond its dictionary');
  };
}

function textReader(reader: BytesReader): CellReader {
  const { run, slice, length } = reader;
  if (run !== undefined && length > 0) {
    const first = run.start(0);
    const whole = run.bytes.subarray(first, run.end(length - 1));
    if (whole.length <= MAX_SHARED_TEXT_BYTES && isAscii(whole)) {
      const characters = whole.toString('latin1');
      return (index) => characters.substring(run.start(index) - first, run.end(index) - first);
    }
  }
  return (index) => slice(index).toString('utf8');
}

function uuidText(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
