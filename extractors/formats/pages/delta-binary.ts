import { DamagedPage } from './page-errors';

/** The most values of a block: more are of no writer. */
const MAX_BLOCK_VALUES = 1024 * 1024;

/** The widest differences, in bits. */
const MAX_BITS = 64;

/**
 * Integers of the encoding DELTA_BINARY_PACKED: differences to the value before, of which each block has the smallest and what is above it in bits
 * (https://parquet.apache.org/docs/file-format/data-pages/encodings/). A value is two words of 32 bits, so that it need not be a bigint.
 */
export class DeltaBinary {
  /** Values that are left. */
  left = 0;
  private bytes: Uint8Array = new Uint8Array(0);
  private at = 0;
  private end = 0;
  private perMiniblock = 0;
  private miniblocks = 0;
  /** The next miniblock of the block, its values that are left, and where its bits go on. */
  private miniblock = 0;
  private packed = 0;
  private bits = 0;
  private bit = 0;
  private widthsAt = 0;
  private isFirst = true;
  private low = 0;
  private high = 0;
  private maxBits: 32 | 64 = 64;
  /** The number that `zigzag` has read. */
  private varintLow = 0;
  private varintHigh = 0;
  private smallestLow = 0;
  private smallestHigh = 0;

  /** Values from `start` of `bytes`, which end at `end` at the latest. Throws DamagedPage. */
  open(bytes: Uint8Array, start: number, end: number, maxBits: 32 | 64): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.maxBits = maxBits;
    const perBlock = this.count();
    this.miniblocks = this.count();
    this.left = this.count();
    this.perMiniblock = perBlock / Math.max(1, this.miniblocks);
    if (this.miniblocks === 0 || perBlock > MAX_BLOCK_VALUES || this.perMiniblock % 8 !== 0 || perBlock === 0)
      throw new DamagedPage(`blocks of ${perBlock} values in ${this.miniblocks} parts`);
    this.zigzag();
    this.low = this.varintLow;
    this.high = this.varintHigh;
    this.isFirst = true;
    this.miniblock = this.miniblocks;
    this.packed = 0;
  }
  /** Reads `count` values into `to`, each as `words` words from `start` on: its lower one alone, or both. Throws DamagedPage. */
  read(to: Int32Array, start: number, count: number, words: 1 | 2): void {
    if (count > this.left) throw new DamagedPage('fewer values than levels');
    let at = start;
    for (let done = 0; done < count; done++) {
      if (this.isFirst) this.isFirst = false;
      else this.step();
      to[at++] = this.low;
      if (words === 2) to[at++] = this.high;
    }
    this.left -= count;
  }

  /** Where the last block ends, once all values were read. */
  get endAt(): number {
    // Miniblocks without values have widths and no bits.
    return this.at;
  }

  private step(): void {
    if (this.packed === 0) this.nextMiniblock();
    this.packed--;
    const { bits } = this;
    let low = this.smallestLow >>> 0;
    let high = this.smallestHigh;
    if (bits > 0) {
      low += bits > 32 ? this.unpack(32) : this.unpack(bits);
      if (bits > 32) high += this.unpack(bits - 32);
    }
    low += this.low >>> 0;
    high += this.high + Math.floor(low / 2 ** 32);
    this.low = low | 0;
    this.high = high | 0;
  }

  private nextMiniblock(): void {
    if (this.miniblock === this.miniblocks) {
      this.zigzag();
      this.smallestLow = this.varintLow;
      this.smallestHigh = this.varintHigh;
      this.widthsAt = this.at;
      this.at += this.miniblocks;
      if (this.at > this.end) throw tooShort();
      this.miniblock = 0;
    }
    this.bits = this.bytes[this.widthsAt + this.miniblock++] ?? 0;
    if (this.bits > Math.min(MAX_BITS, this.maxBits))
      throw new DamagedPage(`differences of ${this.bits} bits`);
    this.packed = this.perMiniblock;
    this.bit = this.at * 8;
    this.at += (this.bits * this.perMiniblock) / 8;
    // The last one may be cut behind its last value.
    if (this.at > this.end) {
      const values = Math.floor(((this.end - this.bit / 8) * 8) / this.bits);
      if (values === 0) throw tooShort();
      this.packed = values;
      this.at = this.end;
    }
  }

  /** The next number of so many bits, 32 at most, without a sign. */
  private unpack(bits: number): number {
    const { bytes, bit } = this;
    const at = Math.floor(bit / 8);
    const shift = bit & 7;
    const word =
      (bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24);
    let number = word >>> shift;
    if (shift + bits > 32) number |= (bytes[at + 4] ?? 0) << (32 - shift);
    this.bit = bit + bits;
    return (bits === 32 ? number : number & ((1 << bits) - 1)) >>> 0;
  }

  /** An unsigned number of at most 31 bits. */
  private count(): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 28; factor *= 128) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new DamagedPage('a count that is too large');
  }

  /** A number of 64 bits, the sign in the lowest. */
  private zigzag(): void {
    let low = 0;
    let high = 0;
    let shift = 0;
    for (;;) {
      const byte = this.byte();
      const part = byte & 127;
      if (shift < 32) low |= part << shift;
      if (shift >= 32) high |= part << (shift - 32);
      else if (shift > 25) high |= part >>> (32 - shift);
      if (byte < 128) break;
      shift += 7;
      if (shift > 63) throw new DamagedPage('a difference that is too large');
    }
    const sign = -(low & 1);
    this.varintLow = ((low >>> 1) | (high << 31)) ^ sign;
    this.varintHigh = (high >>> 1) ^ sign;
  }

  private byte(): number {
    if (this.at >= this.end) throw tooShort();
    return this.bytes[this.at++] ?? 0;
  }
}

function tooShort(): DamagedPage {
  return new DamagedPage('a page that ends before its values do');
}
