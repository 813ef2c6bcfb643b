import type { FieldWriter } from './field-writer';
import {
  below2To16,
  EXACT_DIGITS,
  EXACT_POWERS,
  highHalf,
  lowHalf,
  MINUS,
  POINT,
  times2To16,
  ZERO,
} from './text-digits';
import type { ValueSink } from './value-sink';

/** Powers of ten up to this one multiply 16 bits within a double. */
const MAX_HALVES_POWER = 11;
/** Numbers below it are of 63 bits, however a double rounds them. */
const BELOW_63_BITS = 2 ** 63 - 2 ** 11;
/** More digits than any decimal has that a destination takes. */
const MAX_DIGITS = 80;

/**
 * Writes `[-]digits[.digits]` as decimals of `scale` with at most `precision` digits. Zeros in front are allowed; more digits behind the point
 * than `scale` are not, zeros neither. Undefined: the scale is negative.
 */
export function compileDecimalText(
  sink: ValueSink,
  precision: number,
  scale: number,
): FieldWriter | undefined {
  if (scale < 0) return undefined;
  const limit = 10 ** precision;
  const long = compileLongDecimal(sink, precision, scale);
  return (bytes, _view, start, length) => {
    const negative = bytes[start] === MINUS;
    const first = negative ? start + 1 : start;
    const end = start + length;
    if (end - first > EXACT_DIGITS + 1) return long(bytes, start, end);
    let point = end;
    let size = 0;
    for (let at = first; at < end; at++) {
      const digit = (bytes[at] ?? 0) - ZERO;
      if (digit >= 0 && digit <= 9) size = size * 10 + digit;
      else if (digit === POINT - ZERO && point === end) point = at;
      else return false;
    }
    if (point === end && end - first > EXACT_DIGITS) return long(bytes, start, end);
    // Digits on both sides of a point, and at least one of all.
    if (point === first || point === end - 1) return false;
    const missing = scale - (point === end ? 0 : end - point - 1);
    if (missing < 0) return false;
    if (size === 0) {
      sink.putUnscaled(0);
      return true;
    }
    const power = EXACT_POWERS[missing];
    const about = power === undefined ? Infinity : size * power;
    if (power === undefined || (about >= limit && precision > EXACT_DIGITS)) return long(bytes, start, end);
    if (about >= limit) return false;
    if (about <= Number.MAX_SAFE_INTEGER) {
      sink.putUnscaled(negative ? -about : about);
      return true;
    }
    if (about > BELOW_63_BITS || missing > MAX_HALVES_POWER) return long(bytes, start, end);
    const upper = times2To16(size) * power;
    const lower = below2To16(size) * power;
    const high = highHalf(upper, lower);
    const low = lowHalf(upper, lower);
    if (negative) sink.putUnscaledLong(low === 0 ? -high | 0 : ~high, -low | 0);
    else sink.putUnscaledLong(high, low);
    return true;
  };
}

const CANONICAL = /^(-?\d+)(?:\.(\d+))?$/;

/** Numbers of any length; one at a time they are slow. */
function compileLongDecimal(
  sink: ValueSink,
  precision: number,
  scale: number,
): (bytes: Buffer, start: number, end: number) => boolean {
  const limit = 10n ** BigInt(precision);
  return (bytes, start, end) => {
    if (end - start > MAX_DIGITS) return false;
    const match = CANONICAL.exec(bytes.toString('latin1', start, end));
    const [, whole = '', fraction = ''] = match ?? [];
    if (match === null || fraction.length > scale) return false;
    const value = BigInt(whole + fraction.padEnd(scale, '0'));
    if (value >= limit || value <= -limit) return false;
    sink.putUnscaledBig(value);
    return true;
  };
}
