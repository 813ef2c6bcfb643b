import { endianness } from 'node:os';
import { BlockBuffer } from './block-buffer';
import { copyQuoted } from './copy-quoted';
import { copyRange } from './copy-range';

/** Where the low and the high half of a 64-bit number are. */
const [LOW, HIGH] = endianness() === 'LE' ? [0, 1] : [1, 0];

/** A number of 64 bits takes at most so many bytes. */
const MAX_LONG_BYTES = 10;
/** What a length takes: lengths are below 2^31. */
const MAX_LENGTH_BYTES = 5;
/** The number of a union's second branch, as Avro writes it. */
const SECOND_BRANCH = 2;
/** A UTF-16 unit takes at most so many bytes in UTF-8. */
const MAX_UTF8_BYTES = 3;
/** Up to so many characters are written one by one: from about 30 on, calling Node.js costs less than the loop (measured). Their length is one byte. */
const SHORT_TEXT = 32;

/** Writes the primitive values of Avro's binary encoding. */
export class AvroBuffer extends BlockBuffer {
  private readonly long = new BigInt64Array(1);
  private readonly halves = new Int32Array(this.long.buffer);

  writeByte(byte: number): void {
    this.reserve(1);
    this.bytes[this.end++] = byte;
  }

  /** False, and nothing is written: the number has more than 64 bits. */
  writeLong(value: bigint): boolean {
    this.long[0] = value;
    if (this.long[0] !== value) return false;
    this.writeHalves(this.halves[HIGH] ?? 0, this.halves[LOW] ?? 0);
    return true;
  }

  /** False, and nothing is written: the number has more than 32 bits. */
  writeInt(value: bigint): boolean {
    this.long[0] = value;
    const low = this.halves[LOW] ?? 0;
    if (this.long[0] !== value || this.halves[HIGH] !== low >> 31) return false;
    this.writeHalves(low >> 31, low);
    return true;
  }

  /** A number of 64 bits by its halves: zigzag, then seven bits a byte, the lowest first. */
  writeHalves(high: number, low: number): void {
    this.reserve(MAX_LONG_BYTES);
    const { bytes } = this;
    let { end } = this;
    const sign = high >> 31;
    let zigLow = (low << 1) ^ sign;
    let zigHigh = ((high << 1) | (low >>> 31)) ^ sign;
    while (zigHigh !== 0) {
      bytes[end++] = (zigLow & 127) | 128;
      zigLow = (zigLow >>> 7) | (zigHigh << 25);
      zigHigh >>>= 7;
    }
    while (zigLow >>> 0 > 127) {
      bytes[end++] = (zigLow & 127) | 128;
      zigLow >>>= 7;
    }
    bytes[end++] = zigLow;
    this.end = end;
  }

  /** A length or a count: a whole number from 0 to 2^31 - 1. */
  writeLength(length: number): void {
    this.reserve(MAX_LENGTH_BYTES);
    let rest = (length * 2) >>> 0;
    while (rest > 127) {
      this.bytes[this.end++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.bytes[this.end++] = rest;
  }

  writeDouble(value: number): void {
    this.reserve(8);
    this.end = this.bytes.writeDoubleLE(value, this.end);
  }

  writeBytes(bytes: Uint8Array): void {
    this.writeLength(bytes.length);
    this.append(bytes);
  }

  /** Bytes without their length. */
  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.end);
    this.end += bytes.length;
  }

  /** A range of the bytes that `view` shows, too, with its length; `inUnion`: as the second branch of a union. Room is looked for once: this is done most of all. */
  writeRange(inUnion: boolean, from: Buffer, view: DataView, start: number, length: number): void {
    this.reserve(1 + MAX_LENGTH_BYTES + length);
    const { bytes } = this;
    let { end } = this;
    if (inUnion) bytes[end++] = SECOND_BRANCH;
    let rest = (length * 2) >>> 0;
    for (; rest > 127; rest >>>= 7) bytes[end++] = (rest & 127) | 128;
    bytes[end++] = rest;
    this.end = copyRange(from, view, start, length, bytes, this.view, end);
  }

