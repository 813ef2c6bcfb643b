import type { Cell, Row } from '../../core/cells';
import type { RowBatch } from '../../core/extractor';
import type { FileRange } from '../../core/plan';
import type { Reject } from '../../core/reject';
import type { Column } from '../../core/schema';
import { csvSettings, type CsvSettings, type FormatOptions } from './csv-dialect';
import { csvHead, csvRanges, type CsvHead } from './csv-ranges';
import type { CsvRecord } from './csv-record';
import { sampleCsv } from './csv-sample';
import { CsvScanner } from './csv-scanner';
import { CsvTable } from './csv-table';
import type { FileContent, FormatReader } from './format-reader';
import { checkOptions } from './format-options';
import { rangeContent } from './range-content';
import { placedInRange, provenRange, wrongCut } from './record-ranges';
import { scanBatches } from './scan-batches';

/**
 * Reads CSV. Every cell is text or null: an unquoted field that equals the null marker (empty, where none is configured) is null, a quoted
 * one never. What a sample says about the texts is the column's `inferredType`; a text that does not fit it is a reject later.
 *
 * Records with another number of fields than the header, with text behind a closing quote, beyond `MAX_RECORD_BYTES`, or with bytes
 * that are not valid in the encoding are rejects with their line; what `ragged_rows` says about the first of these. A quote that is never closed is FORMAT_INVALID: nothing after it
 * can be trusted. Throws CONFIG_INVALID for options that no file can have.
 */
export function csvReader(options: FormatOptions): FormatReader {
  checkOptions('csv', options);
  const settings = csvSettings(options);
  return {
    async describe(file, signal) {
      const sample = await sampleCsv(file, settings, signal);
      const columns = sample.columns.names.map((name, index): Column => {
        const inferredType = sample.types[index];
        const column: Column = { name, type: { kind: 'string' }, nullable: true };
        return inferredType === undefined ? column : { ...column, inferredType };
      });
      const notices = [...sample.columns.notices, ...delimiterNotice(sample.columns.names, settings)];
      return { columns, rows: sample.rows, notices };
    },
    read: (file, columns, signal, range) =>
      range === undefined
        ? readCsv(file, columns, settings, signal)
        : readCsvRange(file, range, columns, settings, signal),
    ranges: (file, target, signal) => csvRanges(file, settings, target.bytes, signal),
  };
}

/** One column whose name holds what usually stands between columns. */
function delimiterNotice(names: readonly string[], { delimiter, hasHeader }: CsvSettings): string[] {
  const [name = ''] = names;
  const likely = OTHER_DELIMITERS.find((other) => name.includes(other.text));
  if (names.length !== 1 || !hasHeader || likely === undefined || likely.text === delimiter) return [];
  return [`the header is one column, with ${likely.name} in its name; the delimiter may be ${likely.name}`];
}

const OTHER_DELIMITERS = [
  { text: ';', name: 'a semicolon' },
  { text: '\t', name: 'a tab' },
  { text: '|', name: 'a bar' },
  { text: ',', name: 'a comma' },
] as const;

async function* readCsv(
  file: FileContent,
  columns: readonly Column[],
  settings: CsvSettings,
  signal: AbortSignal,
): AsyncGenerator<RowBatch> {
  const collector = new RowCollector(settings, columns, () => scanner.encodingName);
  const scanner = new CsvScanner(settings, (record) => collector.add(record));
  yield* scanBatches(file, scanner, (bytes) => collector.take(bytes), signal);
}

async function* readCsvRange(
  file: FileContent,
  range: FileRange,
  columns: readonly Column[],
  settings: CsvSettings,
  signal: AbortSignal,
): AsyncGenerator<RowBatch> {
  let head: CsvHead | undefined;
  if (range.start > 0) {
    head = await csvHead(file, settings, signal);
    if (head === undefined || range.start < head.end) throw wrongCut(file, range.start);
  }
  const collector = new RowCollector(settings, columns, () => scanner.encodingName, head);
  const scanner = new CsvScanner(settings, (record) => collector.add(record), head?.start);
  const proven = provenRange(scanner, () => scanner.isBetweenRecords, file, range);
  const content = rangeContent(file, range.start, range.end);
  for await (const batch of scanBatches(content, proven, (bytes) => collector.take(bytes), signal)) {
    yield placedInRange(batch, range);
  }
}

/** Makes cells of the columns that are asked for; one batch at a time. */
class RowCollector {
  private readonly table: CsvTable;
  /** Places of the columns in this file; -1 where it has no such column. Undefined until its columns are known. */
  private places: Int32Array | undefined;
  private rows: Row[] = [];
  private lines: number[] = [];
  private rejects: Reject[] = [];

  constructor(
    settings: CsvSettings,
    private readonly columns: readonly Column[],
    private readonly encodingName: () => string,
    head?: CsvHead,
  ) {
    this.table = new CsvTable(settings, head?.columns);
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
    const cells: Cell[] = [];
    for (const place of this.places) {
      const cell = place < 0 ? null : table.cell(record, place);
      if (cell === undefined) {
        this.rejects.push(table.rejectBytes(record, table.columns?.names[place] ?? '', this.encodingName()));
        return;
      }
      cells.push(cell);
    }
    this.rows.push(cells);
    this.lines.push(record.line);
  }

  /** The batch so far, which came from `bytes` at the source. */
  take(bytes: number): RowBatch {
    const { rows, rejects, lines } = this;
    this.rows = [];
    this.rejects = [];
    this.lines = [];
    return { rows, rejects, bytes, nameRow: (index) => `line ${lines[index] ?? '?'}` };
  }

  private findPlaces(): Int32Array {
    const places = new Map(this.table.columns?.names.map((name, index) => [name, index]));
    return Int32Array.from(this.columns, (column) => places.get(column.name) ?? -1);
  }
}
