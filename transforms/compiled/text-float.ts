import type { FieldWriter } from './field-writer';
import { EXACT_DIGITS, EXACT_POWERS, MINUS, PLUS, POINT, ZERO } from './text-digits';
import type { ValueSink } from './value-sink';

/** Digits that every float32 of usual size keeps. */
export const EXACT_FLOAT32_DIGITS = 6;
/** Of ten, a greater one is not exact in a double. */
const MAX_EXPONENT = EXACT_POWERS.length - 1;
/** Longer than what any double prints. */
const MAX_PRINTED = 30;
const SMALL_E = 101;

/**
 * Writes `[-]digits[.digits][e[+-]digits]` as the nearest float, where the text is what that float prints with so many digits. A number of few
 * digits is one division (or multiplication) of numbers that are exact; longer ones are read by the engine, and must print alike.
 */
export function compileFloatText(sink: ValueSink, bits: 32 | 64): FieldWriter {
  const mostDigits = bits === 32 ? EXACT_FLOAT32_DIGITS : EXACT_DIGITS;
  const printed = bits === 32 ? (): boolean => false : compilePrinted(sink);
  return (bytes, _view, start, length) => {
    const negative = bytes[start] === MINUS;
    const end = start + length;
    let at = negative ? start + 1 : start;
    let size = 0;
    let digits = 0;
    let written = 0;
    let behindPoint = 0;
    let isBehind = false;
    for (; at < end; at++) {
      const digit = (bytes[at] ?? 0) - ZERO;
      if (digit >= 0 && digit <= 9) {
        written++;
        if (size > 0 || digit > 0) digits++;
        if (digits > EXACT_DIGITS) return printed(bytes, start, end);
        size = size * 10 + digit;
        if (isBehind) behindPoint++;
      } else if (digit === POINT - ZERO && !isBehind && written > 0) {
        isBehind = true;
        written = 0;
      } else break;
    }
    if (written === 0) return false;
    let exponent = 0;
    if (at < end) {
      if (((bytes[at] ?? 0) | 32) !== SMALL_E) return false;
      const sign = bytes[at + 1];
      at += sign === MINUS || sign === PLUS ? 2 : 1;
      if (at >= end || end - at > 3) return false;
      for (; at < end; at++) {
        const digit = (bytes[at] ?? 0) - ZERO;
        if (digit < 0 || digit > 9) return false;
        exponent = exponent * 10 + digit;
      }
      if (sign === MINUS) exponent = -exponent;
    }
    if (digits > mostDigits) return false;
    exponent -= behindPoint;
    let value = size;
    if (size !== 0) {
      if (exponent > MAX_EXPONENT || exponent < -MAX_EXPONENT) return printed(bytes, start, end);
      if (exponent < 0) value = size / (EXACT_POWERS[-exponent] ?? 1);
      else value = size * (EXACT_POWERS[exponent] ?? 1);
    }
    if (negative) value = -value;
    sink.putDouble(bits === 32 ? Math.fround(value) : value);
    return true;
  };
}

/** Texts that are exactly what JavaScript prints for a double: no other text says it shorter. */
function compilePrinted(sink: ValueSink): (bytes: Buffer, start: number, end: number) => boolean {
  return (bytes, start, end) => {
    if (end - start > MAX_PRINTED) return false;
    const text = bytes.toString('latin1', start, end);
    const value = Number(text);
    if (!Number.isFinite(value) || String(value) !== text) return false;
    sink.putDouble(value);
    return true;
  };
}