  /** As `writeRange`, of the inside of a quoted field: see `copyQuoted`. The length stands before the bytes, and is known after them. */
  writeQuoted(
    inUnion: boolean,
    from: Buffer,
    view: DataView,
    start: number,
    length: number,
    quote: number,
  ): void {
    this.reserve(1 + MAX_LENGTH_BYTES + length);
    const { bytes } = this;
    if (inUnion) bytes[this.end++] = SECOND_BRANCH;
    const guess = lengthBytes(length);
    const begin = this.end + guess;
    const end = copyQuoted(from, view, start, length, quote, bytes, this.view, begin);
    const needed = lengthBytes(end - begin);
    if (needed !== guess) bytes.copyWithin(this.end + needed, begin, end);
    this.writeLength(end - begin);
    this.end += end - begin;
  }

  writeText(text: string): void {
    const { length } = text;
    if (length > SHORT_TEXT) {
      this.writeLongText(text);
      return;
    }
    this.reserve(1 + SHORT_TEXT);
    const { bytes } = this;
    const start = this.end + 1;
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code > 127) {
        this.writeLongText(text);
        return;
      }
      bytes[start + index] = code;
    }
    bytes[this.end] = length << 1;
    this.end = start + length;
  }

  /** The length stands before the bytes, and is known after them: room is left for what it is when every character is one byte. */
  private writeLongText(text: string): void {
    const mostBytes = MAX_LENGTH_BYTES + text.length * MAX_UTF8_BYTES;
    if (this.bytes.length - this.end < mostBytes) this.reserve(MAX_LENGTH_BYTES + Buffer.byteLength(text));
    const guess = lengthBytes(text.length);
    const start = this.end + guess;
    const written = this.bytes.write(text, start);
    const needed = lengthBytes(written);
    if (needed !== guess) this.bytes.copyWithin(this.end + needed, start, start + written);
    this.writeLength(written);
    this.end += written;
  }

  /** A whole number in two's complement and as few bytes as hold it, the highest first; with its length. */
  writeUnscaled(value: bigint): void {
    this.long[0] = value;
    if (this.long[0] === value) this.writeTwosHalves(this.halves[HIGH] ?? 0, this.halves[LOW] ?? 0);
    else this.writeBytes(twosComplement(value));
  }

  /** The same for a number of at most 53 bits. */
  writeTwosComplementOf(value: number): void {
    this.writeTwosHalves(Math.floor(value / 2 ** 32), value | 0);
  }

  /** The same for a number of 64 bits by its halves. */
  writeTwosHalves(high: number, low: number): void {
    const size = high === low >> 31 ? intBytes(low) : 4 + intBytes(high);
    this.reserve(1 + size);
    const { bytes } = this;
    let { end } = this;
    bytes[end++] = size << 1;
    for (let shift = (size - 5) * 8; shift >= 0; shift -= 8) bytes[end++] = high >> shift;
    for (let shift = (Math.min(size, 4) - 1) * 8; shift >= 0; shift -= 8) bytes[end++] = low >> shift;
    this.end = end;
  }
}

/** In as few bytes as hold it, the highest first. */
function twosComplement(value: bigint): Buffer {
  // The bits of a negative number are those of its complement, turned round.
  const size = Math.floor((value < 0n ? ~value : value).toString(2).length / 8) + 1;
  const hex = BigInt.asUintN(size * 8, value).toString(16);
  return Buffer.from(hex.padStart(size * 2, '0'), 'hex');
}

/** Bytes of a length, which is below 2^31. */
function lengthBytes(length: number): number {
  if (length < 2 ** 6) return 1;
  if (length < 2 ** 13) return 2;
  if (length < 2 ** 20) return 3;
  return length < 2 ** 27 ? 4 : 5;
}

/** Bytes that a number of 32 bits needs in two's complement. */
function intBytes(value: number): number {
  if (value === (value << 24) >> 24) return 1;
  if (value === (value << 16) >> 16) return 2;
  return value === (value << 8) >> 8 ? 3 : 4;
}
