import { BATCH_BYTES, type RowBatch } from '../../core/extractor';
import type { FileRange } from '../../core/plan';
import type { Column } from '../../core/schema';
import { RowCollector } from './csv-collector';
import { csvSettings, type CsvSettings, type FormatOptions } from './csv-dialect';
import { csvHead, csvRanges, type CsvHead } from './csv-ranges';
import { sampleCsv } from './csv-sample';
import { CsvScanner } from './csv-scanner';
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
    read: (file, columns, signal, range, takesRaw = false) =>
      range === undefined
        ? readCsv(file, { columns, settings, takesRaw }, signal)
        : readCsvRange(file, range, { columns, settings, takesRaw }, signal),
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

/** What is wanted of a file. */
interface CsvRequest {
  readonly columns: readonly Column[];
  readonly settings: CsvSettings;
  readonly takesRaw: boolean;
}

async function* readCsv(
  file: FileContent,
  { columns, settings, takesRaw }: CsvRequest,
  signal: AbortSignal,
): AsyncGenerator<RowBatch> {
  const collector = new RowCollector(settings, columns, () => scanner, { takesRaw });
  const scanner = new CsvScanner(settings, (record) => collector.add(record));
  yield* scanBatches(file, scanner, (bytes) => collector.take(bytes), signal, batchBytes(takesRaw));
}

async function* readCsvRange(
  file: FileContent,
  range: FileRange,
  { columns, settings, takesRaw }: CsvRequest,
  signal: AbortSignal,
): AsyncGenerator<RowBatch> {
  let head: CsvHead | undefined;
  if (range.start > 0) {
    head = await csvHead(file, settings, signal);
    if (head === undefined || range.start < head.end) throw wrongCut(file, range.start);
  }
  const collector = new RowCollector(settings, columns, () => scanner, { head, takesRaw });
  const scanner = new CsvScanner(settings, (record) => collector.add(record), head?.start);
  const proven = provenRange(scanner, () => scanner.isBetweenRecords, file, range);
  const content = rangeContent(file, range.start, range.end);
  const take = (bytes: number): RowBatch => collector.take(bytes);
  for await (const batch of scanBatches(content, proven, take, signal, batchBytes(takesRaw))) {
    yield placedInRange(batch, range);
  }
}

/** Records that stay as they are are those of one piece. */
function batchBytes(takesRaw: boolean): number {
  return takesRaw ? 0 : BATCH_BYTES;
}
