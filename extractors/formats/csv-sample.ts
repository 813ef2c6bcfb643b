import type { ColumnType } from '../../core/schema';
import { inferTextValue, needsAllDigits, widen, withAllDigits } from '../../transforms/infer';
import type { CsvSettings } from './csv-dialect';
import type { ColumnNames } from './csv-header';
import type { CsvRecord } from './csv-record';
import { CsvScanner } from './csv-scanner';
import { CsvTable } from './csv-table';
import type { FileContent } from './format-reader';
import { piecesOf } from './scan-batches';

/** Bytes looked at in each place of a file: its beginning, and where it can be read from anywhere, its middle and its end. */
const SAMPLE_BYTES = 256 * 1024;

/** Bytes looked at of a file that can only be read from its beginning (gzip), as stored after decompression. */
const STREAM_SAMPLE_BYTES = 1024 * 1024;

/** Slices begin at a multiple of this, so that no character of two or four bytes is cut. */
const SLICE_ALIGNMENT = 4;

export interface CsvSample {
  readonly columns: ColumnNames;
  /** By column; undefined where only nulls were seen. */
  readonly types: readonly (ColumnType | undefined)[];
  readonly rows: { readonly count: number; readonly quality: 'exact' | 'sampled' };
}

/** What a bounded look says about a file. A file without any record has no columns. Throws as `CsvTable.classify` and the file do. */
export async function sampleCsv(
  file: FileContent,
  settings: CsvSettings,
  signal: AbortSignal,
): Promise<CsvSample> {
  const wanted = file.seekable ? SAMPLE_BYTES : STREAM_SAMPLE_BYTES;
  const table = new CsvTable(settings);
  const beginning = new Tally(table);
  const scanner = new CsvScanner(settings, (record) => beginning.add(record));
  let whole = true;
  for await (const piece of piecesOf(file, signal)) {
    scanner.feed(piece);
    if (scanner.bytes >= wanted && table.columns !== undefined) {
      whole = file.seekable && scanner.bytes >= file.bytes;
      if (!whole) break;
    }
  }
  if (whole) scanner.end();
  const columns = table.columns ?? { names: [], notices: [] };
  if (whole) {
    const types = columns.names.map((_, index) => beginning.typeOf(index));
    return { columns, types, rows: { count: beginning.records, quality: 'exact' } };
  }

  let { records } = beginning;
  let { bytes } = scanner;
  if (file.seekable) {
    const middle = Math.floor((file.bytes - SAMPLE_BYTES) / 2);
    for (const start of [middle, file.bytes - SAMPLE_BYTES]) {
      const from = alignUp(Math.max(start, bytes));
      if (from >= file.bytes) continue;
      const slice = await file.slice(from, Math.min(from + SAMPLE_BYTES, file.bytes), signal);
      const tally = tallySlice(slice, settings, table, scanner);
      if (!tally.credible) continue;
      beginning.merge(tally);
      records += tally.records;
      bytes += slice.length;
    }
  }
  const types = columns.names.map((_, index) => beginning.typeOf(index));
  const stored = file.bytes * (file.expansion?.() ?? 1);
  const count = Math.max(1, Math.round((Math.max(stored, bytes) / bytes) * records));
  return { columns, types, rows: { count, quality: 'sampled' } };
}

function alignUp(offset: number): number {
  return Math.ceil(offset / SLICE_ALIGNMENT) * SLICE_ALIGNMENT;
}

/** Rows of a slice, without the torn ones at its ends. A slice may begin inside of quotes and be cut wrong: see `credible`. */
function tallySlice(slice: Uint8Array, settings: CsvSettings, table: CsvTable, head: CsvScanner): Tally {
  const tally = new Tally(table);
  let torn = true;
  const scanner = new CsvScanner(
    settings,
    (record) => {
      if (!torn) tally.add(record);
      torn = false;
    },
    head.encoding === undefined ? undefined : { encoding: head.encoding, line: 1 },
  );
  scanner.feed(slice);
  return tally;
}

/** Counts records and widens the types of their fields. */
class Tally {
  records = 0;
  private readonly types: (ColumnType | undefined)[] = [];
  private readonly needsDigits: boolean[] = [];
  private rows = 0;

  constructor(private readonly table: CsvTable) {}

  /** Whether most records look like rows of the table. */
  get credible(): boolean {
    return this.rows * 2 > this.records;
  }

  /** Undefined: only nulls were seen. */
  typeOf(column: number): ColumnType | undefined {
    return withAllDigits(this.types[column], this.needsDigits[column] ?? false);
  }

  merge(other: Tally): void {
    for (const [index, type] of other.types.entries()) {
      this.types[index] = widen(this.types[index], type);
      if (other.needsDigits[index] === true) this.needsDigits[index] = true;
    }
  }

  add(record: CsvRecord): void {
    const kind = this.table.classify(record);
    if (kind === 'skip') return;
    this.records++;
    if (kind === 'reject') return;
    this.rows++;
    // A padded row may have fields beyond the columns: empty ones.
    const fields = Math.min(record.count, this.table.columns?.names.length ?? 0);
    for (let index = 0; index < fields; index++) {
      const type = this.types[index];
      if (type?.kind === 'string') continue;
      const cell = this.table.cell(record, index);
      if (typeof cell !== 'string') continue;
      const inferred = inferTextValue(cell);
      this.types[index] = widen(type, inferred);
      if (this.needsDigits[index] !== true && needsAllDigits(cell, inferred)) this.needsDigits[index] = true;
    }
  }
}
