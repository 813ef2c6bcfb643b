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

/** Numbers that are what JavaScript prints for them, but for zeros at the end of a fraction; without `-0`. */
export function compileFloatCopy({ floatAsNumber }: NdjsonDialect, line: BlockBuffer): JsonWriter {
  return (bytes, view, start, end) => {
    if (bytes[start] === QUOTE) return false;
    let behind = printedEnd(bytes, start, end);
    if (behind === NOT_PRINTED) {
      if (!isPrinted(bytes, start, end)) return false;
      behind = end;
    }
    if (floatAsNumber) line.appendRange(bytes, view, start, behind - start);
    else putQuoted(line, bytes, view, start, behind);
    return true;
  };
}

const NOT_PRINTED = -1;
/** Numbers with more zeros behind `0.` are printed with an exponent. */
const MOST_ZEROS = 5;

/**
 * Where what JavaScript prints for a number ends: of few enough digits, it prints all of them but the zeros at the end of a fraction. `NOT_PRINTED`: it
 * might print something else.
 */
function printedEnd(bytes: Buffer, start: number, end: number): number {
  const negative = bytes[start] === MINUS;
  const first = negative ? start + 1 : start;
  if (end - first > EXACT_DIGITS) return NOT_PRINTED;
  let point = end;
  let behind = first;
  let significant = end;
  for (let at = first; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === POINT) point = at;
    else if (byte < ZERO || byte > NINE) return NOT_PRINTED;
    else if (byte !== ZERO) {
      if (significant === end) significant = at;
      behind = at + 1;
    }
  }
  if (significant === end) return negative ? NOT_PRINTED : first + 1;
  if (significant > point + 1 + MOST_ZEROS) return NOT_PRINTED;
  return Math.max(behind, point);
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
