import { normaliseDecimal } from './decimal-text';

/** The smallest normal float32; below it six digits are no longer always exact. */
const MIN_NORMAL_FLOAT32 = 2 ** -126;

/** Whole numbers below it are exact in a float32. */
const EXACT_FLOAT32 = 2 ** 24;

/** The shortest text that reads back to the same float64: JavaScript's own, with `-0`, `NaN`, `Infinity`, `-Infinity`. */
export function float64Text(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/**
 * The shortest text that reads back to the same float32: `0.1` where float64Text says `0.10000000149011612`.
 * A value that is not a float32 gets the text of its float64.
 */
export function float32Text(value: number): string {
  const small = Number.isInteger(value) && Math.abs(value) < EXACT_FLOAT32;
  if (small || Math.fround(value) !== value) return float64Text(value);
  const subnormal = Math.abs(value) < MIN_NORMAL_FLOAT32;
  for (let digits = subnormal ? 1 : 6; digits <= 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return String(candidate);
  }
  return float64Text(value);
}

/** The shortest text that reads back to the same float of so many bits. */
export function floatText(value: number, bits: 32 | 64): string {
  return bits === 32 ? float32Text(value) : float64Text(value);
}

/** Numbers of so many characters without an exponent have at most 15 digits, which every float64 keeps. */
const ALWAYS_EXACT_LENGTH = 15;
/** Most digits that `toPrecision` prints. */
const MAX_PRINTED_DIGITS = 100;

export interface FloatReading {
  /** The nearest float; an infinity where the text is beyond the range. */
  readonly value: number;
  /** Whether the text is what the float prints with so many digits: then the text says this float and nothing more. */
  readonly exact: boolean;
}

/**
 * The float nearest to a finite number's text (grammar of `normaliseDecimal`, which the caller has checked).
 * `0.1`, `0.10` and `0.10000000000000000555` are exactly the float64 0.1; `0.10000000000000000001` is not.
 */
export function readFloat(text: string, bits: 32 | 64): FloatReading {
  const double = Number(text);
  const value = bits === 32 ? Math.fround(double) : double;
  if (bits === 64 && text.length <= ALWAYS_EXACT_LENGTH && !/[eE]/.test(text)) return { value, exact: true };
  return { value, exact: Number.isFinite(value) && printsAs(value, text, bits) };
}

function printsAs(value: number, text: string, bits: 32 | 64): boolean {
  const wanted = significantDigits(text);
  if (wanted === undefined) return false;
  if (wanted.digits === '' || value === 0) return wanted.digits === '' && value === 0;
  const shortest = significantDigits(floatText(value, bits));
  if (shortest?.digits === wanted.digits && shortest.exponent === wanted.exponent) return true;
  if (wanted.written > MAX_PRINTED_DIGITS) return false;
  const printed = significantDigits(value.toPrecision(wanted.written));
  return printed?.digits === wanted.digits && printed.exponent === wanted.exponent;
}

interface SignificantDigits {
  /** From the first digit that is not zero to the last; empty for zero. */
  readonly digits: string;
  /** Of ten, before `0.digits`. */
  readonly exponent: number;
  /** Digits written, trailing zeros included. */
  readonly written: number;
}

function significantDigits(text: string): SignificantDigits | undefined {
  const mark = text.search(/[eE]/);
  const mantissa = (mark === -1 ? text : text.slice(0, mark)).replace(/^[+-]/, '');
  const power = mark === -1 ? 0 : Number(text.slice(mark + 1));
  const point = mantissa.indexOf('.');
  const whole = point === -1 ? mantissa : mantissa.slice(0, point);
  const all = whole + (point === -1 ? '' : mantissa.slice(point + 1));
  const first = all.search(/[1-9]/);
  if (first === -1) return /^0+$/.test(all) ? { digits: '', exponent: 0, written: 0 } : undefined;
  const significant = all.slice(first);
  return {
    digits: significant.replace(/0+$/, ''),
    exponent: whole.length - first + power,
    written: significant.length,
  };
}

/**
 * A finite float as canonical decimal: a whole one is exactly that number, a fraction the shortest decimal that reads back to it.
 * Zero has no sign.
 */
export function decimalOfFloat(value: number, bits: 32 | 64): string {
  if (Number.isInteger(value)) return BigInt(value).toString();
  return normaliseDecimal(floatText(value, bits)) ?? '0';
}
