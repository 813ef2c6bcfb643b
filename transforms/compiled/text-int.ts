import type { ColumnType } from '../../core/schema';
import type { FieldWriter } from './field-writer';
import { below2To16, digitsOf, EXACT_DIGITS, highHalf, lowHalf, MINUS, times2To16 } from './text-digits';
import type { ValueSink } from './value-sink';

/** A long number is cut in two in front of its last digits: so many. */
const LOWER_DIGITS = 9;
const LOWER = 10 ** LOWER_DIGITS;
/** Digits of the greatest number of 63 bits. */
const MAX_DIGITS = 19;
const HALF = 2 ** 32;

/**
 * Writes `[-]digits` within the range of the int type, leading zeros allowed; of 64 bits, those of 63 and the sign. Undefined: the type has more than 64 bits.
 */
export function compileIntText(
  sink: ValueSink,
  destination: Extract<ColumnType, { kind: 'int' }>,
): FieldWriter | undefined {
  const { bits, unsigned = false } = destination;
  if (bits > 64) return undefined;
  // 64 bits are no limit for the numbers that are compared with these.
  const most = bits === 64 ? Infinity : 2 ** (unsigned ? bits : bits - 1) - 1;
  const least = unsigned ? 0 : -most - 1;
  return (bytes, _view, start, length) => {
    const negative = bytes[start] === MINUS;
    const first = negative ? start + 1 : start;
    const end = start + length;
    const digits = end - first;
    if (digits < 1 || digits > MAX_DIGITS) return false;
    if (digits <= EXACT_DIGITS) {
      const size = digitsOf(bytes, first, end);
      const value = negative ? 0 - size : size;
      if (size < 0 || value < least || value > most) return false;
      sink.putLong(Math.floor(value / HALF), value | 0);
      return true;
    }
    const upper = digitsOf(bytes, first, end - LOWER_DIGITS);
    const lower = digitsOf(bytes, end - LOWER_DIGITS, end);
    if (upper < 0 || lower < 0 || bits < 64 || (negative && unsigned)) return false;
    const a = times2To16(upper) * LOWER;
    const b = below2To16(upper) * LOWER + lower;
    const high = highHalf(a, b);
    const low = lowHalf(a, b);
    // Of 19 digits none is beyond 64 bits; what has the 64th set is for the reference.
    if (high < 0) return false;
    if (negative) sink.putLong(low === 0 ? -high | 0 : ~high, -low | 0);
    else sink.putLong(high, low);
    return true;
  };
}
