/** Reversed Castagnoli polynomial, as a signed number: sums beyond 2^31 would not be small integers for the engine. */
const POLYNOMIAL = 0x82f63b78 | 0;

/** Bytes taken at once. One byte at a time gave 60 to 90 MiB/s on one core, eight give ten times that. */
const SLICE = 8;

/** `TABLES[256 * n + byte]`: what a byte does to the sum when `n` bytes follow it. */
const TABLES: Int32Array = new Int32Array(SLICE * 256);
for (let byte = 0; byte < 256; byte++) {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
  TABLES[byte] = value;
}
for (let index = 256; index < TABLES.length; index++) {
  const shorter = table(index - 256);
  TABLES[index] = (shorter >>> 8) ^ table(shorter & 0xff);
}

function table(index: number): number {
  return TABLES[index] ?? 0;
}

/** CRC-32C of the bytes as an unsigned number; `previous` continues a sum over earlier bytes. */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  const sliced = bytes.length - (bytes.length % SLICE);
  let sum = ~previous;
  let index = 0;
  for (; index < sliced; index += SLICE) {
    const first =
      sum ^
      ((bytes[index] ?? 0) |
        ((bytes[index + 1] ?? 0) << 8) |
        ((bytes[index + 2] ?? 0) << 16) |
        ((bytes[index + 3] ?? 0) << 24));
    sum =
      table(7 * 256 + (first & 0xff)) ^
      table(6 * 256 + ((first >>> 8) & 0xff)) ^
      table(5 * 256 + ((first >>> 16) & 0xff)) ^
      table(4 * 256 + (first >>> 24)) ^
      table(3 * 256 + (bytes[index + 4] ?? 0)) ^
      table(2 * 256 + (bytes[index + 5] ?? 0)) ^
      table(256 + (bytes[index + 6] ?? 0)) ^
      table(bytes[index + 7] ?? 0);
  }
  for (; index < bytes.length; index++) sum = table((sum ^ (bytes[index] ?? 0)) & 0xff) ^ (sum >>> 8);
  return ~sum >>> 0;
}
