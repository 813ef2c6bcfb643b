import type { Cell, Row } from '../../core/cells';
import { BeamliftError, showValue } from '../../core/errors';
import type { RowBatch } from '../../core/extractor';
import type { FileRange } from '../../core/plan';
import type { Reject } from '../../core/reject';
import type { Column } from '../../core/schema';
import { widenJson } from '../../transforms/infer-json';
import type { FormatOptions } from './csv-dialect';
import { checkOptions } from './format-options';
import type { FileContent, FormatReader } from './format-reader';
import { JsonNames } from './json-names';
import { parseRecordsPath, type RecordsPath } from './json-path';
import type { JsonRecord } from './json-record';
import { sampleJson } from './json-sample';
import { JsonScanner, type JsonFraming } from './json-scanner';
import { jsonlRanges } from './jsonl-ranges';
import { rangeContent } from './range-content';
import { placedInRange, provenRange } from './record-ranges';
import { scanBatches } from './scan-batches';

/** The name under which values are counted whose keys are too many to count one by one. */
export const OTHER_NAMES = '…';

/**
 * Reads JSON documents, one or several one behind the other: arrays of objects, or objects, each of which is one row; with `records_path`,
 * documents that hold such an array or object under that path. Keys of the objects are columns; a cell is the source text of its value, `null` and a missing key are null.
 *
 * A record that is no object, has a key twice or bytes that are not UTF-8 is a reject with its number. Broken JSON ends the file with
 * FORMAT_INVALID, which names the record and the byte; so does a document without the path. Throws CONFIG_INVALID for options of other formats.
 */
export function jsonReader(options: FormatOptions = {}): FormatReader {
  checkOptions('json', options);
  const path = options.records_path === undefined ? undefined : parseRecordsPath(options.records_path);
  return framedReader('document', typeof path === 'string' ? undefined : path);
}

/** Reads JSON lines: as `jsonReader`, but each line stands for itself, and a line that is broken is a reject with its number. */
export function jsonlReader(): FormatReader {
  return {
    ...framedReader('lines'),
    read: (file, columns, signal, range) =>
      range === undefined
        ? readJson(file, 'lines', undefined, columns, signal)
        : readLinesOfRange(file, range, columns, signal),
    ranges: (file, target, signal) => jsonlRanges(file, target.bytes, signal),
  };
}

function framedReader(framing: JsonFraming, path?: RecordsPath): FormatReader {
  return {
    async describe(file, signal) {
      try {
        return await sampleJson(file, framing, path, signal);
      } catch (error) {
        throw placed(error, file);
      }
    },
    read: (file, columns, signal) => readJson(file, framing, path, columns, signal),
    widenInferred: widenJson,
  };
}

async function* readJson(
  file: FileContent,
  framing: JsonFraming,
  path: RecordsPath | undefined,
  columns: readonly Column[],
  signal: AbortSignal,
): AsyncGenerator<RowBatch> {
  const collector = new RowCollector(columns, framing === 'lines' ? 'line' : 'record');
  const scanner = new JsonScanner(framing, collector.names, (record) => collector.add(record), { path });
  try {
    yield* scanBatches(file, scanner, (bytes) => collector.take(bytes), signal);
  } catch (error) {
    throw placed(error, file);
  }
}

async function* readLinesOfRange(
  file: FileContent,
  range: FileRange,
  columns: readonly Column[],
  signal: AbortSignal,
): AsyncGenerator<RowBatch> {
  const collector = new RowCollector(columns, 'line');
  const start = range.start === 0 ? {} : { linesBefore: 0 };
  const scanner = new JsonScanner('lines', collector.names, (record) => collector.add(record), start);
  const proven = provenRange(scanner, () => scanner.isBetweenLines, file, range);
  const content = rangeContent(file, range.start, range.end);
  try {
    for await (const batch of scanBatches(content, proven, (bytes) => collector.take(bytes), signal)) {
      yield placedInRange(batch, range);
    }
  } catch (error) {
    throw placed(error, file);
  }
}

function placed(error: unknown, file: FileContent): unknown {
  return error instanceof BeamliftError ? error.at({ object: file.uri }) : error;
}

/** Makes cells of the columns that are asked for; one batch at a time. */
class RowCollector {
  readonly names: JsonNames;
  private readonly width: number;
  private rows: Row[] = [];
  private numbers: number[] = [];
  private rejects: Reject[] = [];
  /** By number of the key, from `width` on. */
  private unknown: number[] = [];
  private unnumbered = 0;

  constructor(
    columns: readonly Column[],
    private readonly unit: 'line' | 'record',
  ) {
    const names = columns.map((column) => column.name);
    this.names = new JsonNames(names);
    this.width = names.length;
  }

  add(record: JsonRecord): void {
    if (record.problem !== undefined) {
      this.rejects.push({
        row: `${this.unit} ${record.number}`,
        ...(record.problemKey === undefined ? {} : { column: record.problemKey }),
        value: showValue(record.preview()),
        reason: record.problem,
      });
      return;
    }
    const cells = new Array<Cell>(this.width);
    for (let key = 0; key < this.width; key++) {
      const text = record.text(key);
      cells[key] = text === undefined || text === 'null' ? null : text;
    }
    this.rows.push(cells);
    this.numbers.push(record.number);
    this.countUnknown(record);
  }

  /** The batch so far, which came from `bytes` at the source. */
  take(bytes: number): RowBatch {
    const { rows, rejects, numbers, unit } = this;
    const unknownColumns = this.takeUnknown();
    this.rows = [];
    this.rejects = [];
    this.numbers = [];
    return {
      rows,
      rejects,
      bytes,
      nameRow: (index) => `${unit} ${numbers[index] ?? '?'}`,
      ...(unknownColumns.size === 0 ? {} : { unknownColumns }),
    };
  }

  private countUnknown(record: JsonRecord): void {
    this.unnumbered += record.unnumbered;
    for (let index = 0; index < record.fields; index++) {
      const key = record.keys[index] ?? 0;
      if (key >= this.width && record.hasValue(key)) this.unknown[key] = (this.unknown[key] ?? 0) + 1;
    }
  }

  private takeUnknown(): Map<string, number> {
    const counts = new Map<string, number>();
    this.unknown.forEach((count, key) => counts.set(this.names.names[key] ?? '', count));
    if (this.unnumbered > 0) counts.set(OTHER_NAMES, this.unnumbered);
    this.unknown = [];
    this.unnumbered = 0;
    return counts;
  }
}
