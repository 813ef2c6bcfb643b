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

/** Longer documents are copied by Node.js; to call it costs more than the loop for shorter ones (measured). In bytes. */
const SHORT_DOCUMENT = 512;

/**
 * Writes JSON documents that the server has checked. It leaves to others escapes of characters by number, and where the destination keeps
 * numbers in 64 bits those with exponents and long ones, wherever in the document they may stand. Short ones are looked at while they are
 * copied: of those that it leaves to others, all is written.
 */
export function compileMysqlJson(sink: ValueSink, { jsonNumbers }: DestinationRules): FieldWriter {
  const keepsAll = jsonNumbers !== '64-bit';
  return (bytes, view, start, length) => {
    const end = start + length;
    if (length > SHORT_DOCUMENT) {
      if (!isSafe(bytes, start, end, keepsAll) || !isValidUtf8(bytes, view, start, length)) return false;
      sink.putBytes(bytes, view, start, length);
      return true;
    }
    const to = sink.openBytes(length);
    const { bytes: out, view: outView } = sink.target;
    const at = copyPlain(bytes, view, start, end, outView, to);
    for (let index = at; index < end; index++) out[to + index - start] = bytes[index] ?? 0;
    if (isPlainEnd(bytes, at, end)) return true;
    return isSafe(bytes, start, end, keepsAll) && isValidUtf8(bytes, view, start, length);
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

/**
 * Copies as long as a glance shows that `isSafe` finds nothing: ASCII, no digit before an `e`, no long row of digits, and no escape by number.
 * Returns how far it came: where there are fewer than four bytes left, or something else was found in the next.
 */
function copyPlain(
  bytes: Buffer,
  view: DataView,
  start: number,
  end: number,
  out: DataView,
  outStart: number,
): number {
  let before = 0;
  let at = start;
  let to = outStart;
  for (const last = end - 3; at < last; at += 4, to += 4) {
    const word = view.getInt32(at, true);
    const digits = (word + FROM_POINT) & ~(word + BEHIND_NINE) & FLAGS;
    const noE = ((word | FOUR_LOWER) ^ FOUR_E) + UNLESS_ZERO;
    const isExponent = ((digits << 8) | (before >>> 24)) & ~noE;
    // a number of 16 bytes has two words of digits at least, one behind the other
    if ((word & FLAGS) !== 0 || isExponent !== 0 || (digits & before) === FLAGS) return at;
    const noBackslash = (word ^ FOUR_BACKSLASHES) + UNLESS_ZERO;
    if ((noBackslash & FLAGS) !== FLAGS && hasCodeUnit(bytes, at)) return at;
    out.setInt32(to, word, true);
    before = digits;
  }
  return at;
}

/** Whether nothing is behind `start` but the end of a document: fewer than four bytes, none of which could end what `isSafe` looks for. A row of digits that ends here is not long. */
function isPlainEnd(bytes: Buffer, start: number, end: number): boolean {
  if (end - start > 3) return false;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte > 127 || byte === BACKSLASH || (byte | 32) === SMALL_E) return false;
  }
  return true;
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
