import type { Cell, Row } from '../../core/cells';
import type { RowBatch } from '../../core/extractor';
import { FIELD_COLUMN, FIELD_INTS, RECORD_INTS, type JsonRows } from '../../core/json-rows';
import { MAX_JSON_NAMES } from './json-names';
import type { JsonRecord } from './json-record';

/** Keeps the rows of a batch, in whatever form. Columns are the first names that records are asked for. */
export interface KeptRows {
  /** A record without a problem. */
  add(record: JsonRecord): void;
  /** The rows so far, of which nothing is left; undefined: there are none. */
  take(): Pick<RowBatch, 'rows' | 'raw'> | undefined;
}

/** Rows as cells: the source text of each value. */
export class RowsAsCells implements KeptRows {
  private rows: Row[] = [];

  constructor(private readonly width: number) {}

  add(record: JsonRecord): void {
    const cells = new Array<Cell>(this.width);
    for (let key = 0; key < this.width; key++) {
      const text = record.text(key);
      cells[key] = text === undefined || text === 'null' ? null : text;
    }
    this.rows.push(cells);
  }

  take(): Pick<RowBatch, 'rows'> | undefined {
    const { rows } = this;
    if (rows.length === 0) return undefined;
    this.rows = [];
    return { rows };
  }
}

/** Room for so many rows and fields at first. */
const INITIAL_ROWS = 512;

/** The number of a column and the marks of its value share a number. */
const MAX_COLUMNS = Math.min(MAX_JSON_NAMES, FIELD_COLUMN + 1);

/** Rows as their bytes, which stay where the scanner has them until it is fed again. */
export class RowsAsBytes implements KeptRows {
  private rows = 0;
  private records = new Int32Array(INITIAL_ROWS * RECORD_INTS);
  private fields = new Int32Array(INITIAL_ROWS * FIELD_INTS);
  /** Of `fields`: used. */
  private end = 0;
  private bytes: Buffer = Buffer.alloc(0);
  private view: DataView = new DataView(new ArrayBuffer(0));

  constructor(private readonly width: number) {}

  /** Whether so many columns can be kept so. */
  static canKeep(width: number): boolean {
    return width <= MAX_COLUMNS;
  }

  add(record: JsonRecord): void {
    const { width } = this;
    const count = record.fields;
    this.use(record.bytes);
    this.reserve(count);
    const { fields, records } = this;
    let { end } = this;
    for (let index = 0; index < count; index++) {
      const key = record.keys[index] ?? 0;
      if (key >= width || !record.hasValue(key)) continue;
      fields[end] = key | (record.marks[key] ?? 0);
      fields[end + 1] = record.starts[key] ?? 0;
      fields[end + 2] = record.ends[key] ?? 0;
      end += FIELD_INTS;
    }
    this.end = end;
    const at = this.rows++ * RECORD_INTS;
    records[at] = record.start;
    records[at + 1] = record.end;
    records[at + 2] = end;
  }

  take(): { rows: readonly Row[]; raw: JsonRows } | undefined {
    const { rows, records, fields, bytes, view } = this;
    if (rows === 0) return undefined;
    this.rows = 0;
    this.end = 0;
    return { rows: [], raw: { wire: 'json', bytes, view, rows, records, fields } };
  }

  private use(bytes: Buffer): void {
    if (this.bytes === bytes) return;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  private reserve(fields: number): void {
    if ((this.rows + 1) * RECORD_INTS > this.records.length) this.records = twiceAsLong(this.records);
    while (this.end + fields * FIELD_INTS > this.fields.length) this.fields = twiceAsLong(this.fields);
  }
}

function twiceAsLong(numbers: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(2 * numbers.length);
  longer.set(numbers);
  return longer;
}
