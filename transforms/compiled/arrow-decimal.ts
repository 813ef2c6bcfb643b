import { aligned, rawBytes } from '../../core/arrow-buffers';
import type { ColumnType } from '../../core/schema';
import type { ArrowWriter } from './arrow-writer';
import type { WriterInput } from './pg-writers';

/** Powers of ten that are exact in a double, and leave room for a digit of each other. */
const MAX_EXACT_POWER = 15;
/** Every number of so many digits has 64 bits, and every number of 64 bits has at most one more. */
const LONG_DIGITS = 18;

/**
 * Decimals into decimals that hold all their digits. Those of more than 64 bits, and those of more than 53 whose scale changes, are written
 * as big numbers.
 */
export function compileArrowDecimal(
  bits: 32 | 64 | 128 | 256,
  scale: number,
  { source, destination, sink }: WriterInput,
): ArrowWriter | undefined {
  if (source.kind !== 'decimal' || destination.kind !== 'decimal') return undefined;
  const { precision, scale: to = 0 } = destination;
  if (precision === undefined || scale < 0 || to < 0 || to > precision) return undefined;
  const words = bits / 32;
  const fits = alwaysFits(source, precision, to);
  const power = to - scale;
  if (Math.abs(power) > MAX_EXACT_POWER) return undefined;
  const factor = 10 ** Math.abs(power);
  const longFits = power === 0 && (fits || precision > LONG_DIGITS);
  const limit = precision <= MAX_EXACT_POWER ? 10 ** precision : Number.MAX_SAFE_INTEGER;
  const big = bigDecimal(precision, power);
  let halves = new Int32Array(0);
  const writeBig = (index: number): boolean => {
    const value = big(bigOf(halves, index * words, words));
    if (value === undefined) return false;
    sink.putUnscaledBig(value);
    return true;
  };
  return {
    bind: (data) => {
      halves = aligned(rawBytes(data), Int32Array);
    },
    write: (index) => {
      const at = index * words;
      const low = halves[at] ?? 0;
      const high = words === 1 ? low >> 31 : (halves[at + 1] ?? 0);
      for (let word = 2; word < words; word++) if (halves[at + word] !== high >> 31) return writeBig(index);
      if (longFits) {
        sink.putUnscaledLong(high, low);
        return true;
      }
      let value = high * 2 ** 32 + (low >>> 0);
      if (value < -Number.MAX_SAFE_INTEGER || value > Number.MAX_SAFE_INTEGER) return writeBig(index);
      if (power < 0) {
        if (value % factor !== 0) return false;
        value /= factor;
      } else {
        value *= factor;
      }
      if (value <= -limit || value >= limit) return writeBig(index);
      sink.putUnscaled(value);
      return true;
    },
  };
}

type DecimalType = Extract<ColumnType, { kind: 'decimal' }>;

/** Whether the reference does not look at digits, since every decimal of the type has room. */
function alwaysFits({ precision, scale = 0 }: DecimalType, most: number, to: number): boolean {
  return precision !== undefined && scale >= 0 && scale <= to && precision - scale <= most - to;
}

/** The unscaled value at another scale; undefined: it has digits that there is no room for. */
function bigDecimal(precision: number, power: number): (value: bigint) => bigint | undefined {
  const factor = 10n ** BigInt(Math.abs(power));
  const limit = 10n ** BigInt(precision);
  return (value) => {
    if (power < 0 && value % factor !== 0n) return undefined;
    const scaled = power < 0 ? value / factor : value * factor;
    return scaled > -limit && scaled < limit ? scaled : undefined;
  };
}

/** The number of `count` words of 32 bits, the lowest first, in two's complement. */
function bigOf(words: Int32Array, start: number, count: number): bigint {
  let value = BigInt(words[start + count - 1] ?? 0);
  for (let at = start + count - 2; at >= start; at--) value = (value << 32n) | BigInt((words[at] ?? 0) >>> 0);
  return value;
}
