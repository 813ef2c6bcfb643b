/** A value with its length in front; null is NULL. */
export function lengthEncoded(value: Buffer | null): Buffer {
  if (value === null) return Buffer.of(0xfb);
  const { length } = value;
  if (length < 251) return Buffer.concat([Buffer.of(length), value]);
  const width = length < 65_536 ? 2 : length < 16_777_216 ? 3 : 8;
  const head = Buffer.alloc(1 + width);
  head[0] = { 2: 0xfc, 3: 0xfd, 8: 0xfe }[width];
  head.writeUIntLE(length, 1, Math.min(width, 6));
  return Buffer.concat([head, value]);
}

/** The text protocol's row of values. */
export function rowOf(values: readonly (Buffer | null)[]): Buffer {
  return Buffer.concat(values.map(lengthEncoded));
}

/** A packet may have no more. */
const MAX_PACKET_BYTES = 0xff_ffff;

/** What is sent as one packet, or as several where it is too long for one; `number`: of the first. */
export function packets(content: Buffer, number: number): Buffer {
  const pieces: Buffer[] = [];
  let at = 0;
  let size: number;
  let index = number;
  do {
    size = Math.min(content.length - at, MAX_PACKET_BYTES);
    const head = Buffer.alloc(4);
    head.writeUIntLE(size, 0, 3);
    head[3] = index++ & 0xff;
    pieces.push(head, content.subarray(at, at + size));
    at += size;
  } while (size === MAX_PACKET_BYTES);
  return Buffer.concat(pieces);
}
