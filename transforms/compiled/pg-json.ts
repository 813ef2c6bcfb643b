import type { FieldWriter } from './field-writer';
import type { ValueSink } from './value-sink';

const BACKSLASH = 92;
const SMALL_U = 117;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const SMALL_E = 101;
/** What makes a letter small. */
const LOWER = 32;
/** Numbers of fewer digits and points are kept by every destination. */
const SAFE_NUMBER_BYTES = 15;

/** JSON documents for a destination that keeps numbers of 64 bits and doubles. */
export function compileJson(sink: ValueSink): FieldWriter {
  return (bytes, view, start, length) => {
    if (!isPlainJson(bytes, view, start, start + length)) return false;
    sink.putBytes(bytes, view, start, length);
    return true;
  };
}

/** JSON documents for a destination that keeps every number; those with backslashes are for the reference where one escapes a character by number. */
export function compileEveryJson(sink: ValueSink): FieldWriter {
  return (bytes, view, start, length) => {
    const end = start + length;
    let at = start;
    for (const last = end - 3; at < last; at += 4) {
      // A byte that is a backslash is zero now, and the only kind that borrows from the bit above it.
      const slash = view.getInt32(at) ^ BACKSLASHES;
      if (((slash - LOWEST) & ~slash & HIGHEST) !== 0) break;
    }
    for (; at < end; at++) if (bytes[at] === BACKSLASH && bytes[at + 1] === SMALL_U) return false;
    sink.putBytes(bytes, view, start, length);
    return true;
  };
}

/**
 * Whether a JSON document is without escapes of characters by number, exponents and long numbers, which the reference looks at. It may say no where there are none;
 * digits within texts count, too.
 */
function isPlainJson(bytes: Buffer, view: DataView, start: number, end: number): boolean {
  let at = start;
  let before = 0;
  for (const last = end - 3; at < last; at += 4) {
    const four = view.getInt32(at, true);
    // A zero byte is the only kind that borrows from the bit above it; bytes above it may be taken for zero, too.
    const slash = four ^ BACKSLASHES;
    const e = (four | SMALLS) ^ ES;
    const digit = (four & UPPER_HALF) ^ DIGITS;
    const digits = (digit - LOWEST) & ~digit & HIGHEST;
    const exponents = ((digits << 8) | before) & (e - LOWEST) & ~e;
    if (((exponents | ((slash - LOWEST) & ~slash)) & HIGHEST) !== 0) {
      if (!arePlain(bytes, at, at + 4, start, end)) return false;
    }
    if (digits === HIGHEST && isLongNumber(bytes, at, start, end)) return false;
    before = digits >>> 24;
  }
  return arePlain(bytes, at, end, start, end);
}

/** Whether no escape by number begins between `from` and `to`, and no exponent. */
function arePlain(bytes: Buffer, from: number, to: number, start: number, end: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === BACKSLASH && at + 1 < end && bytes[at + 1] === SMALL_U) return false;
    if ((byte | LOWER) === SMALL_E && at > start && isOfNumber(bytes[at - 1] ?? 0)) return false;
  }
  return true;
}

/**
 * Whether the bytes from `at` are of a number of so many bytes that not every destination keeps it. Every such number has eight digits in a row, and so
 * four that are looked at together.
 */
function isLongNumber(bytes: Buffer, at: number, start: number, end: number): boolean {
  if (!isOfNumber(bytes[at] ?? 0)) return false;
  let first = at;
  while (first > start && isOfNumber(bytes[first - 1] ?? 0)) first--;
  let behind = at + 1;
  while (behind < end && isOfNumber(bytes[behind] ?? 0)) behind++;
  return behind - first > SAFE_NUMBER_BYTES;
}

function isOfNumber(byte: number): boolean {
  return byte === POINT || (byte >= ZERO && byte <= NINE);
}

/** In each of four bytes: the lowest bit, the highest bit, the upper half, what makes a letter small. */
const LOWEST = 0x0101_0101;
const HIGHEST = 0x8080_8080 | 0;
const UPPER_HALF = 0xf0f0_f0f0 | 0;
const SMALLS = 0x2020_2020;
const BACKSLASHES = 0x5c5c_5c5c;
const ES = 0x6565_6565;
/** Digits, and the six characters behind them. */
const DIGITS = 0x3030_3030;
