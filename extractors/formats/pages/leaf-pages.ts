import { PHYSICAL } from '../parquet-schema';
import { ThriftError } from '../parquet-thrift';
import type { ChunkBytes } from './chunk-bytes';
import { HybridRuns, RUNS_OVERRUN_BYTES } from './hybrid-runs';
import type { LeafValues } from './leaf-values';
import { pageSource } from './page-codec';
import { DamagedPage, UnreadPage } from './page-errors';
import { PAGE, readPageHeader, type PageHeader } from './page-header';
import { VALUES_AT_ONCE, type PageMemory } from './page-memory';
import { ENCODING } from './page-plan';
import { plainPage, type StoredLeaf } from './plain-page';
import { PageWindow } from './page-window';

/** A header has some 20 bytes, and more with statistics. */
const HEADER_BYTES = 512;
const MAX_HEADER_BYTES = 16 * 1024 * 1024;

/** The levels of a leaf. */
export interface LeafLevels {
  readonly maxDefinition: number;
  readonly maxRepetition: number;
}

/**
 * The pages of a column chunk, one after the other. Levels and values of one are read in order, as many at a time as wanted. All methods throw
 * DamagedPage and UnreadPage.
 */
export class LeafPages {
  /** Levels that are left of the page, or values where there are none. */
  left = 0;
  readonly definitions = new HybridRuns();
  readonly repetitions = new HybridRuns();
  private readonly runs = new HybridRuns();
  private readonly window: PageWindow;
  private chunk: ChunkBytes | undefined;
  private codec = 0;
  /** Values of the chunk that are in pages to come. */
  private valuesLeft = 0;
  private hasDictionary = false;
  private isPlain = true;
  private levelBytes = [new Uint8Array(0), new Uint8Array(0)] as const;
  private readonly isBoolean: boolean;
  private numberBytes = new Uint8Array(0);

  constructor(
    memory: PageMemory,
    private readonly levels: LeafLevels,
    private readonly values: LeafValues,
    private readonly leaf: StoredLeaf,
  ) {
    this.window = new PageWindow(memory);
    this.isBoolean = leaf.physical === PHYSICAL.boolean;
  }

  open(chunk: ChunkBytes, codec: number, values: number): void {
    this.chunk = chunk;
    this.codec = codec;
    this.valuesLeft = values;
    this.left = 0;
    this.hasDictionary = false;
  }

  /** Gives all memory back. */
  close(): void {
    this.window.close();
    this.chunk = undefined;
  }

  /** Whether no page with values follows. */
  get isLast(): boolean {
    return this.valuesLeft === 0;
  }

  /** Goes to the next page with values. */
  async nextPage(): Promise<void> {
    const { chunk } = this;
    if (chunk === undefined) return;
    while (this.left === 0) {
      if (this.valuesLeft === 0) throw new DamagedPage('fewer rows than the footer says');
      const header = await nextHeader(chunk);
      const compressed = await chunk.take(header.compressedBytes);
      if (header.type === PAGE.dictionary) this.readDictionary(header, compressed);
      else if (header.type !== PAGE.index) this.openData(header, compressed);
    }
  }

  /** After the last row that the footer knows: whether there are more. */
  async finish(): Promise<void> {
    const { chunk } = this;
    if (this.left > 0 || this.valuesLeft > 0) throw new DamagedPage('more rows than the footer says');
    if (chunk === undefined || chunk.isDone) return;
    const header = await nextHeader(chunk).catch(() => undefined);
    // Whatever else stands there is of no column.
    if (header !== undefined && isData(header) && header.values > 0)
      throw new DamagedPage('more rows than the footer says');
  }

  /** Reads values of the page: `count` of them, as values `start` and those behind it. */
  read(start: number, count: number): void {
    if (this.isPlain) {
      this.values.readPlain(this.window, start, count);
      return;
    }
    const { numbers } = this.window.memory;
    for (let done = 0; done < count;) {
      const piece = Math.min(count - done, VALUES_AT_ONCE);
      this.runs.read(numbers, 0, piece);
      this.values.readNumbers(numbers, start + done, piece);
      done += piece;
    }
  }

  private readDictionary(header: PageHeader, compressed: Uint8Array): void {
    if (header.encoding !== ENCODING.plain && header.encoding !== ENCODING.plainDictionary)
      throw new UnreadPage(`a dictionary of encoding ${header.encoding}`);
    const { source, isSnappy } = pageSource(this.codec, compressed, header.bytes);
    this.window.open(source, header.bytes, isSnappy);
    this.values.readDictionary(this.window, header.values);
    this.hasDictionary = true;
  }

  private openData(header: PageHeader, compressed: Uint8Array): void {
    if (header.values === 0) return;
    if (header.values > this.valuesLeft) throw new DamagedPage('more rows than the footer says');
    if (header.type === PAGE.dataV2) this.openSecondVersion(header, compressed);
    else this.openFirstVersion(header, compressed);
    this.openValues(header);
    this.left = header.values;
    this.valuesLeft -= header.values;
  }

