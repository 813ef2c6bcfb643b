import { wasmOfThread } from '../../core/wasm';
import { PG_ROWS_MODULE } from './pg-rows-module';

/** wasm/pg-values.wat, pg-frames.wat, pg-avro.wat and pg-parquet.wat. Numbers are of 32 bits. */
interface PgExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly columns: number;
  readonly columnBytes: number;
  readonly input: number;
  readonly inputBytes: number;
  /** So many of them are written at once. */
  readonly windowBytes: number;
  readonly output: number;
  readonly fields: number;
  readonly definitions: number;
  readonly repetitions: number;
  /** Tells: rows that are alone in their messages, where the message behind them begins. */
  readonly frames: (fields: number, at: number, inputEnd: number) => void;
  /** Avro. Tells: rows that were written, where the next one begins, where the output ends, 1 where input ends within that row. */
  readonly encode: (
    fields: number,
    at: number,
    inputEnd: number,
    gap: number,
    rows: number,
    full: number,
    maxRowBytes: number,
  ) => void;
  /** Parquet. Tells: rows that were found, where the next one begins. */
  readonly index: (fields: number, at: number, inputEnd: number, gap: number, rows: number) => void;
  /** Parquet. Tells: rows that were written, where their values end, where their definition levels end. */
  readonly column: (column: number, place: number, stride: number, rows: number) => void;
}

/** In front of a row that is alone in its message: the message's kind and length. */
const FRAME_BYTES = 5;
/** In front of a row's fields: their number. */
const COUNT_BYTES = 2;

/** What of some bytes is in the machine's input. */
export interface HeldBytes {
  /** Tells these bytes from others, which were at the same place before. */
  readonly holder: object;
  readonly from: number;
  readonly to: number;
}

/** What a thread has one of: its memory belongs to one `owner` at a time, who writes the columns, and holds one piece of input, whoever put it there. */
export class PgMachine {
  readonly bytes: Buffer;
  /** What an exported function has told. */
  readonly told: Int32Array;
  owner: object | undefined;
  private input: HeldBytes | undefined;
  /** Where fields are that `frames` or `index` has found. */
  private readonly places: Int32Array;
  /** Of how many fields and rows `frames` has found them. */
  private fields = 0;
  private rows = 0;

  constructor(readonly exports: PgExports) {
    const { buffer } = exports.memory;
    this.bytes = Buffer.from(buffer);
    this.told = new Int32Array(buffer, 0, 4);
    this.places = new Int32Array(buffer, exports.fields, exports.inputBytes / 4 + 1);
  }

  /** What is in the input. */
  get held(): HeldBytes | undefined {
    return this.input;
  }

  /** Copies bytes into the input; there must be room for them. */
  hold(holder: object, bytes: Buffer, from: number, to: number): HeldBytes {
    bytes.copy(this.bytes, this.exports.input, from, to);
    this.rows = 0;
    this.input = { holder, from, to };
    return this.input;
  }

  forget(): void {
    this.input = undefined;
  }

  /**
   * Takes messages and finds rows of so many fields, each alone in its message, until one holds anything else. Tells how many, and where the message behind
   * them begins. Their places stay until the input holds something else.
   */
  findFrames(
    holder: object,
    bytes: Buffer,
    from: number,
    to: number,
    fields: number,
  ): { rows: number; end: number } {
    const { input } = this.exports;
    this.hold(holder, bytes, from, to);
    this.exports.frames(fields, input, input + to - from);
    const [rows = 0, end = input] = this.told;
    this.fields = fields;
    this.rows = rows;
    return { rows, end: end - input + from };
  }

  /** Finds at most so many rows from the one at `at` of the memory on, wherever messages begin; `rowAt` knows none of them. Returns how many. */
  indexRows(fields: number, at: number, end: number, gap: number, rows: number): number {
    this.exports.index(fields, at, end, gap, rows);
    const [found = 0, behind = 0] = this.told;
    this.fields = fields;
    this.rows = 0;
    this.places[found * fields] = behind + COUNT_BYTES;
    return found;
  }

  /** The number of the row that begins at `at` of the memory among those that `findFrames` has found; -1: it is none of them. */
  rowAt(at: number): number {
    const row = this.rowsBefore(at);
    return row < this.rows && this.startOf(row) === at ? row : -1;
  }

  /** How many rows from `first` on, of those that `findFrames` has found, end at `end` of the memory or before it. */
  rowsUntil(first: number, end: number): number {
    return this.rowsBefore(end + FRAME_BYTES + 1) - 1 - first;
  }

  /** Where a row that was found begins in the memory; of the one behind the last, too. */
  startOf(row: number): number {
    return (this.places[row * this.fields] ?? 0) - COUNT_BYTES;
  }

  /** Where in the memory the place of a row's field is. */
  placeOf(row: number, field: number): number {
    return this.exports.fields + (row * this.fields + field) * Int32Array.BYTES_PER_ELEMENT;
  }

  /** How many of the rows that `findFrames` has found, and the one behind them, begin before `at`. */
  private rowsBefore(at: number): number {
    let low = 0;
    let high = this.rows + 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.startOf(middle) < at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Undefined where Node.js has no WebAssembly. */
export const pgMachine = wasmOfThread(PG_ROWS_MODULE, (exports: PgExports) => new PgMachine(exports));
