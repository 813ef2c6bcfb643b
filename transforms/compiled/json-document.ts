import type { DestinationRules } from '../../core/destination-rules';
import { FIELD_LONG_NUMBERS, FIELD_UNITS } from '../../core/json-rows';
import { codeUnit } from './json-unescape';
import type { JsonWriter } from './json-writer';
import type { ValueSink } from './value-sink';

const QUOTE = 34;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const BACKSLASH = 92;
const SMALL_E = 101;
const SMALL_U = 117;

/** Digits and points of a number, and digits of a whole number, that 64 bits keep whatever they are. */
const SAFE_NUMBER_BYTES = 15;
const SAFE_WHOLE_BYTES = 18;

/**
 * Writes values as documents, as they are written. It leaves to others escapes of U+0000 and of halves of pairs and, where the destination keeps numbers in 64 bits,
 * long fractions and exponents.
 */
export function compileJsonDocument(sink: ValueSink, rules: DestinationRules): JsonWriter {
  const isKept = compileJsonCheck(rules);
  return (bytes, view, start, end, marks) => {
    if (!isKept(bytes, start, end, marks)) return false;
    sink.putBytes(bytes, view, start, end - start);
    return true;
  };
}

/** Whether a value is a document that is kept as it is written; `marks` as in `JsonRows.fields`. */
export function compileJsonCheck({
  jsonNumbers,
}: DestinationRules): (bytes: Buffer, start: number, end: number, marks: number) => boolean {
  const keepsNumbers = jsonNumbers !== '64-bit';
  const doubtful = keepsNumbers ? FIELD_UNITS : FIELD_UNITS | FIELD_LONG_NUMBERS;
  return (bytes, start, end, marks) => (marks & doubtful) === 0 || isKept(bytes, start, end, keepsNumbers);
}

/** Whether every destination keeps a valid value as it is written. */
function isKept(bytes: Buffer, start: number, end: number, keepsNumbers: boolean): boolean {
  let at = start;
  while (at < end) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) {
      at = behindText(bytes, at + 1, end);
      if (at === NOT_KEPT) return false;
    } else if (keepsNumbers || ((byte < ZERO || byte > NINE) && byte !== MINUS)) at++;
    else {
      at = behindNumber(bytes, byte === MINUS ? at + 1 : at, end);
      if (at === NOT_KEPT) return false;
    }
  }
  return true;
}

const NOT_KEPT = -1;

function behindText(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) return at + 1;
    if (byte !== BACKSLASH) at++;
    else if (bytes[at + 1] !== SMALL_U) at += 2;
    else {
      const unit = codeUnit(bytes, at);
      if (unit === 0 || (unit >= 0xd800 && unit <= 0xdfff)) return NOT_KEPT;
      at += 6;
    }
  }
  return at;
}

function behindNumber(bytes: Buffer, start: number, end: number): number {
  let at = start;
  let hasPoint = false;
  for (; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === POINT) hasPoint = true;
    else if (byte < ZERO || byte > NINE) break;
  }
  if (at < end && ((bytes[at] ?? 0) | 32) === SMALL_E) return NOT_KEPT;
  return at - start > (hasPoint ? SAFE_NUMBER_BYTES : SAFE_WHOLE_BYTES) ? NOT_KEPT : at;
}
