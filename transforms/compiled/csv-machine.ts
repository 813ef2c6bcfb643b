import { wasmOfThread } from '../../core/wasm';
import { CSV_ROWS_MODULE } from './csv-rows-module';

/** wasm/csv-avro.wat. Numbers are of 32 bits. */
interface CsvExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly columns: number;
  readonly columnBytes: number;
  readonly input: number;
  readonly inputBytes: number;
  readonly fields: number;
  readonly fieldsBytes: number;
  readonly rows: number;
  readonly rowsBytes: number;
  readonly output: number;
  /** Tells: rows that were written, where the output ends, 1 where input or output end within the next row. */
  readonly encode: (
    columns: number,
    row: number,
    lastRow: number,
    from: number,
    size: number,
    quote: number,
    nulls: number,
    full: number,
    maxRowBytes: number,
  ) => void;
}

/** What a thread has one of: its memory belongs to one `owner` at a time, who writes the columns. */
export class CsvMachine {
  readonly bytes: Buffer;
  /** What `encode` has told. */
  readonly told: Int32Array;
  /** Two numbers for each field, and where they begin for each row. */
  readonly fields: Int32Array;
  readonly rows: Int32Array;
  owner: object | undefined;

  constructor(readonly exports: CsvExports) {
    const { buffer } = exports.memory;
    const { fields, fieldsBytes, rows, rowsBytes } = exports;
    this.bytes = Buffer.from(buffer);
    this.told = new Int32Array(buffer, 0, 3);
    this.fields = new Int32Array(buffer, fields, fieldsBytes / Int32Array.BYTES_PER_ELEMENT);
    this.rows = new Int32Array(buffer, rows, rowsBytes / Int32Array.BYTES_PER_ELEMENT);
  }
}

/** Undefined where Node.js has no WebAssembly. */
export const csvMachine = wasmOfThread(CSV_ROWS_MODULE, (exports: CsvExports) => new CsvMachine(exports));
