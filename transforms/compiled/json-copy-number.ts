import type { NdjsonDialect } from '../../core/encoding';
import type { ColumnType } from '../../core/schema';
import type { BlockBuffer } from '../encode/block-buffer';
import type { JsonWriter } from './json-writer';
import { putQuoted } from './line-quotes';
import { digitsOf, EXACT_DIGITS, MINUS, POINT, ZERO } from './text-digits';

type TypeOf<Kind extends ColumnType['kind']> = Extract<ColumnType, { kind: Kind }>;

const QUOTE = 34;
const NINE = 57;
/** Longer whole numbers are written as texts: characters, the minus among them. */
const NUMBER_CHARACTERS = 15;
/** Numbers of so many digits are of 63 bits, whatever they are. */
const LONG_DIGITS = 18;
/** Longer than what any double prints. */
const MAX_PRINTED = 30;

/** Whole numbers within the range of the type, without `-0`. Undefined: the type has more than 64 bits. */
export function compileIntCopy(
  { bits, unsigned = false }: TypeOf<'int'>,
  line: BlockBuffer,
): JsonWriter | undefined {
  if (bits > 64) return undefined;
  const most = bits === 64 ? Infinity : 2 ** (unsigned ? bits : bits - 1) - 1;
  const least = unsigned ? 0 : -most - 1;
  return (bytes, view, start, end) => {
    const negative = bytes[start] === MINUS;
    const first = negative ? start + 1 : start;
    if (end - first > EXACT_DIGITS) {
      if (bits < 64 || (negative && unsigned) || end - first > LONG_DIGITS || !areDigits(bytes, first, end))
        return false;
      putQuoted(line, bytes, view, start, end);
      return true;
    }
    const size = digitsOf(bytes, first, end);
    const value = negative ? -size : size;
    if (size < 0 || Object.is(value, -0) || value < least || value > most) return false;
    if (end - start > NUMBER_CHARACTERS) putQuoted(line, bytes, view, start, end);
    else line.appendRange(bytes, view, start, end - start);
    return true;
  };
}

/** Numbers that are what JavaScript prints for them, without `-0`. */
export function compileFloatCopy({ floatAsNumber }: NdjsonDialect, line: BlockBuffer): JsonWriter {
  return (bytes, view, start, end) => {
    if (bytes[start] === QUOTE) return false;
    if (!isPrintedShortly(bytes, start, end) && !isPrinted(bytes, start, end)) return false;
    if (floatAsNumber) line.appendRange(bytes, view, start, end - start);
    else putQuoted(line, bytes, view, start, end);
    return true;
  };
}

/** Numbers with a fraction that does not end with a zero, and few enough digits that a double prints all of them, and no more. */
function isPrintedShortly(bytes: Buffer, start: number, end: number): boolean {
  const first = bytes[start] === MINUS ? start + 1 : start;
  // From 1 on: below a millionth it would be an exponent.
  if (end - first > EXACT_DIGITS || bytes[first] === ZERO || bytes[end - 1] === ZERO) return false;
  let points = 0;
  for (let at = first; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === POINT) points++;
    else if (byte < ZERO || byte > NINE) return false;
  }
  return points === 1;
}

function isPrinted(bytes: Buffer, start: number, end: number): boolean {
  if (end - start > MAX_PRINTED) return false;
  const text = bytes.toString('latin1', start, end);
  const value = Number(text);
  return Number.isFinite(value) && !Object.is(value, -0) && String(value) === text;
}

/** Numbers without exponents that the type has room for, zeros at their end among the digits. Undefined: the type has no limits, or none that are counted so. */
export function compileDecimalCopy(
  { precision, scale = 0 }: TypeOf<'decimal'>,
  line: BlockBuffer,
): JsonWriter | undefined {
  if (precision === undefined || scale < 0 || scale > precision) return undefined;
  const mostWhole = precision - scale;
  return (bytes, view, start, end) => {
    if (bytes[start] === QUOTE) return false;
    const negative = bytes[start] === MINUS;
    const first = negative ? start + 1 : start;
    let point = end;
    let isZero = true;
    for (let at = first; at < end; at++) {
      const byte = bytes[at] ?? 0;
      if (byte === POINT) point = at;
      else if (byte < ZERO || byte > NINE) return false;
      else if (byte !== ZERO) isZero = false;
    }
    // A zero in front of the point is no digit.
    const whole = point === first + 1 && bytes[first] === ZERO ? 0 : point - first;
    if ((negative && isZero) || whole > mostWhole || end - point - 1 > scale) return false;
    putQuoted(line, bytes, view, start, end);
    return true;
  };
}

function areDigits(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte < ZERO || byte > NINE) return false;
  }
  return true;
}
