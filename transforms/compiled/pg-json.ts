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
  const lastFour = end - 4;
  let digits = 0;
  for (let at = start; at < end; at++) {
    // four bytes at once while there is nothing to look at: half the time
    while (digits === 0 && at <= lastFour && !hasAny(view.getInt32(at, true))) at += 4;
    if (at >= end) return true;
    const byte = bytes[at] ?? 0;
    if ((byte >= ZERO && byte <= NINE) || byte === POINT) {
      digits++;
      if (digits > SAFE_NUMBER_BYTES) return false;
      continue;
    }
    if (byte === BACKSLASH && bytes[at + 1] === SMALL_U) return false;
    if (digits > 0 && (byte | LOWER) === SMALL_E) return false;
    digits = 0;
  }
  return true;
}

/** In each of four bytes: the lowest bit, the highest bit, the upper half. */
const LOWEST = 0x0101_0101;
const HIGHEST = 0x8080_8080 | 0;
const UPPER_HALF = 0xf0f0_f0f0 | 0;
const BACKSLASHES = 0x5c5c_5c5c;
const POINTS = 0x2e2e_2e2e;
const DIGITS = 0x3030_3030;

/** Whether one of four bytes is a backslash, a point, or a digit or one of the six characters behind them. */
function hasAny(four: number): boolean {
  const slash = four ^ BACKSLASHES;
  const point = four ^ POINTS;
  const digit = (four & UPPER_HALF) ^ DIGITS;
  const zeros = ((slash - LOWEST) & ~slash) | ((point - LOWEST) & ~point) | ((digit - LOWEST) & ~digit);
  return (zeros & HIGHEST) !== 0;
}
