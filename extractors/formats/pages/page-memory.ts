import { PAGE_MODULE } from './page-module';
import { wasmOfThread } from '../../../core/wasm';

/** wasm/parquet-pages.wat. */
interface PageExports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly snappy: (
    input: number,
    inputEnd: number,
    output: number,
    outputEnd: number,
    base: number,
    left: number,
  ) => number;
  readonly texts: (
    input: number,
    inputEnd: number,
    output: number,
    outputEnd: number,
    ends: number,
    count: number,
    before: number,
    left: number,
  ) => number;
}

/** So many bytes beyond the ends of inputs and outputs are read and written. */
export const OVERRUN_BYTES = 64;

/** The room of a call's input, of texts that a call puts together, and of the places where these end, in bytes. */
export const INPUT_BYTES = 64 * 1024;
const TEXT_BYTES = 128 * 1024;
/** So many values are decoded at once, at most. */
export const VALUES_AT_ONCE = 8192;

const WASM_PAGE_BYTES = 64 * 1024;

/** Addresses, all of them beyond what the module itself writes to. */
const INPUT_AT = 64;
const TEXT_AT = INPUT_AT + INPUT_BYTES + OVERRUN_BYTES;
const ENDS_AT = TEXT_AT + TEXT_BYTES + OVERRUN_BYTES;
const REGIONS_AT = ENDS_AT + 4 * VALUES_AT_ONCE;

/** A part of the memory, lent to one page after the other. */
export interface PageRegion {
  readonly start: number;
  readonly bytes: number;
}

/**
 * The memory of WebAssembly that pages are decompressed in. It keeps nothing between calls but what its regions hold, so that all files of a
 * thread share it; it grows and does not shrink.
 */
export class PageMemory {
  /** All of it; another one after it has grown. */
  bytes: Uint8Array<ArrayBuffer>;
  /** For levels, and for numbers of a dictionary, during a call: a file may have thousands of columns. */
  readonly levels = new Int32Array(VALUES_AT_ONCE);
  readonly numbers = new Int32Array(VALUES_AT_ONCE);
  private words: Int32Array;
  private next = REGIONS_AT;
  /** Regions that are not in use, by their size. */
  private readonly free = new Map<number, PageRegion[]>();

  constructor(private readonly exports: PageExports) {
    this.bytes = new Uint8Array(exports.memory.buffer);
    this.words = new Int32Array(exports.memory.buffer);
    this.reserve(REGIONS_AT);
  }

  /** A region of at least so many bytes, and the overrun. */
  take(bytes: number): PageRegion {
    const size = 2 ** Math.ceil(Math.log2(bytes + OVERRUN_BYTES));
    const known = this.free.get(size)?.pop();
    if (known !== undefined) return known;
    this.reserve(this.next + size);
    const region = { start: this.next, bytes: size - OVERRUN_BYTES };
    this.next += size;
    return region;
  }

  giveBack(region: PageRegion): void {
    const size = region.bytes + OVERRUN_BYTES;
    const known = this.free.get(size);
    if (known === undefined) this.free.set(size, [region]);
    else known.push(region);
  }

  /** Where a call has come to. */
  get input(): number {
    return this.words[0] ?? 0;
  }
  get output(): number {
    return this.words[1] ?? 0;
  }
  get left(): number {
    return this.words[2] ?? 0;
  }
  get done(): number {
    return this.words[3] ?? 0;
  }

  /**
   * Decompresses `compressed`, of which there are INPUT_BYTES at most, into the memory from `output` to `outputEnd`; `left` bytes of a literal were
   * begun before. Returns whether each copy was of what is there, from `base` on.
   */
  snappy(compressed: Uint8Array, output: number, outputEnd: number, base: number, left: number): boolean {
    this.bytes.set(compressed, INPUT_AT);
    const end = INPUT_AT + compressed.length;
    return this.exports.snappy(INPUT_AT, end, output, outputEnd, base, left) === 0;
  }

  /** Bytes of its input that the last call of `snappy` has used. */
  get inputDone(): number {
    return this.input - INPUT_AT;
  }

  /** Puts at most `count` texts together that lie in the memory. Returns whether their lengths can be. */
  texts(input: number, inputEnd: number, count: number, before: number, left: number): boolean {
    const end = TEXT_AT + TEXT_BYTES;
    const { texts } = this.exports;
    return texts(input, inputEnd, TEXT_AT, end, ENDS_AT, count, before, left) === 0;
  }

  /** The bytes that the last call of `texts` has put together, and where its texts end. As views, until the next call. */
  get textBytes(): Uint8Array {
    return this.bytes.subarray(TEXT_AT, this.output);
  }
  get textEnds(): Int32Array {
    return this.words.subarray(ENDS_AT / 4, ENDS_AT / 4 + this.done);
  }

  private reserve(end: number): void {
    const missing = end - this.bytes.length;
    if (missing <= 0) return;
    this.exports.memory.grow(Math.ceil(missing / WASM_PAGE_BYTES));
    this.bytes = new Uint8Array(this.exports.memory.buffer);
    this.words = new Int32Array(this.exports.memory.buffer);
  }
}

/** Undefined where Node.js has no WebAssembly. */
export const pageMemory: () => PageMemory | undefined = wasmOfThread(
  PAGE_MODULE,
  (exports: PageExports) => new PageMemory(exports),
);
