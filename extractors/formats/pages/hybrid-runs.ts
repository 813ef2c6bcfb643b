import { DamagedPage } from './page-errors';

/** So many bytes behind the runs are read, whatever they are. */
export const RUNS_OVERRUN_BYTES = 8;

/** The widest numbers of the encoding, in bits. */
const MAX_BITS = 32;

/**
 * Numbers of the encoding RLE: runs of one number, and numbers that are packed into bits, in turn
 * (https://parquet.apache.org/docs/file-format/data-pages/encodings/). Levels, numbers of a dictionary and booleans are written so.
 */
export class HybridRuns {
  private bytes: Uint8Array = new Uint8Array(0);
  private at = 0;
  private end = 0;
  private bits = 0;
  private mask = 0;
  /** Numbers that are left of a run. */
  private repeated = 0;
  private number = 0;
  private packed = 0;
  /** Where the packed ones go on, in bits from `packedAt`. */
  private packedAt = 0;
  private bit = 0;

  /** Runs from `start` to `end` of `bytes`, which go on for RUNS_OVERRUN_BYTES. Throws DamagedPage for numbers that are too wide. */
  open(bytes: Uint8Array, start: number, end: number, bits: number): void {
    if (bits > MAX_BITS) throw new DamagedPage(`numbers of ${bits} bits`);
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.bits = bits;
    this.mask = bits === 0 ? 0 : -1 >>> (32 - bits);
    this.repeated = this.packed = 0;
  }

  /** The same without runs: all numbers are packed. */
  openPacked(bytes: Uint8Array, start: number, end: number, bits: number): void {
    this.open(bytes, start, end, bits);
    this.packed = Math.floor(((end - start) * 8) / bits);
    this.packedAt = start;
    this.bit = 0;
    this.at = end;
  }

  /** Reads `count` numbers into `to` from `start` on. Throws DamagedPage where there are fewer. */
  read(to: Int32Array, start: number, count: number): void {
    const end = start + count;
    for (let next = start; next < end;) {
      if (this.repeated > 0) {
        const run = Math.min(this.repeated, end - next);
        fill(to, this.number, next, next + run);
        this.repeated -= run;
        next += run;
      } else if (this.packed > 0) {
        const run = Math.min(this.packed, end - next);
        this.unpack(to, next, run);
        this.packed -= run;
        next += run;
      } else this.nextRun();
    }
  }

  /** Reads `count` numbers if each of them is `number`, and all are in one run; false: none was read. */
  readAll(number: number, count: number): boolean {
    if (this.repeated === 0 && this.packed === 0) this.nextRun();
    if (this.repeated < count || this.number !== number) return false;
    this.repeated -= count;
    return true;
  }

  private nextRun(): void {
    const header = this.varint();
    const count = Math.floor(header / 2);
    if (header % 2 === 0) {
      this.repeated = count;
      this.number = 0;
      for (let byte = 0; byte * 8 < this.bits; byte++) this.number |= this.byte() << (byte * 8);
      return;
    }
    // Some writers leave bytes out that only fill the last group.
    const bytes = Math.min(count * this.bits, this.end - this.at);
    this.packed = this.bits === 0 ? count * 8 : Math.min(count * 8, Math.floor((bytes * 8) / this.bits));
    if (count > 0 && this.packed === 0) throw tooShort();
    this.packedAt = this.at;
    this.bit = 0;
    this.at += bytes;
  }

  private unpack(to: Int32Array, start: number, count: number): void {
    const { bytes, bits, mask, packedAt } = this;
    let { bit } = this;
    for (let index = start; index < start + count; index++) {
      const at = packedAt + (bit >>> 3);
      const shift = bit & 7;
      const word =
        (bytes[at] ?? 0) |
        ((bytes[at + 1] ?? 0) << 8) |
        ((bytes[at + 2] ?? 0) << 16) |
        ((bytes[at + 3] ?? 0) << 24);
      let number = word >>> shift;
      if (shift + bits > 32) number |= (bytes[at + 4] ?? 0) << (32 - shift);
      to[index] = number & mask;
      bit += bits;
    }
    this.bit = bit;
  }

  private varint(): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 28; factor *= 128) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new DamagedPage('a run that is too long');
  }

  private byte(): number {
    if (this.at >= this.end) throw tooShort();
    return this.bytes[this.at++] ?? 0;
  }
}

/** Calling Node.js for it costs more than the loop where runs are short. */
const SHORT_RUN = 64;

function fill(to: Int32Array, number: number, start: number, end: number): void {
  if (end - start > SHORT_RUN) to.fill(number, start, end);
  else for (let index = start; index < end; index++) to[index] = number;
}

function tooShort(): DamagedPage {
  return new DamagedPage('fewer levels or numbers than values');
}
