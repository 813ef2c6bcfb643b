import type { FieldWriter } from './field-writer';
import { EXACT_POWERS, MINUS, POINT, ZERO } from './text-digits';
import { compileDecimalText } from './text-decimal';
import type { ValueSink } from './value-sink';

/** As many digits 32 bits hold, whatever they are. */
const SHORT_DIGITS = 9;

/**
 * Writes decimals as `compileDecimalText` does; those of few digits, with exactly `digits` of them behind the point as the column has, without a look
 * at how many there are. Undefined: the scale is negative.
 */
export function compileMysqlDecimal(
  sink: ValueSink,
  digits: number,
  { precision, scale }: { readonly precision: number; readonly scale: number },
): FieldWriter | undefined {
  const write = compileDecimalText(sink, precision, scale);
  const power = EXACT_POWERS[scale - digits];
  // A number of nine digits must fit, and its unscaled value must be exact.
  if (write === undefined || power === undefined || digits < 1 || scale - digits > 6) return write;
  if (precision - scale < SHORT_DIGITS - digits) return write;
  return (bytes, view, start, length) => {
    const negative = bytes[start] === MINUS;
    const first = negative ? start + 1 : start;
    const end = start + length;
    const point = end - digits - 1;
    if (point <= first || end - first > SHORT_DIGITS + 1 || bytes[point] !== POINT) {
      return write(bytes, view, start, length);
    }
    let value = 0;
    for (let at = first; at < end; at++) {
      if (at === point) continue;
      const digit = (bytes[at] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) return false;
      value = (value * 10 + digit) | 0;
    }
    const unscaled = value * power;
    sink.putUnscaled(negative && value !== 0 ? -unscaled : unscaled);
    return true;
  };
}
