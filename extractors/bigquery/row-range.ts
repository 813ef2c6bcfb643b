import { tablePathOf, type TableReference } from '../../core/clients/bigquery-api';
import type { SourceStream } from '../../core/extractor';

/** Rows of a table that does not change, by their numbers from 0; `end` exclusive. */
export interface RowRange {
  readonly table: TableReference;
  readonly start: number;
  readonly end: number;
}

/** Units of REST: each page takes a second or so, and units are read at the same time. */
const ROWS_PER_RANGE = 100_000;
const MAX_RANGES = 1_000;

/** The name of a range, as a stream of the plan. */
export function rangeName({ table, start, end }: RowRange): string {
  return `${tablePathOf(table)}/rows/${start}-${end}`;
}

const RANGE = /^projects\/([^/]+)\/datasets\/([^/]+)\/tables\/([^/]+)\/rows\/(\d+)-(\d+)$/;

/** Undefined: the name of a stream of the Storage Read API. */
export function parseRange(name: string): RowRange | undefined {
  const match = RANGE.exec(name);
  if (match === null) return undefined;
  const [, projectId = '', datasetId = '', tableId = '', start, end] = match;
  return { table: { projectId, datasetId, tableId }, start: Number(start), end: Number(end) };
}

/** All rows of a table, in ranges of about the same size. */
export function cutRows(table: TableReference, rows: number): SourceStream[] {
  const count = Math.min(MAX_RANGES, Math.ceil(rows / ROWS_PER_RANGE));
  return Array.from({ length: count }, (_, index) => {
    const start = Math.floor((rows * index) / count);
    const end = Math.floor((rows * (index + 1)) / count);
    return { name: rangeName({ table, start, end }), rows: end - start };
  });
}
