/** Reversed Castagnoli polynomial, as a signed number: sums beyond 2^31 would not be small integers for the engine. */
const POLYNOMIAL = 0x82f63b78 | 0;

/** `tables[256 * n + byte]`: what a byte does to the sum when `n` bytes follow it, for `n` below `count`. */
export function crc32cTables(count: number): Int32Array {
  const tables = new Int32Array(count * 256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
    tables[byte] = value;
  }
  for (let index = 256; index < tables.length; index++) {
    const shorter = tables[index - 256] ?? 0;
    tables[index] = (shorter >>> 8) ^ (tables[shorter & 0xff] ?? 0);
  }
  return tables;
}
