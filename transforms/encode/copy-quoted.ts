const ONES = 0x0101_0101;
const HIGH_BITS = 0x8080_8080 | 0;

/**
 * Copies the inside of a quoted field, in which the byte `quote` stands twice for one: `length` bytes from `start` of `from`, which `fromView` shows, too, to `end` of
 * `to`, which `toView` shows; there must be room for `length` bytes. Returns the new end.
 */
export function copyQuoted(
  from: Buffer,
  fromView: DataView,
  start: number,
  length: number,
  quote: number,
  to: Buffer,
  toView: DataView,
  end: number,
): number {
  const quotes = Math.imul(quote, ONES);
  const behind = start + length;
  let into = end;
  let at = start;
  for (const last = behind - 4; at <= last;) {
    const word = fromView.getInt32(at, true);
    toView.setInt32(into, word, true);
    const ofQuote = word ^ quotes;
    const found = (ofQuote - ONES) & ~ofQuote & HIGH_BITS;
    if (found === 0) {
      at += 4;
      into += 4;
    } else {
      // Of a quote, only the first of the two.
      const plain = ((31 - Math.clz32(found & -found)) >> 3) + 1;
      at += plain + 1;
      into += plain;
    }
  }
  while (at < behind) {
    const byte = from[at] ?? 0;
    to[into++] = byte;
    at += byte === quote ? 2 : 1;
  }
  return into;
}
