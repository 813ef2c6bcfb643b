import type { Cell, Row } from '../../../core/cells';
import type { Reject } from '../../../core/reject';
import type { Column } from '../../../core/schema';
import type { FileContent, FormatReader } from '../../../extractors/formats/format-reader';

/** A file in memory that remembers what was read of it. */
export interface MemoryFile extends FileContent {
  readonly reads: [start: number, end: number][];
}

export function memoryFile(content: Uint8Array, uri = 'test.parquet', pieceBytes = 64 * 1024): MemoryFile {
  const reads: [number, number][] = [];
  return {
    uri,
    bytes: content.length,
    seekable: true,
    reads,
    async *stream() {
      for (let at = 0; at < content.length; at += pieceBytes) {
        yield Uint8Array.from(content.subarray(at, at + pieceBytes));
      }
    },
    async slice(start, end) {
      reads.push([start, end]);
      return content.subarray(start, end);
    },
  };
}

export interface Everything {
  columns: readonly Column[];
  rows: Row[];
  names: string[];
  rejects: Reject[];
  bytes: number;
  batches: number;
}

/** Describes and reads a whole file. */
export async function readEverything(
  reader: FormatReader,
  file: FileContent,
  columns?: readonly Column[],
  signal = new AbortController().signal,
): Promise<Everything> {
  const wanted = columns ?? (await reader.describe(file, signal)).columns;
  const all: Everything = { columns: wanted, rows: [], names: [], rejects: [], bytes: 0, batches: 0 };
  for await (const batch of reader.read(file, wanted, signal)) {
    batch.rows.forEach((row, index) => {
      all.rows.push(row);
      all.names.push(batch.nameRow?.(index) ?? '');
    });
    all.rejects.push(...batch.rejects);
    all.bytes += batch.bytes;
    all.batches++;
  }
  return all;
}

/** A cell as golden files write it: `{"n": "1"}` whole numbers and instants, `{"hex": "00ff"}` bytes, `{"f": "NaN"}` what JSON has no number for. */
export function goldenCell(cell: Cell): unknown {
  if (typeof cell === 'bigint') return { n: String(cell) };
  if (typeof cell === 'number' && (!Number.isFinite(cell) || Object.is(cell, -0)))
    return { f: Object.is(cell, -0) ? '-0' : String(cell) };
  if (cell instanceof Uint8Array) return { hex: Buffer.from(cell).toString('hex') };
  if (Array.isArray(cell)) return cell.map((element: Cell) => goldenCell(element));
  return cell;
}
