import type { Cell } from '../../core/cells';
import type { CsvLayout, CsvRows } from '../../core/csv-rows';
import type { DecodedRow } from '../../core/raw-rows';
import { CsvManyRows } from './csv-many-rows';
import { compileCsvRow, type CsvRowWriter } from './csv-row';
import type { CodecInput, RowCodec } from './row-codec';

/** So many writers are kept, for files whose columns are in different orders. */
const MAX_WRITERS = 16;

/** Of records that lie alike. */
interface Compiled {
  readonly rows: CsvRowWriter | undefined;
  readonly many: CsvManyRows | undefined;
}

/** Records of CSV files. */
export class CsvCodec implements RowCodec {
  private readonly writers = new Map<string, Compiled>();
  private compiled: Compiled | undefined;
  private layout: CsvLayout | undefined;
  private places: Int32Array = new Int32Array(0);
  private bytes: Buffer = Buffer.alloc(0);
  private view: DataView = new DataView(new ArrayBuffer(0));
  private fields: Int32Array = new Int32Array(0);
  private bases: readonly number[] = [];
  /** The row at hand, and where its fields begin. */
  private row = 0;
  private base = 0;

  constructor(private readonly input: CodecInput) {}

  begin(rows: CsvRows): void {
    if (rows.places !== this.places || rows.layout !== this.layout) this.compile(rows);
    this.bytes = rows.bytes;
    this.view = rows.view;
    this.fields = rows.fields;
    this.bases = rows.bases;
    this.row = 0;
    this.base = rows.bases[0] ?? 0;
    this.compiled?.many?.begin(rows);
  }

  writeMany(rows: number, each: (() => void) | undefined): number {
    const written = this.compiled?.many?.write(this.row, rows) ?? 0;
    if (each === undefined) {
      this.moveTo(this.row + written);
      return written;
    }
    for (let row = 0; row < written; row++) {
      each();
      this.next();
    }
    return written;
  }

  write(): boolean {
    const rows = this.compiled?.rows;
    return rows !== undefined && rows(this.bytes, this.view, this.fields, this.base);
  }

  decode(): DecodedRow {
    return { row: Array.from(this.places, (place) => this.field(place)) };
  }

  cell(column: number): Cell {
    const name = this.input.columns[column]?.source;
    const index = this.input.source.columns.findIndex((candidate) => candidate.name === name);
    return this.field(this.places[index] ?? -1);
  }

  next(): void {
    this.moveTo(this.row + 1);
  }

  private moveTo(row: number): void {
    this.row = row;
    this.base = this.bases[row] ?? 0;
  }

  private field(place: number): Cell {
    const { layout, fields, base } = this;
    if (layout === undefined || place < 0) return null;
    return layout.decode(this.bytes, fields[base + 2 * place] ?? 0, fields[base + 2 * place + 1] ?? 0);
  }

  /** For rows of another file. */
  private compile({ places, layout }: CsvRows): void {
    const { quote, nulls } = layout;
    const markers = nulls.markers.map((marker) => Buffer.from(marker).toString('hex'));
    const key = [places.join(), quote, nulls.quoted, ...markers].join(' ');
    this.places = places;
    this.layout = layout;
    this.compiled = this.writers.get(key);
    if (this.compiled !== undefined) return;
    if (this.writers.size >= MAX_WRITERS) this.writers.clear();
    const rows = compileCsvRow(places, layout, this.input);
    // What contradicts itself is for the reference, as a whole.
    const many = rows === undefined ? undefined : CsvManyRows.of(places, layout, this.input);
    this.compiled = { rows, many };
    this.writers.set(key, this.compiled);
  }
}
