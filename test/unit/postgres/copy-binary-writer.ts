/** COPY's binary format, written from PostgreSQL's description of it: what the decoder's tests decode. */

export function copyStream(rows: readonly (readonly (Buffer | null)[])[], headerExtension = 0): Buffer {
  const pieces = [Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), int32(0), int32(headerExtension)];
  pieces.push(Buffer.alloc(headerExtension, 0x7f));
  for (const row of rows) {
    pieces.push(int16(row.length));
    for (const field of row) pieces.push(field === null ? int32(-1) : sized(field));
  }
  pieces.push(int16(-1));
  return Buffer.concat(pieces);
}

export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

export function float64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes;
}

/** A numeric from its text: groups of four digits, counted from the point. */
export function numeric(text: string): Buffer {
  const special = { NaN: 0xc000, Infinity: 0xd000, '-Infinity': 0xf000 }[text];
  if (special !== undefined) return numericParts([], 0, special, 0);
  const [, minus = '', whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d*))?$/.exec(text) ?? [];
  const left = whole.padStart(Math.ceil(whole.length / 4) * 4, '0');
  const right = fraction.padEnd(Math.ceil(fraction.length / 4) * 4, '0');
  const digits = ((left + right).match(/\d{4}/g) ?? []).map(Number);
  let weight = left.length / 4 - 1;
  // the server drops groups of zeros at both ends
  while (digits[0] === 0) {
    digits.shift();
    weight--;
  }
  while (digits.at(-1) === 0) digits.pop();
  if (digits.length === 0) return numericParts([], 0, 0, fraction.length);
  return numericParts(digits, weight, minus === '' ? 0 : 0x4000, fraction.length);
}

function numericParts(digits: readonly number[], weight: number, sign: number, scale: number): Buffer {
  const head = Buffer.alloc(8);
  head.writeInt16BE(digits.length, 0);
  head.writeInt16BE(weight, 2);
  head.writeUInt16BE(sign, 4);
  head.writeUInt16BE(scale, 6);
  return Buffer.concat([head, ...digits.map(int16)]);
}

/** An array of any shape; `sizes` are its dimensions, `elements` all of them, the last dimension varying fastest. */
export function array(sizes: readonly number[], elements: readonly (Buffer | null)[]): Buffer {
  const pieces = [int32(sizes.length), int32(elements.includes(null) ? 1 : 0), int32(25)];
  for (const size of sizes) pieces.push(int32(size), int32(1));
  for (const element of elements) pieces.push(element === null ? int32(-1) : sized(element));
  return Buffer.concat(pieces);
}

export function composite(fields: readonly (Buffer | null)[]): Buffer {
  const pieces = [int32(fields.length)];
  for (const field of fields) pieces.push(int32(25), field === null ? int32(-1) : sized(field));
  return Buffer.concat(pieces);
}

function sized(bytes: Buffer): Buffer {
  return Buffer.concat([int32(bytes.length), bytes]);
}
