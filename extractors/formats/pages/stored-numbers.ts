import type { Convert } from './fixed-values';

/** INT32 as a smaller integer of `width` bytes: its lower ones. */
export function narrowed(width: 1 | 2): Convert {
  return (from, fromAt, count, to, index) => {
    let at = index * width;
    for (let value = 0; value < count; value++) {
      const first = fromAt + 4 * value;
      to[at++] = from[first] ?? 0;
      if (width === 2) to[at++] = from[first + 1] ?? 0;
    }
  };
}

/** Integers of `stored` bytes as decimals of 16, both in two's complement with the lowest byte first. */
export function widenedDecimal(stored: 4 | 8): Convert {
  return (from, fromAt, count, to, index) => {
    let at = index * DECIMAL_BYTES;
    for (let value = 0; value < count; value++) {
      const first = fromAt + stored * value;
      for (let byte = 0; byte < stored; byte++) to[at + byte] = from[first + byte] ?? 0;
      const sign = (from[first + stored - 1] ?? 0) > 127 ? 0xff : 0;
      for (let byte = stored; byte < DECIMAL_BYTES; byte++) to[at + byte] = sign;
      at += DECIMAL_BYTES;
    }
  };
}
const DECIMAL_BYTES = 16;

/** Decimals of `stored` bytes, the highest first, as those of `width` bytes, the lowest first. */
export function reversedDecimal(stored: number, width: number): Convert {
  return (from, fromAt, count, to, index) => {
    let at = index * width;
    for (let value = 0; value < count; value++) {
      const last = fromAt + stored * (value + 1) - 1;
      for (let byte = 0; byte < stored; byte++) to[at + byte] = from[last - byte] ?? 0;
      const sign = (from[last - stored + 1] ?? 0) > 127 ? 0xff : 0;
      for (let byte = stored; byte < width; byte++) to[at + byte] = sign;
      at += width;
    }
  };
}
