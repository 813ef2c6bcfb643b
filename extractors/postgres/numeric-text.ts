/** What the sign field of a binary numeric says beside the two signs. */
const NEGATIVE = 0x4000;
const NAN = 0xc000;
const INFINITY = 0xd000;
const MINUS_INFINITY = 0xf000;

/** Digits of base 10,000 with four places each. */
const FOUR_PLACES: readonly string[] = Array.from({ length: 10_000 }, (_, digit) =>
  String(digit).padStart(4, '0'),
);

/** Header of a binary numeric: number of digits, weight of the first, sign, digits after the point to show. */
const HEADER_BYTES = 8;

/**
 * The canonical text of a numeric as `numeric_send` writes it: digits of base 10,000, the first of which counts
 * 10,000^weight. Trailing zeros of the declared scale are kept.
 */
export function numericText(view: DataView, start: number): string {
  const count = view.getUint16(start);
  const weight = view.getInt16(start + 2);
  const sign = view.getUint16(start + 4);
  const scale = view.getUint16(start + 6);
  if (sign >= NAN) return specialText(sign);
  const digits = start + HEADER_BYTES;

  let text = sign === NEGATIVE ? '-' : '';
  if (weight < 0) text += '0';
  else text += count > 0 ? String(view.getUint16(digits)) : '0';
  for (let index = 1; index <= weight; index++) {
    text += index < count ? fourPlaces(view.getUint16(digits + 2 * index)) : '0000';
  }
  if (scale === 0) return text;

  let fraction = '';
  for (let index = weight + 1; fraction.length < scale; index++) {
    fraction += index >= 0 && index < count ? fourPlaces(view.getUint16(digits + 2 * index)) : '0000';
  }
  return `${text}.${fraction.length > scale ? fraction.slice(0, scale) : fraction}`;
}

function fourPlaces(digit: number): string {
  return FOUR_PLACES[digit] ?? '';
}

function specialText(sign: number): string {
  if (sign === INFINITY) return 'Infinity';
  return sign === MINUS_INFINITY ? '-Infinity' : 'NaN';
}
