import type { Cell, Row } from '../../core/cells';
import type { CsvLayout } from '../../core/csv-rows';
import type { RowBatch } from '../../core/extractor';
import type { Reject } from '../../core/reject';
import type { Column } from '../../core/schema';
import type { CsvSettings } from './csv-dialect';
import type { CsvHead } from './csv-ranges';
import { csvLayout } from './csv-layout';
import type { CsvRecord } from './csv-record';
import type { CsvScanner } from './csv-scanner';
import { CsvTable } from './csv-table';

export interface CollectorOptions {
  /** What the file's beginning said, where only a later part of it is read. */
  readonly head?: CsvHead | undefined;
  /** Whether rows may stay undecoded: then a batch must be taken for each piece that is fed. */
  readonly takesRaw?: boolean | undefined;
}

/** Makes rows of the columns that are asked for out of records; one batch at a time. */
export class RowCollector {
  private readonly table: CsvTable;
  private readonly takesRaw: boolean;
  /** Places of the columns in this file; -1 where it has no such column. Undefined until its columns are known. */
  private places: Int32Array | undefined;
  private layout: CsvLayout | undefined;
  private rows: Row[] = [];
  /** Where the fields of rows begin that stay as they are. */
  private bases: number[] = [];
  /** Lines on which the rows begin, and those that stay as they are. */
  private lines: number[] = [];
  private rawLines: number[] = [];
  private rejects: Reject[] = [];

  constructor(
    private readonly settings: CsvSettings,
    private readonly columns: readonly Column[],
    private readonly scanner: () => CsvScanner,
    { head, takesRaw = false }: CollectorOptions,
  ) {
    this.table = new CsvTable(settings, head?.columns);
    this.takesRaw = takesRaw;
  }

  add(record: CsvRecord): void {
    const { table } = this;
    const kind = table.classify(record);
    if (kind === 'skip') return;
    if (kind === 'reject') {
      const refusal = table.refusal(record);
      if (refusal !== undefined) throw refusal;
      this.rejects.push(table.reject(record));
      return;
    }
    this.places ??= this.findPlaces();
    if (this.takesRaw && record.isValid) {
      const width = table.columns?.names.length ?? 0;
      if (record.count < width) record.padTo(width);
      this.bases.push(record.base);
      this.rawLines.push(record.line);
    } else {
      const cells = this.cellsOf(record, this.places);
      if (cells === undefined) return;
      this.rows.push(cells);
      this.lines.push(record.line);
    }
  }

  /** The batch so far, which came from `bytes` at the source. */
  take(bytes: number): RowBatch {
    const { rows, bases, rejects, places } = this;
    const lines = this.lines.concat(this.rawLines);
    this.rows = [];
    this.bases = [];
    this.rejects = [];
    this.lines = [];
    this.rawLines = [];
    const batch = { rows, rejects, bytes, nameRow: (index: number) => `line ${lines[index] ?? '?'}` };
    const { open } = this.scanner();
    if (bases.length === 0 || places === undefined || open === undefined) return batch;
    this.layout ??= csvLayout(this.settings, open.dialect);
    const { layout } = this;
    return { ...batch, raw: { wire: 'csv', ...open.found, bases, rows: bases.length, places, layout } };
  }

  private cellsOf(record: CsvRecord, places: Int32Array): Cell[] | undefined {
    const { table } = this;
    const cells: Cell[] = [];
    for (const place of places) {
      const cell = place < 0 ? null : table.cell(record, place);
      if (cell === undefined) {
        const name = table.columns?.names[place] ?? '';
        this.rejects.push(table.rejectBytes(record, name, this.scanner().encodingName));
        return undefined;
      }
      cells.push(cell);
    }
    return cells;
  }

  private findPlaces(): Int32Array {
    const places = new Map(this.table.columns?.names.map((name, index) => [name, index]));
    return Int32Array.from(this.columns, (column) => places.get(column.name) ?? -1);
  }
}
