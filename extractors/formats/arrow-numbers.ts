/** An unscaled decimal as canonical text: `-?digits[.digits]`, `scale` digits after the point. A negative scale adds zeros. */
export function decimalText(unscaled: bigint, scale: number): string {
  if (scale <= 0) return String(scale === 0 ? unscaled : unscaled * 10n ** BigInt(-scale));
  const sign = unscaled < 0n ? '-' : '';
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const point = digits.length - scale;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** The two's complement integer of `count` words of 64 bits, the lowest first. */
export function littleEndianInteger(words: BigInt64Array, start: number, count: number): bigint {
  let value = words[start + count - 1] ?? 0n;
  for (let index = start + count - 2; index >= start; index--) {
    const word = words[index] ?? 0n;
    // Most decimals fit in one word, whose sign the higher ones repeat.
    if (value === word >> 63n) value = word;
    else value = (value << 64n) | BigInt.asUintN(64, word);
  }
  return value;
}

/** The value of an IEEE 754 half. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
