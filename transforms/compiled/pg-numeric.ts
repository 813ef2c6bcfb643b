import type { FieldWriter } from './field-writer';
import type { ValueSink } from './value-sink';

/*
 * A numeric on the wire (PostgreSQL, utils/adt/numeric.c, numeric_send): the number of digits to the base 10,000, the weight of the first one
 * as a power of that base, the sign, the digits to show behind the point, and the digits; 16 bits each.
 */
const HEADER_BYTES = 8;
const BASE = 10_000;
const BASE_DIGITS = 4;
const POSITIVE = 0x0000;
const NEGATIVE = 0x4000;

/** The largest number that can take one more digit to the base 10,000 and stay exact in a double. */
const MAX_BEFORE_DIGIT = Math.floor(Number.MAX_SAFE_INTEGER / BASE) - 1;
const POWERS = Array.from({ length: 16 }, (_, exponent) => Number(`1e${exponent}`));

/**
 * Writes numerics whose unscaled value is exact in a double as decimals of `scale`, with at most `precision` digits. It leaves to others
 * NaN and the infinities, larger numbers, and digits that the scale has no place for.
 */
export function compileNumericWriter(sink: ValueSink, precision: number, scale: number): FieldWriter {
  const limit = precision <= 15 ? (POWERS[precision] ?? 0) : Number.MAX_SAFE_INTEGER;
  return (_bytes, view, start, length) => {
    const digits = view.getUint16(start);
    if (length !== HEADER_BYTES + 2 * digits) return false;
    const weight = view.getInt16(start + 2);
    const sign = view.getUint16(start + 4);
    if (sign !== POSITIVE && sign !== NEGATIVE) return false;
    let value = 0;
    const end = start + HEADER_BYTES + 2 * digits;
    for (let at = start + HEADER_BYTES; at < end; at += 2) {
      if (value > MAX_BEFORE_DIGIT) return false;
      value = value * BASE + view.getUint16(at);
    }
    const exponent = (weight - digits + 1) * BASE_DIGITS + scale;
    if (value !== 0) {
      if (exponent >= 0) {
        const power = POWERS[exponent];
        if (power === undefined) return false;
        value *= power;
      } else {
        const power = POWERS[-exponent];
        if (power === undefined || value % power !== 0) return false;
        value /= power;
      }
      if (value >= limit) return false;
    }
    sink.putUnscaled(sign === NEGATIVE ? -value : value);
    return true;
  };
}
