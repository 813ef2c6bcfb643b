import type { BigQueryConnection } from '../../core/clients/bigquery-connection';
import type { BigQueryReader, ListedTable } from '../../core/clients/bigquery-reader-api';
import type { DiscoveredObject } from '../../core/extractor';

/** Tables whose sizes are asked for, each by a request of its own: more would take minutes. */
const MAX_SIZED = 200;
const REQUESTS_AT_ONCE = 8;

/** Kinds that a job can read; models and routines are none. */
const VIEWS: ReadonlySet<string> = new Set(['VIEW', 'MATERIALIZED_VIEW', 'EXTERNAL']);
const TABLES: ReadonlySet<string> = new Set(['TABLE', 'SNAPSHOT']);

/**
 * Tables and views of the connection's dataset, or of all datasets of its project. A pattern is a name with `*` (any characters) and `?`
 * (one) in it, with or without the dataset.
 */
export async function discoverTables(
  reader: BigQueryReader,
  { project, dataset }: BigQueryConnection,
  pattern: string | undefined,
  signal: AbortSignal,
): Promise<DiscoveredObject[]> {
  const datasets = dataset === undefined ? await reader.listDatasets(project, signal) : [dataset];
  const matches = pattern === undefined ? () => true : patternTest(pattern);
  const found: ListedTable[] = [];
  for (const name of datasets) {
    const tables = await reader.listTables(project, name, signal);
    found.push(
      ...tables.filter(
        ({ reference, type }) =>
          (VIEWS.has(type) || TABLES.has(type)) &&
          (matches(reference.tableId) || matches(`${reference.datasetId}.${reference.tableId}`)),
      ),
    );
  }
  const sizes = await sizesOf(reader, found, signal);
  return found.map(({ reference, type }, index) => ({
    kind: VIEWS.has(type) ? 'view' : 'table',
    name: `${reference.datasetId}.${reference.tableId}`,
    schema: reference.datasetId,
    table: reference.tableId,
    rows: sizes[index]?.rows ?? null,
    bytes: sizes[index]?.bytes ?? null,
  }));
}

interface Size {
  readonly rows: number | null;
  readonly bytes: number | null;
}

/** Lists hold no sizes. */
async function sizesOf(
  reader: BigQueryReader,
  tables: readonly ListedTable[],
  signal: AbortSignal,
): Promise<(Size | undefined)[]> {
  const sizes: (Size | undefined)[] = [];
  const asked = tables.length > MAX_SIZED ? [] : tables;
  for (let start = 0; start < asked.length; start += REQUESTS_AT_ONCE) {
    const some = asked.slice(start, start + REQUESTS_AT_ONCE);
    sizes.push(...(await Promise.all(some.map(async (table) => await sizeOf(reader, table, signal)))));
  }
  return sizes;
}

async function sizeOf(
  reader: BigQueryReader,
  { reference, type }: ListedTable,
  signal: AbortSignal,
): Promise<Size | undefined> {
  if (!TABLES.has(type)) return undefined;
  const table = await reader.getTable(reference, signal);
  const numberOf = (text: string | undefined): number | null => (text === undefined ? null : Number(text));
  return { rows: numberOf(table?.numRows), bytes: numberOf(table?.numBytes) };
}

function patternTest(pattern: string): (name: string) => boolean {
  const expression = Array.from(pattern, (character) => {
    if (character === '*') return '.*';
    if (character === '?') return '.';
    return character.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  }).join('');
  const whole = new RegExp(`^${expression}$`, 'su');
  return (name) => whole.test(name);
}
