import type { Cell } from '../../core/cells';
import { PG_NULL, UnreadableValue, type PgField, type PgRows } from '../../core/pg-binary';
import type { DecodedRow } from '../../core/raw-rows';
import { PgAvroRows } from './pg-avro-rows';
import { pgMachine } from './pg-machine';
import { manyRowsSteps, type PgManyRows } from './pg-many-rows';
import { PgParquetRows } from './pg-parquet-rows';
import { compilePgRow } from './pg-row';
import type { CodecInput, RowCodec } from './row-codec';
import { FOR_REFERENCE, type RowWriter } from './row-writer';

/** Bytes in front of a row's fields: their number. */
const COUNT_BYTES = 2;
const LENGTH_BYTES = 4;

/** Rows of PostgreSQL's COPY binary. */
export class PgCodec implements RowCodec {
  private readonly compiled: RowWriter | undefined;
  private readonly many: PgManyRows | undefined;
  private bytes: Buffer = Buffer.alloc(0);
  private view: DataView = new DataView(new ArrayBuffer(0));
  /** Where the row at hand begins, and where it ends once it was written or decoded. */
  private at = 0;
  private end = 0;
  private gap = 0;

  constructor(
    private readonly fields: readonly PgField[],
    input: CodecInput,
  ) {
    this.compiled = compilePgRow(fields, input);
    if (this.compiled !== undefined && input.mode === 'wasm') this.many = compileManyRows(fields, input);
  }

  begin(rows: PgRows): void {
    const { bytes, view, start, gap } = rows;
    this.bytes = bytes;
    this.view = view;
    this.at = start;
    this.gap = gap;
    this.many?.begin(rows);
  }

  writeMany(rows: number, each: (() => void) | undefined): number {
    const { many } = this;
    if (many === undefined) return 0;
    const written = many.write(this.at, rows);
    if (each === undefined) {
      this.at = many.at;
      return written;
    }
    for (let row = 0; row < written; row++) {
      each();
      this.end = this.fieldAt(this.fields.length);
      this.next();
    }
    return written;
  }

  write(): boolean {
    if (this.compiled === undefined) return false;
    this.end = this.compiled(this.bytes, this.view, this.at + COUNT_BYTES);
    return this.end !== FOR_REFERENCE;
  }

  decode(): DecodedRow {
    const { bytes, view } = this;
    let at = this.at + COUNT_BYTES;
    let problem: { field: number; reason: string } | undefined;
    const row = this.fields.map(({ decode }, field): Cell => {
      const length = view.getInt32(at);
      at += LENGTH_BYTES;
      if (length === PG_NULL) return null;
      const start = at;
      at += length;
      try {
        return decode(bytes, view, start, length);
      } catch (error) {
        problem ??= { field, reason: reasonOf(error) };
        return null;
      }
    });
    this.end = at;
    return problem === undefined ? { row } : { row, problem };
  }

  cell(column: number): Cell {
    const { bytes, view } = this;
    const at = this.fieldAt(column);
    const length = view.getInt32(at);
    if (length === PG_NULL) return null;
    return this.fields[column]?.decode(bytes, view, at + LENGTH_BYTES, length) ?? null;
  }

  /** Where a field of the row at hand begins, with its length. */
  private fieldAt(field: number): number {
    let at = this.at + COUNT_BYTES;
    for (let index = 0; index < field; index++) at += LENGTH_BYTES + Math.max(0, this.view.getInt32(at));
    return at;
  }

  next(): void {
    this.at = this.end + this.gap;
  }
}

/** Undefined: there is no WebAssembly, or none for these columns. */
function compileManyRows(fields: readonly PgField[], input: CodecInput): PgManyRows | undefined {
  const { avroRows, parquetRows } = input.many ?? {};
  if (avroRows === undefined && parquetRows === undefined) return undefined;
  const steps = manyRowsSteps(fields, input);
  const machine = steps === undefined ? undefined : pgMachine();
  if (steps === undefined || machine === undefined) return undefined;
  if (avroRows !== undefined) return new PgAvroRows(machine, steps, avroRows, input.lose);
  return parquetRows === undefined ? undefined : PgParquetRows.open(machine, steps, parquetRows, input);
}

/** Why a field cannot be read; anything else is no problem of the value. */
function reasonOf(error: unknown): string {
  if (error instanceof UnreadableValue) return error.message;
  // DataView's: the value is shorter than its type
  if (error instanceof RangeError) return 'the value has fewer bytes than its type';
  throw error;
}
