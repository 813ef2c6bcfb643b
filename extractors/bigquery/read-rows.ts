import type { TableField } from '../../core/clients/bigquery-api';
import type { BigQueryReader } from '../../core/clients/bigquery-reader-api';
import type { BigQueryStorage } from '../../core/clients/bigquery-storage-api';
import { BeamliftError, type ErrorPlace } from '../../core/errors';
import type { RowBatch } from '../../core/extractor';
import { ArrowDecoder, PageDecoder } from './row-batches';
import type { RowRange } from './row-range';

/** Bytes of an answer that pages are asked for; the first page tells how many rows that are. */
const PAGE_BYTES = 4 * 1024 * 1024;
const FIRST_PAGE_ROWS = 500;
const MAX_PAGE_ROWS = 50_000;

/** Reads a stream of the Storage Read API to its end. */
export async function* readStream(
  storage: BigQueryStorage,
  stream: string,
  fields: readonly TableField[],
  place: ErrorPlace,
  takesRaw: boolean,
  signal: AbortSignal,
): AsyncGenerator<RowBatch, void, undefined> {
  const { tableFromIPC } = await import('apache-arrow');
  const decoder = new ArrowDecoder(tableFromIPC, fields, place, takesRaw);
  for await (const chunk of storage.readStream(stream, signal)) yield* decoder.batches(chunk);
}

/** Reads rows of a table that does not change, page by page. Throws SOURCE_INCOMPLETE where there are fewer. */
export async function* readRange(
  reader: BigQueryReader,
  { table, start, end }: RowRange,
  fields: readonly TableField[],
  place: ErrorPlace,
  signal: AbortSignal,
): AsyncGenerator<RowBatch, void, undefined> {
  const resource = await reader.getTable(table, signal);
  if (resource === undefined) throw expired(place, table.tableId);
  const names = (resource.schema?.fields ?? []).map(({ name }) => name.toLowerCase());
  const positions = fields.map(({ name }) => names.indexOf(name.toLowerCase()));
  const decoder = new PageDecoder(fields);
  let next = start;
  let atOnce = FIRST_PAGE_ROWS;
  while (next < end) {
    const page = await reader.listRows(
      { table, fields: undefined, start: next, maxRows: Math.min(atOnce, end - next) },
      signal,
    );
    const count = page.rows.length;
    if (count === 0) {
      throw new BeamliftError('SOURCE_INCOMPLETE', {
        what: `BigQuery ended after ${next - start} of ${end - start} rows`,
        where: place,
      });
    }
    yield* decoder.batches(page.rows, page.bytes, positions);
    next += count;
    const perRow = Math.max(1, page.bytes / count);
    atOnce = Math.max(1, Math.min(MAX_PAGE_ROWS, Math.floor(PAGE_BYTES / perRow)));
  }
}

/** A result that was kept has gone. */
export function expired(place: ErrorPlace, table: string): BeamliftError {
  return new BeamliftError('SNAPSHOT_LOST', {
    what: 'The result of the query that this run reads is no longer there',
    where: place,
    why: `Table ${table} has expired, or was deleted; results are kept for a day.`,
    hint: 'Run the job again: nothing of this run was published.',
  });
}
