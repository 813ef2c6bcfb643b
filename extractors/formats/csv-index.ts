import { wasmOfThread } from '../../core/wasm';
import { CSV_INDEX_MODULE } from './csv-index-module';
import type { CsvFields } from './csv-fields';
import { MAX_FIELDS } from './csv-record';

/** wasm/csv-index.wat. */
interface CsvIndexExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly output: number;
  /** Returns where what was found ends in the memory. */
  readonly find: (bytes: number, delimiter: number, quote: number, mostFields: number) => number;
}

/** Bytes that are looked at together: at most, and where it has turned out that few of them are of plain records. */
const MAX_WINDOW_BYTES = 128 * 1024;
const MIN_WINDOW_BYTES = 1024;
/** In front of the fields of a record: where it ends, how many they are, and the line ends within them. */
const HEAD_NUMBERS = 3;

interface Memory {
  readonly bytes: Buffer;
  readonly numbers: Int32Array;
  readonly find: CsvIndexExports['find'];
  readonly output: number;
  /** Whose records are in it. */
  owner: CsvIndex | undefined;
}

const memoryOfThread = wasmOfThread(
  CSV_INDEX_MODULE,
  ({ memory, output, find }: CsvIndexExports): Memory => ({
    ...{ bytes: Buffer.from(memory.buffer), numbers: new Int32Array(memory.buffer) },
    ...{ find, output: output / Int32Array.BYTES_PER_ELEMENT, owner: undefined },
  }),
);

/** Records of the plain kind that WebAssembly has found ahead of those that are asked for. */
export class CsvIndex {
  /** Of the record that was given last. */
  count = 0;
  lineEnds = 0;
  /** What is left of what was found, in numbers of the memory. */
  private at = 0;
  private end = 0;
  /** Where the next of them begins; -1: nothing was found in these bytes. */
  private expected = -1;
  /** Where the bytes in the memory were. */
  private shift = 0;
  private window = MAX_WINDOW_BYTES;

  private constructor(
    private readonly memory: Memory,
    private readonly delimiter: number,
    private readonly quote: number,
  ) {}

  /** `quote`: -1, there is none. Undefined where Node.js has no WebAssembly. */
  static of(delimiter: number, quote: number): CsvIndex | undefined {
    const memory = memoryOfThread();
    return memory === undefined ? undefined : new CsvIndex(memory, delimiter, quote);
  }

  /** The bytes are others from now on. */
  forget(): void {
    this.expected = -1;
  }

  /**
   * Adds the fields of the record at `from` to `fields`, and returns where it ends, behind its line end; -1: it is not plain, not all there, or longer
   * than what is looked at together. `length`: of `bytes`.
   */
  take(bytes: Buffer, from: number, length: number, fields: CsvFields): number {
    if (from !== this.expected || this.at === this.end || this.memory.owner !== this) {
      this.look(bytes, from, length);
      if (this.at === this.end) return -1;
    }
    const { memory, shift } = this;
    const { numbers } = memory;
    const head = this.at;
    const count = numbers[head + 1] ?? 0;
    const end = head + HEAD_NUMBERS + 2 * count;
    let next = fields.end;
    let { packed } = fields;
    while (packed.length < next + 2 * count) packed = fields.grow();
    for (let at = head + HEAD_NUMBERS; at < end; at += 2, next += 2) {
      packed[next] = (numbers[at] ?? 0) + shift;
      packed[next + 1] = numbers[at + 1] ?? 0;
    }
    fields.end = next;
    this.count = count;
    this.lineEnds = numbers[head + 2] ?? 0;
    this.at = end;
    return (this.expected = (numbers[head] ?? 0) + shift);
  }

  private look(bytes: Buffer, from: number, length: number): void {
    const { memory } = this;
    this.window = this.nextWindow();
    const size = bytes.copy(memory.bytes, 0, from, Math.min(length, from + this.window));
    this.at = memory.output;
    this.end = memory.find(size, this.delimiter, this.quote, MAX_FIELDS) / Int32Array.BYTES_PER_ELEMENT;
    this.shift = from;
    this.expected = from;
    memory.owner = this;
  }

  /** What was looked at in vain is looked at again: a file of records that are not plain must not be looked at a hundred times. */
  private nextWindow(): number {
    if (this.expected < 0) return MAX_WINDOW_BYTES;
    const wasUsed = 2 * (this.expected - this.shift) >= this.window;
    return wasUsed
      ? Math.min(2 * this.window, MAX_WINDOW_BYTES)
      : Math.max(this.window / 2, MIN_WINDOW_BYTES);
  }
}
