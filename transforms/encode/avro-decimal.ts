import type { AvroBuffer } from './avro-buffer';

/** Whole numbers of so many digits are exact in a double. */
const SAFE_DIGITS = 15;
const POWERS = Array.from({ length: SAFE_DIGITS + 1 }, (_, exponent) => Number(`1e${exponent}`));

const MINUS = 45;
const POINT = 46;
const ZERO = 48;

/** What takes whole numbers. */
export type UnscaledTarget = Pick<AvroBuffer, 'writeTwosComplementOf' | 'writeUnscaled'>;

/**
 * The function that writes canonical decimals as the whole number of their last digit at `scale`, as the buffer writes it.
 * It says false, and nothing is written, for what is none or has more digits behind the point.
 */
export function compileDecimalWriter(buffer: UnscaledTarget, scale: number): (text: string) => boolean {
  const writeLarge = compileLargeWriter(buffer, scale);
  return (text) => {
    const { length } = text;
    // A minus, a point and the digits.
    if (length > SAFE_DIGITS + 2) return writeLarge(text);
    const start = text.charCodeAt(0) === MINUS ? 1 : 0;
    let value = 0;
    let point = -1;
    for (let index = start; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code === POINT && point === -1) point = index;
      else if (code >= ZERO && code <= ZERO + 9) value = value * 10 + (code - ZERO);
      else return false;
    }
    const zeros = point === -1 ? scale : scale - (length - point - 1);
    const digits = length - start - (point === -1 ? 0 : 1);
    if (zeros < 0 || digits === 0) return false;
    if (digits + zeros > SAFE_DIGITS) return writeLarge(text);
    const unscaled = value * (POWERS[zeros] ?? NaN);
    buffer.writeTwosComplementOf(start === 0 ? unscaled : -unscaled);
    return true;
  };
}

const CANONICAL = /^-?\d+(?:\.\d+)?$/;

function compileLargeWriter(buffer: UnscaledTarget, scale: number): (text: string) => boolean {
  return (text) => {
    if (!CANONICAL.test(text)) return false;
    const point = text.indexOf('.');
    const zeros = point === -1 ? scale : scale - (text.length - point - 1);
    if (zeros < 0) return false;
    const digits = point === -1 ? text : text.slice(0, point) + text.slice(point + 1);
    const unscaled = BigInt(zeros === 0 ? digits : digits + '0'.repeat(zeros));
    buffer.writeUnscaled(unscaled);
    return true;
  };
}
