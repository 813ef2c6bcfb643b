import { wasmOfThread } from '../../core/wasm';
import { PG_ROWS_MODULE } from './pg-rows-module';

/** wasm/pg-values.wat, pg-avro.wat and pg-parquet.wat. Numbers are of 32 bits. */
interface PgExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly columns: number;
  readonly columnBytes: number;
  readonly input: number;
  readonly inputBytes: number;
  readonly output: number;
  readonly fields: number;
  readonly definitions: number;
  readonly repetitions: number;
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

/** What a thread has one of: its memory belongs to one `owner` at a time, who writes the columns. */
export class PgMachine {
  readonly bytes: Buffer;
  /** What an exported function has told. */
  readonly told: Int32Array;
  /** Where fields are that `index` has found. */
  readonly fields: Int32Array;
  owner: object | undefined;

  constructor(readonly exports: PgExports) {
    const { buffer } = exports.memory;
    this.bytes = Buffer.from(buffer);
    this.told = new Int32Array(buffer, 0, 4);
    this.fields = new Int32Array(buffer, exports.fields, exports.inputBytes / 4);
  }
}

/** Undefined where Node.js has no WebAssembly. */
export const pgMachine = wasmOfThread(PG_ROWS_MODULE, (exports: PgExports) => new PgMachine(exports));
