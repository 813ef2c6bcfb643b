import { endianness } from 'node:os';
import { BlockBuffer } from './block-buffer';
import { copyQuoted } from './copy-quoted';
import { copyRange } from './copy-range';
import { packFlags } from './pack-flags';
import type { LeafForm, ParquetLeaf } from './parquet-schema';

/** Where the low and the high half of a 64-bit number are. */
const [LOW, HIGH] = endianness() === 'LE' ? [0, 1] : [1, 0];

/** What a leaf begins with, in bytes and in levels: tables may have a thousand columns. */
const FIRST_BYTES = 1024;
const FIRST_LEVELS = 1024;

/** Up to so many characters are written one by one. */
const SHORT_TEXT = 32;
/** A UTF-16 unit takes at most so many bytes in UTF-8. */
const MAX_UTF8_BYTES = 3;
const LENGTH_BYTES = 4;
const UUID_BYTES = 16;

const HYPHEN = 45;
const ZERO = 48;
const NINE = 57;
const LOWER_A = 97;

/**
 * Values and levels of a leaf, of one row group. What writes a value calls `present` and then, unless it is null, one `write…`. Numbers are
 * little-endian, as the format has them.
 */
export class LeafBuffer extends BlockBuffer {
  /** Definition levels, one for each value, nulls included; only where the leaf has any. */
  definitions: Uint8Array;
  /** Only where the leaf is in an array. */
  repetitions: Uint8Array | undefined;
  /** Values, nulls included. */
  count = 0;
  readonly form: LeafForm;
  private readonly hasDefinitions: boolean;
  private readonly long = new BigInt64Array(1);
  private readonly halves = new Int32Array(this.long.buffer);
  /** Where the last row began. */
  private markedEnd = 0;
  private markedCount = 0;

  /** `onGrowth` is called whenever it takes more memory for values. */
  constructor(
    readonly leaf: ParquetLeaf,
    private readonly onGrowth: () => void,
  ) {
    super(FIRST_BYTES, 0);
    this.form = leaf.form;
    this.hasDefinitions = leaf.definition > 0;
    this.definitions = new Uint8Array(this.hasDefinitions ? FIRST_LEVELS : 0);
    this.repetitions = leaf.repetition > 0 ? new Uint8Array(FIRST_LEVELS) : undefined;
  }

  /** What it holds takes about so many bytes. */
  get size(): number {
    return this.end + (this.hasDefinitions ? this.count >> 3 : 0);
  }

  /** What it keeps, in bytes. */
  get capacity(): number {
    return this.bytes.length + this.definitions.length + (this.repetitions?.length ?? 0);
  }

  /** What follows can be taken back. */
  mark(): void {
    this.markedEnd = this.end;
    this.markedCount = this.count;
  }

  /** Bytes of values since `mark`. */
  get marked(): number {
    return this.end - this.markedEnd;
  }

  takeBack(): void {
    this.end = this.markedEnd;
    this.count = this.markedCount;
  }

  override restart(): void {
    this.end = 0;
    this.count = 0;
    this.mark();
  }

  /** Gives back what a block of unusual values has needed. */
  shrink(): void {
    super.restart();
    if (this.hasDefinitions) this.definitions = new Uint8Array(FIRST_LEVELS);
    if (this.repetitions !== undefined) this.repetitions = new Uint8Array(FIRST_LEVELS);
  }

  /** The levels of the next value; `definition` below the leaf's: there is none. */
  add(repetition: number, definition: number): void {
    const { count } = this;
    if (this.hasDefinitions) {
      if (count === this.definitions.length) this.growLevels();
      this.definitions[count] = definition;
      if (this.repetitions !== undefined) this.repetitions[count] = repetition;
    }
    this.count = count + 1;
  }

  /** Values as they are stored, `count` of them with nulls, and their levels, a byte each. */
  appendValues(
    from: Buffer,
    start: number,
    end: number,
    count: number,
    definitions: number,
    repetitions: number,
  ): void {
    this.reserve(end - start);
    this.end += from.copy(this.bytes, this.end, start, end);
    if (this.hasDefinitions) {
      while (this.count + count > this.definitions.length) this.growLevels();
      this.definitions.set(from.subarray(definitions, definitions + count), this.count);
      this.repetitions?.set(from.subarray(repetitions, repetitions + count), this.count);
    }
    this.count += count;
  }

  writeBool(value: boolean): void {
    if (this.end === this.bytes.length) this.reserve(1);
    this.bytes[this.end++] = value ? 1 : 0;
  }

  writeInt32(value: number): void {
    if (this.bytes.length - this.end < 4) this.reserve(4);
    this.view.setInt32(this.end, value, true);
    this.end += 4;
  }

  writeInt64(high: number, low: number): void {
    if (this.bytes.length - this.end < 8) this.reserve(8);
    this.view.setInt32(this.end, low, true);
    this.view.setInt32(this.end + 4, high, true);
    this.end += 8;
  }

