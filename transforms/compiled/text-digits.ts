/** Characters of numbers and instants. */
export const ZERO = 48;
export const MINUS = 45;
export const PLUS = 43;
export const POINT = 46;

/** Digits that a double holds, whatever they are. */
export const EXACT_DIGITS = 15;

/** Powers of ten that are exact in a double. */
export const EXACT_POWERS: readonly number[] = Array.from({ length: 23 }, (_, exponent) =>
  Number(`1e${exponent}`),
);

/** The number of the decimal digits from `start` to `end`, at most 15 of them; -1: there is something else among them. */
export function digitsOf(bytes: Buffer, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** The number of two digits; -1: they are none. */
export function twoDigitsOf(bytes: Buffer, start: number): number {
  const tens = (bytes[start] ?? 0) - ZERO;
  const ones = (bytes[start + 1] ?? 0) - ZERO;
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1 : tens * 10 + ones;
}

const HALF = 2 ** 32;
const QUARTER = 2 ** 16;

/*
 * Whole numbers of 64 bits come out of doubles as `upper * 2^16 + lower`: both whole and exact, and `lower` from 0 to below 2^53 - 2^32. So
 * a product of 64 bits is put together of two that are exact.
 */

/** Bits 32 to 63, as int32. */
export function highHalf(upper: number, lower: number): number {
  const top = Math.floor(upper / QUARTER);
  return (top + Math.floor(((upper - top * QUARTER) * QUARTER + lower) / HALF)) | 0;
}

/** Bits 0 to 31, as int32. */
export function lowHalf(upper: number, lower: number): number {
  return ((upper - Math.floor(upper / QUARTER) * QUARTER) * QUARTER + lower) | 0;
}

/** The part of a whole number that `times2To16` left: from 0 to 65535. */
export function below2To16(value: number): number {
  return value - Math.floor(value / QUARTER) * QUARTER;
}

/** How many times 2^16 is in a whole number, rounded down. */
export function times2To16(value: number): number {
  return Math.floor(value / QUARTER);
}
