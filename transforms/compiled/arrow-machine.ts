import { wasmOfThread } from '../../core/wasm';
import { ARROW_ROWS_MODULE } from './arrow-rows-module';

/** wasm/arrow-avro.wat. Numbers are of 32 bits. */
interface ArrowExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly columns: number;
  readonly columnBytes: number;
  readonly input: number;
  readonly output: number;
  /** Tells: rows that were written, where the output ends. */
  readonly encode: (fields: number, index: number, end: number, full: number, maxRowBytes: number) => void;
}

/** What a thread has one of: its memory belongs to one `owner` at a time, who writes the columns. */
export class ArrowMachine {
  readonly bytes: Buffer;
  /** What `encode` has told. */
  readonly told: Int32Array;
  owner: object | undefined;

  constructor(readonly exports: ArrowExports) {
    const { buffer } = exports.memory;
    this.bytes = Buffer.from(buffer);
    this.told = new Int32Array(buffer, 0, 2);
  }
}

/** Undefined where Node.js has no WebAssembly. */
export const arrowMachine = wasmOfThread(
  ARROW_ROWS_MODULE,
  (exports: ArrowExports) => new ArrowMachine(exports),
);
