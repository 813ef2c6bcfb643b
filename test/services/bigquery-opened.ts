import type { Cell, Row } from '../../core/cells';
import type { Extractor, SplitHints } from '../../core/extractor';
import type { JsonObject, SourceSpec, Window, WorkUnit } from '../../core/plan';
import { bigquerySource } from '../../extractors/bigquery/bigquery';
import { quietServices } from '../contract/quiet-services';
import type { BigQueryServer } from './bigquery-server';

/** What a test asks of a source. */
export interface SourceQuestion {
  readonly connection?: JsonObject;
  readonly object: SourceSpec['object'];
  readonly filter?: string;
  readonly timezone?: string;
}

/** The source as a run opens it, on a server of a test. */
export async function openBigquery(
  server: BigQueryServer,
  { connection = {}, ...question }: SourceQuestion,
): Promise<Extractor> {
  return await bigquerySource.open(
    {
      type: 'bigquery',
      connectionName: 'analytics',
      connection: { ...connectionTo(server), ...connection },
      maxConnections: 4,
      ...question,
    },
    quietServices('/'),
  );
}

/** The fields of a connection to a server of a test. */
export function connectionTo(server: BigQueryServer): JsonObject {
  return {
    project: server.project,
    dataset: server.dataset,
    credentials: 'anonymous',
    endpoint: server.endpoint,
    storage_read_endpoint: server.storageEndpoint,
  };
}

export interface Everything {
  readonly hints: SplitHints;
  readonly pin: JsonObject | undefined;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

/** Goes the way of a run: pins the source, cuts it, and reads all units. */
export async function readEverything(
  extractor: Extractor,
  signal: AbortSignal,
  window: Window | null = null,
): Promise<Everything> {
  const columns = (await extractor.schema(signal)).columns.map(({ name }) => name);
  const pin = await extractor.pin(signal);
  const hints = await extractor.splits(window, signal, columns);
  const units: WorkUnit[] =
    hints.kind === 'streams'
      ? hints.streams.map(({ name }, index) => ({ id: `s${index}`, kind: 'stream', stream: name }))
      : [{ id: 'all', kind: 'all' }];
  const rows: Row[] = [];
  for (const unit of units) {
    const { batches } = extractor.read({ unit, window, columns, limit: null, pin }, signal);
    for await (const batch of batches) {
      if (batch.rejects.length > 0) throw new Error(JSON.stringify(batch.rejects));
      rows.push(...batch.rows);
    }
  }
  return { hints, pin, columns, rows };
}

/** Rows as texts in order, for comparing. */
export function sortedRows(rows: readonly Row[]): string[] {
  return rows.map(rowText).sort();
}

function rowText(row: Row): string {
  return JSON.stringify(row, (_key, cell: Cell) => (typeof cell === 'bigint' ? `${cell}n` : cell));
}
