import assert from 'node:assert/strict';
import type { Row } from '../../../core/cells';
import type { RowBatch } from '../../../core/extractor';
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

/** Describes and reads a whole file with all of its columns: as cells, and as rows that stay undecoded, which must be the same. */
export async function readCsvFile(file: MemoryFile, options: FormatOptions = {}): Promise<CsvReading> {
  const reader = csvReader(options);
  const description = await reader.describe(file, NEVER_ABORTED);
  const { columns } = description;
  const content = await collect(reader.read(file, columns, NEVER_ABORTED));
  const raw = await collect(reader.read(file, columns, NEVER_ABORTED, undefined, true));
  assert.deepEqual(raw, content);
  return { description, names: columns.map((column) => column.name), ...content };
}

async function collect(batches: AsyncIterable<RowBatch>): Promise<Omit<CsvReading, 'description' | 'names'>> {
  const rows: Row[] = [];
  const places: string[] = [];
  const rejects: Reject[] = [];
  let bytes = 0;
  for await (const batch of batches) {
    const all = rowsOf(batch);
    rows.push(...all);
    places.push(...all.map((_, index) => batch.nameRow?.(index) ?? ''));
    rejects.push(...batch.rejects);
    bytes += batch.bytes;
  }
  return { rows, places, rejects, bytes };
}

/** The rows of a batch, and behind them those that were left undecoded. */
export function rowsOf({ rows, raw }: RowBatch): Row[] {
  if (raw === undefined) return [...rows];
  assert.equal(raw.wire, 'csv');
  const { bytes, fields, bases, places, layout } = raw;
  assert.equal(bases.length, raw.rows);
  const decoded = bases.map((base) =>
    Array.from(places, (place) => {
      const at = base + 2 * place;
      return place < 0 ? null : layout.decode(bytes, fields[at] ?? 0, fields[at + 1] ?? 0);
    }),
  );
  return [...rows, ...decoded];
}

export async function readCsvText(
  text: string | Uint8Array,
  options: FormatOptions = {},
): Promise<CsvReading> {
  return readCsvFile(new MemoryFile(Buffer.from(text)), options);
}
