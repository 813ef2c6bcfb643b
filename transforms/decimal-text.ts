/**
 * Decimals as canonical text, never through a float: `-?digits[.digits]` without exponent or leading zeros, trailing zeros kept,
 * zero without a minus.
 */

/** Most digits that a number may have when written out: what PostgreSQL's numeric reaches on both sides of the point. */
const MAX_DECIMAL_TEXT_DIGITS = 131_072 + 16_383;

const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;
const CANONICAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

/** Whether a text is a finite decimal in the one form that cells have. */
export function isCanonicalDecimal(text: string): boolean {
  return CANONICAL.test(text) && !isMinusZero(text);
}

/**
 * Canonical text of a number written as `[+-](digits[.digits] | .digits)[(e|E)[+-]digits]`; the value is the same and its trailing zeros stay.
 * Undefined: not a number (NaN and the infinities are not either), or one of more than `MAX_DECIMAL_TEXT_DIGITS` digits.
 */
export function normaliseDecimal(text: string): string | undefined {
  if (CANONICAL.test(text)) {
    if (text.length > MAX_DECIMAL_TEXT_DIGITS) return undefined;
    return text.charCodeAt(0) === MINUS && isMinusZero(text) ? text.slice(1) : text;
  }
  const match = NUMBER.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', exponentText] = match;
  if (whole === '' && fraction === '') return undefined;
  const digits = whole + fraction;
  const exponent = exponentText === undefined ? 0 : Number(exponentText);
  if (isZero(digits)) {
    const scale = Math.min(Math.max(fraction.length - exponent, 0), MAX_DECIMAL_TEXT_DIGITS);
    return scale === 0 ? '0' : `0.${'0'.repeat(scale)}`;
  }
  const point = whole.length + exponent;
  if (Math.max(point, digits.length) - Math.min(point, 0) > MAX_DECIMAL_TEXT_DIGITS) return undefined;
  const before = point <= 0 ? '0' : digits.slice(0, point).padEnd(point, '0');
  const after = point <= 0 ? '0'.repeat(-point) + digits : digits.slice(point);
  const trimmed = before.replace(/^0+(?=\d)/, '');
  return `${sign === '-' ? '-' : ''}${trimmed}${after === '' ? '' : `.${after}`}`;
}

const MINUS = 45;

function isMinusZero(text: string): boolean {
  return text.charCodeAt(0) === MINUS && isZero(text);
}

function isZero(text: string): boolean {
  return !/[1-9]/.test(text);
}

/** Digits of a canonical decimal before the point (zero has none) and after it. */
export function decimalDigits(text: string): { readonly whole: number; readonly scale: number } {
  const start = text.charCodeAt(0) === MINUS ? 1 : 0;
  const point = text.indexOf('.', start);
  const end = point === -1 ? text.length : point;
  const whole = end - start === 1 && text.charCodeAt(start) === 48 ? 0 : end - start;
  return { whole, scale: point === -1 ? 0 : text.length - point - 1 };
}

export interface Rescaled {
  readonly text: string;
  /** False: digits other than zero were rounded away. */
  readonly exact: boolean;
}

/**
 * A canonical decimal with at most `scale` digits after the point: zeros beyond it go, other digits are rounded to the nearest, halves away
 * from zero, as PostgreSQL does. Shorter fractions stay as they are. A negative scale rounds whole digits to zeros.
 */
export function rescaleDecimal(text: string, scale: number): Rescaled {
  const point = text.indexOf('.');
  const has = point === -1 ? 0 : text.length - point - 1;
  if (has <= scale) return { text, exact: true };
  if (scale < 0) return rescaleWhole(text, -scale);
  const keep = point + (scale === 0 ? 0 : scale + 1);
  const kept = text.slice(0, keep);
  const rest = text.slice(point + scale + 1);
  if (isZero(rest)) return { text: withoutMinusZero(kept), exact: true };
  const up = rest.charCodeAt(0) >= 53;
  return { text: withoutMinusZero(up ? nextAwayFromZero(kept) : kept), exact: false };
}

function rescaleWhole(text: string, zeros: number): Rescaled {
  const negative = text.startsWith('-');
  const digits = negative ? text.slice(1) : text;
  const point = digits.indexOf('.');
  const whole = (point === -1 ? digits : digits.slice(0, point)).padStart(zeros + 1, '0');
  const kept = whole.slice(0, -zeros);
  const rest = whole.slice(-zeros) + (point === -1 ? '' : digits.slice(point + 1));
  const exact = isZero(rest);
  const rounded = BigInt(kept) + (rest.charCodeAt(0) >= 53 ? 1n : 0n);
  if (rounded === 0n) return { text: '0', exact };
  return { text: `${negative ? '-' : ''}${rounded}${'0'.repeat(zeros)}`, exact };
}

function withoutMinusZero(text: string): string {
  return isMinusZero(text) ? text.slice(1) : text;
}

/** One more in the last digit, whichever side of zero. */
function nextAwayFromZero(text: string): string {
  const negative = text.startsWith('-');
  const digits = negative ? text.slice(1) : text;
  const point = digits.indexOf('.');
  const scale = point === -1 ? 0 : digits.length - point - 1;
  const next = (BigInt(digits.replace('.', '')) + 1n).toString().padStart(scale + 1, '0');
  const placed = scale === 0 ? next : `${next.slice(0, -scale)}.${next.slice(-scale)}`;
  return negative ? `-${placed}` : placed;
}

/** The whole number that a canonical decimal is; undefined: it has a fraction other than zeros. */
export function wholeNumberOf(text: string): bigint | undefined {
  const point = text.indexOf('.');
  if (point === -1) return BigInt(text);
  return isZero(text.slice(point + 1)) ? BigInt(text.slice(0, point)) : undefined;
}

/** Order of two canonical decimals by value: negative, zero or positive. */
export function compareDecimals(a: string, b: string): number {
  const scale = Math.max(decimalDigits(a).scale, decimalDigits(b).scale);
  const left = scaled(a, scale);
  const right = scaled(b, scale);
  return left < right ? -1 : left > right ? 1 : 0;
}

function scaled(text: string, scale: number): bigint {
  return BigInt(text.replace('.', '') + '0'.repeat(scale - decimalDigits(text).scale));
}
