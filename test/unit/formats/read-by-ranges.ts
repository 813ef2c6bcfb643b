import type { Row } from '../../../core/cells';
import { BeamliftError } from '../../../core/errors';
import type { FileRange } from '../../../core/plan';
import type { Column } from '../../../core/schema';
import type { FileContent, FormatReader } from '../../../extractors/formats/format-reader';
import { rowsOf } from './csv-reading';

export interface Part {
  readonly rows: Row[];
  /** What `nameRow` called each row. */
  readonly places: string[];
  /** Names and values of rejects. */
  readonly rejects: [row: string, value: string | undefined][];
  bytes: number;
}

/** Reads a file, or a range of it. */
export async function readPart(
  reader: FormatReader,
  file: FileContent,
  columns: readonly Column[],
  range?: FileRange,
  takesRaw = false,
): Promise<Part> {
  const part: Part = { rows: [], places: [], rejects: [], bytes: 0 };
  for await (const batch of reader.read(file, columns, new AbortController().signal, range, takesRaw)) {
    const rows = rowsOf(batch);
    part.rows.push(...rows);
    part.places.push(...rows.map((_, index) => batch.nameRow?.(index) ?? ''));
    part.rejects.push(...batch.rejects.map(({ row, value }): [string, string | undefined] => [row, value]));
    part.bytes += batch.bytes;
  }
  return part;
}

/** Ranges of bytes between cuts, whatever is there. */
export function rangesBetween(bytes: number, cuts: readonly number[]): FileRange[] {
  const bounds = [...new Set([0, ...cuts, bytes])].sort((a, b) => a - b);
  return bounds.slice(1).map((end, index) => {
    const start = bounds[index] ?? 0;
    return { by: 'byte', start, end, bytes: end - start };
  });
}

/** What all ranges together hold, one behind the other; undefined where one of them is refused. */
export async function readRanges(
  reader: FormatReader,
  file: FileContent,
  columns: readonly Column[],
  ranges: readonly FileRange[],
  takesRaw = false,
): Promise<(Pick<Part, 'rows' | 'bytes'> & { rejected: (string | undefined)[] }) | undefined> {
  const all = { rows: [] as Row[], bytes: 0, rejected: [] as (string | undefined)[] };
  for (const range of ranges) {
    try {
      const part = await readPart(reader, file, columns, range, takesRaw);
      all.rows.push(...part.rows);
      all.rejected.push(...part.rejects.map(([, value]) => value));
      all.bytes += part.bytes;
    } catch (error) {
      if (error instanceof BeamliftError && error.code === 'FORMAT_INVALID') return undefined;
      throw error;
    }
  }
  return all;
}
