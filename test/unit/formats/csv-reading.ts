import type { Row } from '../../../core/cells';
import type { Reject } from '../../../core/reject';
import { csvReader } from '../../../extractors/formats/csv';
import type { FormatOptions } from '../../../extractors/formats/csv-dialect';
import type { FileDescription } from '../../../extractors/formats/format-reader';
import { MemoryFile } from './memory-file';

export const NEVER_ABORTED = new AbortController().signal;

export interface CsvReading {
  readonly description: FileDescription;
  readonly names: readonly string[];
  readonly rows: readonly Row[];
  /** What `nameRow` called each row. */
  readonly places: readonly string[];
  readonly rejects: readonly Reject[];
  readonly bytes: number;
}

/** Describes and reads a whole file with all of its columns. */
export async function readCsvFile(file: MemoryFile, options: FormatOptions = {}): Promise<CsvReading> {
  const reader = csvReader(options);
  const description = await reader.describe(file, NEVER_ABORTED);
  const rows: Row[] = [];
  const places: string[] = [];
  const rejects: Reject[] = [];
  let bytes = 0;
  for await (const batch of reader.read(file, description.columns, NEVER_ABORTED)) {
    rows.push(...batch.rows);
    places.push(...batch.rows.map((_, index) => batch.nameRow?.(index) ?? ''));
    rejects.push(...batch.rejects);
    bytes += batch.bytes;
  }
  return {
    description,
    names: description.columns.map((column) => column.name),
    rows,
    places,
    rejects,
    bytes,
  };
}

export async function readCsvText(
  text: string | Uint8Array,
  options: FormatOptions = {},
): Promise<CsvReading> {
  return readCsvFile(new MemoryFile(Buffer.from(text)), options);
}
