import type { FieldWriter } from './field-writer';
import { EXACT_POWERS, MINUS, PLUS, POINT, ZERO } from './text-digits';
import type { ValueSink } from './value-sink';

/** Digits of a number that is certain to be exact in a double: the product of one and a power of ten is rounded once. */
const EXACT_DIGITS = 15;
/** Of ten, a greater one is not exact in a double. */
const MAX_EXPONENT = EXACT_POWERS.length - 1;
const SMALL_E = 101;

/**
 * Writes the texts of FLOAT (32 bits) and DOUBLE as the nearest float of the source's bits. Into a float32, of doubles only those that are
 * one.
 */
export function compileDoubleText(sink: ValueSink, source: 32 | 64, destination: 32 | 64): FieldWriter {
  const put = compilePut(sink, source, destination);
  return (bytes, _view, start, length) => {
    const negative = bytes[start] === MINUS;
    const end = start + length;
    let at = negative ? start + 1 : start;
    const first = at;
    let size = 0;
    let point = -1;
    for (; at < end; at++) {
      const digit = (bytes[at] ?? 0) - ZERO;
      if (digit >= 0 && digit <= 9) size = size * 10 + digit;
      else if (digit === POINT - ZERO && point === -1) point = at;
      else break;
    }
    const digits = at - first - (point === -1 ? 0 : 1);
    if (digits < 1) return false;
    if (digits > EXACT_DIGITS) return put(Number(bytes.toString('latin1', start, end)));
    let exponent = point === -1 ? 0 : point + 1 - at;
    if (at < end) {
      if (((bytes[at] ?? 0) | 32) !== SMALL_E) return false;
      const sign = bytes[at + 1];
      at += sign === MINUS || sign === PLUS ? 2 : 1;
      if (at >= end || end - at > 3) return false;
      let written = 0;
      for (; at < end; at++) {
        const digit = (bytes[at] ?? 0) - ZERO;
        if (digit < 0 || digit > 9) return false;
        written = written * 10 + digit;
      }
      exponent += sign === MINUS ? -written : written;
    }
    if (exponent < -MAX_EXPONENT || exponent > MAX_EXPONENT) {
      return put(Number(bytes.toString('latin1', start, end)));
    }
    const value = exponent < 0 ? size / (EXACT_POWERS[-exponent] ?? 1) : size * (EXACT_POWERS[exponent] ?? 1);
    return put(negative ? -value : value);
  };
}

/** False: it is no finite number, or none of the destination's. */
function compilePut(sink: ValueSink, source: 32 | 64, destination: 32 | 64): (value: number) => boolean {
  return (value) => {
    const single = Math.fround(value);
    if (source === 64 && destination === 32 && single !== value) return false;
    const read = source === 32 ? single : value;
    if (read - read !== 0) return false;
    sink.putDouble(read);
    return true;
  };
}
