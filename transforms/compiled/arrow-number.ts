import { aligned, rawBytes } from '../../core/arrow-buffers';
import type { ColumnType } from '../../core/schema';
import { intRange } from '../cells/to-number';
import type { ArrowWriter } from './arrow-writer';
import type { WriterInput } from './pg-writers';

/**
 * Whole numbers in a double of 64 and of 32 bits, from minus this number to this number. 2^53 is exact, too, but so becomes 2^53 + 1, which is not.
 */
const MAX_EXACT_DOUBLE = Number.MAX_SAFE_INTEGER;
const MAX_EXACT_FLOAT = 2 ** 24;

export function compileArrowBool({ source, destination, sink }: WriterInput): ArrowWriter | undefined {
  if (source.kind !== 'bool' || destination.kind !== 'bool') return undefined;
  let bits: Uint8Array = Buffer.alloc(0);
  let offset = 0;
  return {
    bind: (data) => {
      bits = rawBytes(data);
      ({ offset } = data);
    },
    write: (index) => {
      const bit = index + offset;
      sink.putBool((((bits[bit >> 3] ?? 0) >> (bit & 7)) & 1) === 1);
      return true;
    },
  };
}

type Bits = 8 | 16 | 32 | 64;

/** Whole numbers into ints that hold them, and into floats. */
export function compileArrowInt(bits: Bits, unsigned: boolean, input: WriterInput): ArrowWriter | undefined {
  const { source, destination } = input;
  if (source.kind !== 'int') return undefined;
  if (destination.kind === 'float') return compileIntToFloat(bits, unsigned, input);
  if (destination.kind !== 'int' || destination.bits === 128) return undefined;
  if (bits === 64) return compileLong(unsigned, destination, input);
  const [min, max] = numberRange({ kind: 'int', bits, unsigned });
  const [least, most] = numberRange(destination);
  return compileSmallInt(bits, unsigned, least <= min && max <= most, [least, most], input);
}

type IntType = Extract<ColumnType, { kind: 'int' }>;

/** Smallest and greatest, as doubles: exact for 32 bits and less. */
function numberRange(type: IntType): [min: number, max: number] {
  const [min, max] = intRange(type);
  return [Number(min), Number(max)];
}

function compileSmallInt(
  bits: 8 | 16 | 32,
  unsigned: boolean,
  fits: boolean,
  [least, most]: readonly [number, number],
  { sink }: WriterInput,
): ArrowWriter {
  let values: ArrayLike<number> = [];
  const bind: ArrowWriter['bind'] = (data) => {
    values = smallIntegers(bits, unsigned, rawBytes(data));
  };
  if (fits && !unsigned) {
    return {
      bind,
      write: (index) => {
        const value = values[index] ?? 0;
        sink.putLong(value >> 31, value);
        return true;
      },
    };
  }
  return {
    bind,
    write: (index) => {
      const value = values[index] ?? 0;
      if (value < least || value > most) return false;
      sink.putLong(value < 0 ? -1 : 0, value | 0);
      return true;
    },
  };
}

/** Numbers of 64 bits by their halves. */
function compileLong(unsigned: boolean, destination: IntType, { sink }: WriterInput): ArrowWriter {
  let halves = new Int32Array(0);
  const bind: ArrowWriter['bind'] = (data) => {
    halves = aligned(rawBytes(data), Int32Array);
  };
  if (destination.bits === 64) {
    // Half of the numbers without a sign are beyond those that have one, and half of those are below zero.
    const anything = !unsigned && destination.unsigned !== true;
    return {
      bind,
      write: (index) => {
        const high = halves[2 * index + 1] ?? 0;
        if (high < 0 && !anything) return false;
        sink.putLong(high, halves[2 * index] ?? 0);
        return true;
      },
    };
  }
  const [least, most] = numberRange(destination);
  return {
    bind,
    write: (index) => {
      const low = halves[2 * index] ?? 0;
      const high = halves[2 * index + 1] ?? 0;
      const value = high * 2 ** 32 + (low >>> 0);
      if (value < least || value > most || (unsigned && high < 0)) return false;
      sink.putLong(high, low);
      return true;
    },
  };
}

function compileIntToFloat(bits: Bits, unsigned: boolean, { destination, sink }: WriterInput): ArrowWriter {
  const limit = destination.kind === 'float' && destination.bits === 32 ? MAX_EXACT_FLOAT : MAX_EXACT_DOUBLE;
  let values: ArrayLike<number> = [];
  return {
    bind: (data) => {
      const bytes = rawBytes(data);
      values = bits === 64 ? aligned(bytes, Int32Array) : smallIntegers(bits, unsigned, bytes);
    },
    write: (index) => {
      let value;
      if (bits === 64) {
        const high = values[2 * index + 1] ?? 0;
        value = (unsigned ? high >>> 0 : high) * 2 ** 32 + ((values[2 * index] ?? 0) >>> 0);
      } else {
        value = values[index] ?? 0;
      }
      if (value < -limit || value > limit) return false;
      sink.putDouble(value);
      return true;
    },
  };
}

function smallIntegers(bits: 8 | 16 | 32, unsigned: boolean, bytes: Buffer): ArrayLike<number> {
  if (bits === 8) return unsigned ? bytes : aligned(bytes, Int8Array);
  if (bits === 16) return unsigned ? aligned(bytes, Uint16Array) : aligned(bytes, Int16Array);
  return unsigned ? aligned(bytes, Uint32Array) : aligned(bytes, Int32Array);
}

/** Floats of 32 and 64 bits. */
export function compileArrowFloat(
  bits: 16 | 32 | 64,
  { source, destination, rules, sink }: WriterInput,
): ArrowWriter | undefined {
  if (source.kind !== 'float' || destination.kind !== 'float' || !rules.nonFiniteFloat) return undefined;
  if (bits === 16) return undefined;
  const narrows = bits > destination.bits;
  let values: ArrayLike<number> = [];
  return {
    bind: (data) => {
      const bytes = rawBytes(data);
      values = bits === 32 ? aligned(bytes, Float32Array) : aligned(bytes, Float64Array);
    },
    write: (index) => {
      const value = values[index] ?? 0;
      if (narrows && Math.fround(value) !== value) return false;
      sink.putDouble(value);
      return true;
    },
  };
}
