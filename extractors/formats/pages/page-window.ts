import { DamagedPage, UnreadPage } from './page-errors';
import { INPUT_BYTES, type PageMemory, type PageRegion } from './page-memory';

/** Google's Snappy writes no copy of what is farther back; the format would allow it. */
const HISTORY_BYTES = 64 * 1024;

/** What is kept of a page that is larger, in bytes: the history, what was not read yet, and as much again at once. */
const WINDOW_BYTES = 256 * 1024 - 64;

/** Snappy's longest copy, for which there must be room. */
const ELEMENT_BYTES = 64;

/** The most bytes that `ensure` gives in one piece. */
export const MAX_PIECE_BYTES = 32 * 1024;

/**
 * The bytes of a page, decompressed as they are needed: those from `at` to `end` of the memory can be read. Only a part of a large page is in
 * memory. All methods throw DamagedPage where the page is not what its header says.
 */
export class PageWindow {
  at = 0;
  end = 0;
  private region: PageRegion | undefined;
  private source: Uint8Array = new Uint8Array(0);
  private sourceAt = 0;
  private isSnappy = false;
  /** Of a literal of Snappy's that does not fit into the window. */
  private literalLeft = 0;
  /** Bytes of the page that are still to come. */
  private rest = 0;
  private isSlid = false;

  constructor(readonly memory: PageMemory) {}

  /** A page of so many bytes: `source` as it is, or Snappy's. */
  open(source: Uint8Array, bytes: number, isSnappy: boolean): void {
    const wanted = Math.min(bytes + ELEMENT_BYTES, WINDOW_BYTES);
    if (this.region === undefined || this.region.bytes < wanted) {
      this.close();
      this.region = this.memory.take(wanted);
    }
    this.source = source;
    this.sourceAt = 0;
    this.isSnappy = isSnappy;
    this.literalLeft = 0;
    this.isSlid = false;
    this.rest = bytes;
    this.at = this.end = this.region.start;
    if (isSnappy) this.readSnappyLength(bytes);
    else if (source.length !== bytes)
      throw new DamagedPage(`a page of ${source.length} bytes that should have ${bytes}`);
  }

  /** Bytes that were not read yet. */
  get left(): number {
    return this.end - this.at + this.rest;
  }

  /** Makes at least `bytes`, of which MAX_PIECE_BYTES are the most, available in one piece. */
  ensure(bytes: number): void {
    if (this.end - this.at >= bytes) return;
    if (this.left < bytes) throw new DamagedPage('a page that ends before its values do');
    while (this.end - this.at < bytes) this.fill();
  }

  /** Makes something available; false: the page is at its end. */
  more(): boolean {
    if (this.end > this.at) return true;
    if (this.rest === 0) return false;
    this.fill();
    return true;
  }

  /** Reads so many bytes into `to`. */
  copyTo(to: Uint8Array, toAt: number, bytes: number): void {
    if (this.left < bytes) throw new DamagedPage('a page that ends before its values do');
    for (let done = 0; done < bytes;) {
      this.more();
      const piece = Math.min(bytes - done, this.end - this.at);
      to.set(this.memory.bytes.subarray(this.at, this.at + piece), toAt + done);
      this.at += piece;
      done += piece;
    }
  }

  /** Gives the memory back; `open` may follow. */
  close(): void {
    if (this.region !== undefined) this.memory.giveBack(this.region);
    this.region = undefined;
    this.source = new Uint8Array(0);
    this.at = this.end = this.rest = 0;
  }

  /** The length before Snappy's elements: seven bits a byte. */
  private readSnappyLength(bytes: number): void {
    let length = 0;
    for (let factor = 1; factor <= 2 ** 28; factor *= 128) {
      const byte = this.source[this.sourceAt++];
      if (byte === undefined) break;
      length += (byte & 127) * factor;
      if (byte < 128) {
        if (length === bytes) return;
        throw new DamagedPage(`a page of ${length} bytes that should have ${bytes}`);
      }
    }
    throw new DamagedPage('a page that does not begin as Snappy does');
  }

  /** Adds at least a byte; there must be some left. */
  private fill(): void {
    const { region } = this;
    if (region === undefined) throw new DamagedPage('a page without bytes');
    const limit = region.start + region.bytes;
    if (limit - this.end < Math.min(this.rest + ELEMENT_BYTES, HISTORY_BYTES)) this.slide(region);
    if (this.isSnappy) {
      const { end } = this;
      while (this.end === end) this.decompress(region, limit);
    } else {
      const bytes = Math.min(this.rest, limit - this.end);
      this.memory.bytes.set(this.source.subarray(this.sourceAt, this.sourceAt + bytes), this.end);
      this.sourceAt += bytes;
      this.end += bytes;
      this.rest -= bytes;
    }
  }

  private slide({ start }: PageRegion): void {
    const kept = Math.max(start, Math.min(this.at, this.end - HISTORY_BYTES));
    if (kept === start) return;
    this.memory.bytes.copyWithin(start, kept, this.end);
    this.at -= kept - start;
    this.end -= kept - start;
    this.isSlid = true;
  }

  private decompress({ start }: PageRegion, limit: number): void {
    const { memory, source, sourceAt, end } = this;
    const input = source.subarray(sourceAt, sourceAt + INPUT_BYTES);
    if (!memory.snappy(input, end, limit, start, this.literalLeft)) {
      if (this.isSlid) throw new UnreadPage('Snappy copies from far back');
      throw new DamagedPage('a page whose Snappy copies what is not there');
    }
    this.sourceAt += memory.inputDone;
    this.end = memory.output;
    this.literalLeft = memory.left;
    this.rest -= this.end - end;
    if (this.rest < 0) throw new DamagedPage('a page that is longer than its header says');
    if (this.end === end && memory.inputDone === 0)
      throw new DamagedPage('a page whose Snappy ends too early');
    if (this.rest === 0 && (this.sourceAt < source.length || this.literalLeft > 0))
      throw new DamagedPage('a page with more bytes than its header says');
  }
}