  private openFirstVersion(header: PageHeader, compressed: Uint8Array): void {
    const { source, isSnappy } = pageSource(this.codec, compressed, header.bytes);
    const { window, levels } = this;
    window.open(source, header.bytes, isSnappy);
    const { definition, repetition } = header.levelEncodings;
    if (levels.maxRepetition > 0)
      this.openLevels(this.repetitions, 0, this.takeLevels(0, repetition), levels.maxRepetition);
    if (levels.maxDefinition > 0)
      this.openLevels(this.definitions, 1, this.takeLevels(1, definition), levels.maxDefinition);
  }

  /** Levels behind their length in 4 bytes. Returns how many bytes they have. */
  private takeLevels(which: 0 | 1, encoding: number): number {
    if (encoding !== ENCODING.rle) throw new UnreadPage(`levels of encoding ${encoding}`);
    const bytes = this.takeLength();
    this.window.copyTo(this.roomForLevels(which, bytes), 0, bytes);
    return bytes;
  }

  private openSecondVersion(header: PageHeader, compressed: Uint8Array): void {
    const { definitionBytes, repetitionBytes } = header;
    const levelBytes = definitionBytes + repetitionBytes;
    this.roomForLevels(0, repetitionBytes).set(compressed.subarray(0, repetitionBytes));
    this.roomForLevels(1, definitionBytes).set(compressed.subarray(repetitionBytes, levelBytes));
    const { maxDefinition, maxRepetition } = this.levels;
    if (maxRepetition > 0) this.openLevels(this.repetitions, 0, repetitionBytes, maxRepetition);
    if (maxDefinition > 0) this.openLevels(this.definitions, 1, definitionBytes, maxDefinition);
    const bytes = header.bytes - levelBytes;
    const codec = header.isCompressed ? this.codec : 0;
    const { source, isSnappy } = pageSource(codec, compressed.subarray(levelBytes), bytes);
    this.window.open(source, bytes, isSnappy);
  }

  private openLevels(runs: HybridRuns, which: 0 | 1, bytes: number, max: number): void {
    runs.open(this.levelBytes[which], 0, bytes, max > 1 ? 2 : 1);
  }

  private roomForLevels(which: 0 | 1, bytes: number): Uint8Array {
    if (this.levelBytes[which].length < bytes + RUNS_OVERRUN_BYTES) {
      const room = new Uint8Array(bytes + RUNS_OVERRUN_BYTES);
      this.levelBytes = which === 0 ? [room, this.levelBytes[1]] : [this.levelBytes[0], room];
    }
    return this.levelBytes[which];
  }

  private openValues({ encoding, values }: PageHeader): void {
    const { window } = this;
    this.isPlain = encoding === ENCODING.plain && !this.isBoolean;
    if (this.isPlain) return;
    if (encoding === ENCODING.plain) {
      const bytes = window.left;
      this.runs.openPacked(this.takeNumbers(bytes), 0, bytes, 1);
    } else if (encoding === ENCODING.rle && this.isBoolean) {
      const bytes = this.takeLength();
      this.runs.open(this.takeNumbers(bytes), 0, bytes, 1);
    } else if (encoding === ENCODING.plainDictionary || encoding === ENCODING.rleDictionary) {
      if (!this.hasDictionary) throw new DamagedPage('numbers without a dictionary');
      const bytes = window.left;
      const room = this.takeNumbers(bytes);
      // A page of nulls alone may have no byte.
      this.runs.open(room, Math.min(1, bytes), bytes, bytes === 0 ? 0 : (room[0] ?? 0));
    } else {
      const bytes = window.left;
      const plain = plainPage(
        encoding,
        this.leaf,
        this.takeNumbers(bytes).subarray(0, bytes + RUNS_OVERRUN_BYTES),
        values,
      );
      window.open(plain, plain.length, false);
      this.isPlain = true;
    }
  }

  private takeNumbers(bytes: number): Uint8Array {
    if (this.numberBytes.length < bytes + RUNS_OVERRUN_BYTES)
      this.numberBytes = new Uint8Array(bytes + RUNS_OVERRUN_BYTES);
    this.window.copyTo(this.numberBytes, 0, bytes);
    return this.numberBytes;
  }

  /** A length of 4 bytes, which is not more than what follows. */
  private takeLength(): number {
    const { window } = this;
    window.ensure(4);
    const { bytes } = window.memory;
    const { at } = window;
    const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
    const length = low + (bytes[at + 3] ?? 0) * 2 ** 24;
    window.at += 4;
    if (length > window.left) throw new DamagedPage(`${length} bytes of levels in a page of ${window.left}`);
    return length;
  }
}

function isData({ type }: PageHeader): boolean {
  return type === PAGE.data || type === PAGE.dataV2;
}

async function nextHeader(chunk: ChunkBytes): Promise<PageHeader> {
  for (let most = HEADER_BYTES; ; most *= 16) {
    const bytes = await chunk.peek(most);
    try {
      const header = readPageHeader(bytes);
      chunk.advance(header.headerBytes);
      return header;
    } catch (error) {
      if (!(error instanceof ThriftError)) throw error;
      if (bytes.length < most || most > MAX_HEADER_BYTES)
        throw new DamagedPage(`a page header with ${error.message}`);
    }
  }
}
