import type { DestinationRules } from '../../core/destination-rules';
import type { FieldWriter } from './field-writer';
import { isValidUtf8 } from './utf8-check';
import type { ValueSink } from './value-sink';

const BACKSLASH = 92;
const SMALL_U = 117;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const SMALL_E = 101;
/** Numbers of fewer digits and points are kept by every destination. */
const SAFE_NUMBER_BYTES = 15;

/**
 * Writes JSON documents that the server has checked. It leaves to others escapes of characters by number, and where the destination keeps
 * numbers in 64 bits those with exponents and long ones, wherever in the document they may stand.
 */
export function compileMysqlJson(sink: ValueSink, { jsonNumbers }: DestinationRules): FieldWriter {
  const keepsAll = jsonNumbers !== '64-bit';
  return (bytes, view, start, length) => {
    if (
      !isPlain(bytes, view, start, start + length) &&
      !(isSafe(bytes, start, start + length, keepsAll) && isValidUtf8(bytes, view, start, length))
    ) {
      return false;
    }
    sink.putBytes(bytes, view, start, length);
    return true;
  };
}

/* Four bytes at a time: those of ASCII leave their highest bit free, and a sum with one of these stays within its byte and tells by that bit. */
const FLAGS = 0x8080_8080 | 0;
/** Sets the flag unless the byte is zero. */
const UNLESS_ZERO = 0x7f7f_7f7f;
/** Sets the flag from `.` on. */
const FROM_POINT = 0x5252_5252;
/** Sets the flag behind `9`. */
const BEHIND_NINE = 0x4646_4646;
const FOUR_LOWER = 0x2020_2020;
const FOUR_E = 0x6565_6565;
const FOUR_BACKSLASHES = 0x5c5c_5c5c;

/** Whether a glance shows that `isSafe` finds nothing: ASCII, no digit before an `e`, no long row of digits, and no escape by number. */
function isPlain(bytes: Buffer, view: DataView, start: number, end: number): boolean {
  const last = end - 3;
  let before = 0;
  for (let at = start; at < end; at += 4) {
    const word = at < last ? view.getInt32(at, true) : lastWord(bytes, at, end);
    if ((word & FLAGS) !== 0) return false;
    const digits = (word + FROM_POINT) & ~(word + BEHIND_NINE) & FLAGS;
    // a number of 16 bytes has two such words at least, one behind the other
    if ((digits & before) === FLAGS) return false;
    const noE = ((word | FOUR_LOWER) ^ FOUR_E) + UNLESS_ZERO;
    if ((((digits << 8) | (before >>> 24)) & ~noE) !== 0) return false;
    const noBackslash = (word ^ FOUR_BACKSLASHES) + UNLESS_ZERO;
    if ((noBackslash & FLAGS) !== FLAGS && hasCodeUnit(bytes, at)) return false;
    before = digits;
  }
  return true;
}

/** The bytes at the end that are fewer than four, and zeros. */
function lastWord(bytes: Buffer, start: number, end: number): number {
  let word = 0;
  for (let at = end - 1; at >= start; at--) word = (word << 8) | (bytes[at] ?? 0);
  return word;
}

/** Whether `\u` begins in one of four bytes. */
function hasCodeUnit(bytes: Buffer, start: number): boolean {
  for (let at = start; at < start + 4; at++) {
    if (bytes[at] === BACKSLASH && bytes[at + 1] === SMALL_U) return true;
  }
  return false;
}

function isSafe(bytes: Buffer, start: number, end: number, keepsAll: boolean): boolean {
  let digits = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === POINT || (byte >= ZERO && byte <= NINE)) {
      if (++digits > SAFE_NUMBER_BYTES && !keepsAll) return false;
      continue;
    }
    if (byte === BACKSLASH && bytes[at + 1] === SMALL_U) return false;
    // behind a digit
    if (digits > 0 && (byte | 32) === SMALL_E && !keepsAll) return false;
    digits = 0;
  }
  return true;
}