  writeFloat(value: number): void {
    this.reserve(4);
    this.view.setFloat32(this.end, value, true);
    this.end += 4;
  }

  writeDouble(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.end, value, true);
    this.end += 8;
  }

  /** A number of 64 bits in the 128 bits of a decimal: two's complement, the highest byte first. */
  writeInt128(high: number, low: number): void {
    this.reserve(16);
    const { view, end } = this;
    const sign = high >> 31;
    view.setInt32(end, sign);
    view.setInt32(end + 4, sign);
    view.setInt32(end + 8, high);
    view.setInt32(end + 12, low);
    this.end = end + 16;
  }

  writeBigInt128(value: bigint): void {
    this.reserve(16);
    this.view.setBigInt64(this.end, value >> 64n);
    this.view.setBigUint64(this.end + 8, BigInt.asUintN(64, value));
    this.end += 16;
  }

  /** False, and nothing is written: the number has more than 64 bits, or 63 and a sign. */
  writeBigInt(value: bigint, unsigned: boolean): boolean {
    this.long[0] = value;
    if ((unsigned ? BigInt.asUintN(64, this.long[0]) : this.long[0]) !== value) return false;
    this.writeInt64(this.halves[HIGH] ?? 0, this.halves[LOW] ?? 0);
    return true;
  }

  /** Bytes with their length in front, from what `view` shows, too. */
  writeRange(from: Buffer, view: DataView, start: number, length: number): void {
    if (this.bytes.length - this.end < LENGTH_BYTES + length) this.reserve(LENGTH_BYTES + length);
    const { bytes, view: to, end } = this;
    to.setInt32(end, length, true);
    this.end = copyRange(from, view, start, length, bytes, to, end + LENGTH_BYTES);
  }

  /** The same of the inside of a quoted field: see `copyQuoted`. */
  writeQuoted(from: Buffer, view: DataView, start: number, length: number, quote: number): void {
    this.reserve(LENGTH_BYTES + length);
    const { bytes, view: to, end } = this;
    this.end = copyQuoted(from, view, start, length, quote, bytes, to, end + LENGTH_BYTES);
    to.setInt32(end, this.end - end - LENGTH_BYTES, true);
  }

  /** Room for bytes with their length in front, which is written; returns where they begin. */
  openRange(length: number): number {
    this.reserve(LENGTH_BYTES + length);
    this.view.setInt32(this.end, length, true);
    const start = this.end + LENGTH_BYTES;
    this.end = start + length;
    return start;
  }

  /** The 16 bytes at `start`. */
  writeUuid(from: Uint8Array, start: number): void {
    this.reserve(UUID_BYTES);
    const { bytes, end } = this;
    for (let index = 0; index < UUID_BYTES; index++) bytes[end + index] = from[start + index] ?? 0;
    this.end = end + UUID_BYTES;
  }

  /** Room for a uuid; returns where its bytes go. */
  skipUuid(): number {
    this.reserve(UUID_BYTES);
    const { end } = this;
    this.end = end + UUID_BYTES;
    return end;
  }

  /** Into room that was left for it: a uuid from its text (lower case, with hyphens), which begins with `text`. */
  writeUuidText(text: Uint8Array, to: number): void {
    let at = 0;
    for (let index = 0; index < UUID_BYTES; index++) {
      if (text[at] === HYPHEN) at++;
      this.bytes[to + index] = (digitOf(text[at]) << 4) | digitOf(text[at + 1]);
      at += 2;
    }
  }

  writeBytes(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.openRange(bytes.length));
  }

  writeText(text: string): void {
    const { length } = text;
    this.reserve(LENGTH_BYTES + SHORT_TEXT);
    const { bytes } = this;
    const start = this.end + LENGTH_BYTES;
    let written = 0;
    if (length <= SHORT_TEXT) {
      for (; written < length; written++) {
        const code = text.charCodeAt(written);
        if (code > 127) break;
        bytes[start + written] = code;
      }
    }
    if (written < length) {
      const most = length * MAX_UTF8_BYTES;
      if (bytes.length - start < most) this.reserve(LENGTH_BYTES + Buffer.byteLength(text));
      written = this.bytes.write(text, start);
    }
    this.view.setInt32(this.end, written, true);
    this.end = start + written;
  }

  /** Eight flags become a byte. */
  packBools(): void {
    this.end = packFlags(this.bytes, this.view, this.end);
  }

  protected override grow(needed: number): void {
    super.grow(needed);
    this.onGrowth();
  }

  private growLevels(): void {
    this.definitions = grown(this.definitions);
    if (this.repetitions !== undefined) this.repetitions = grown(this.repetitions);
  }
}

/** Of a hexadecimal digit in lower case. */
function digitOf(code = 0): number {
  return code > NINE ? code - LOWER_A + 10 : code - ZERO;
}

function grown(levels: Uint8Array): Uint8Array {
  const larger = new Uint8Array(levels.length * 2);
  larger.set(levels);
  return larger;
}
