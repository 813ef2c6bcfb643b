import { BeamliftError } from '../../core/errors';
import { BATCH_BYTES, type RowBatch } from '../../core/extractor';
import type { FileRange } from '../../core/plan';
import type { Column } from '../../core/schema';
import { widenJson } from '../../transforms/infer-json';
import type { FormatOptions } from './csv-dialect';
import { checkOptions } from './format-options';
import type { FileContent, FormatReader } from './format-reader';
import { JsonBatches } from './json-batches';
import { parseRecordsPath, type RecordsPath } from './json-path';
import { sampleJson } from './json-sample';
import { JsonScanner, type JsonFraming } from './json-scanner';
import { jsonlRanges } from './jsonl-ranges';
import { rangeContent } from './range-content';
import { placedInRange, provenRange } from './record-ranges';
import { scanBatches } from './scan-batches';

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
    read: (file, columns, signal, range, takesRaw) =>
      range === undefined
        ? readJson(file, 'lines', undefined, columns, signal, takesRaw)
        : readLinesOfRange(file, range, columns, signal, takesRaw),
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
    read: (file, columns, signal, _range, takesRaw) =>
      readJson(file, framing, path, columns, signal, takesRaw),
    wire: 'json',
    widenInferred: widenJson,
  };
}

async function* readJson(
  file: FileContent,
  framing: JsonFraming,
  path: RecordsPath | undefined,
  columns: readonly Column[],
  signal: AbortSignal,
  takesRaw = false,
): AsyncGenerator<RowBatch> {
  const batches = new JsonBatches(columns, framing === 'lines' ? 'line' : 'record', takesRaw);
  const scanner = new JsonScanner(framing, batches.names, (record) => batches.add(record), { path });
  try {
    yield* scanBatches(file, scanner, (bytes) => batches.take(bytes), signal, batchBytes(batches));
  } catch (error) {
    throw placed(error, file);
  }
}

async function* readLinesOfRange(
  file: FileContent,
  range: FileRange,
  columns: readonly Column[],
  signal: AbortSignal,
  takesRaw = false,
): AsyncGenerator<RowBatch> {
  const batches = new JsonBatches(columns, 'line', takesRaw);
  const start = range.start === 0 ? {} : { linesBefore: 0 };
  const scanner = new JsonScanner('lines', batches.names, (record) => batches.add(record), start);
  const proven = provenRange(scanner, () => scanner.isBetweenLines, file, range);
  const content = rangeContent(file, range.start, range.end);
  try {
    for await (const batch of scanBatches(
      content,
      proven,
      (bytes) => batches.take(bytes),
      signal,
      batchBytes(batches),
    )) {
      yield placedInRange(batch, range);
    }
  } catch (error) {
    throw placed(error, file);
  }
}

/** Rows that are bytes of the scanner are gone when it is fed again: each piece is a batch. */
function batchBytes({ areBytes }: JsonBatches): number {
  return areBytes ? 0 : BATCH_BYTES;
}

function placed(error: unknown, file: FileContent): unknown {
  return error instanceof BeamliftError ? error.at({ object: file.uri }) : error;
}
