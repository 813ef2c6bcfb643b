import type { Estimate, Window } from '../../core/plan';
import { explain } from './explain';
import { CHEAP_SCAN_BYTES, heapBytes } from './null-rows';
import type { Relation } from './relation';
import { selectStatement, whereClause } from './select-statement';
import type { PostgresSession } from './session';

/** One table, or one partition of a partitioned one. */
interface LeafStatistics {
  /** As of the last VACUUM or ANALYZE; -1: there was none. */
  readonly tuples: number;
  readonly pages: number;
  readonly pagesNow: number;
}

const BLOCK_BYTES = 8192;

const LEAVES_QUERY = `
SELECT c.reltuples, c.relpages, pg_relation_size(c.oid) / current_setting('block_size')::int8
FROM (SELECT relid FROM pg_partition_tree($1::oid::regclass) WHERE isleaf UNION SELECT $1::oid) t
JOIN pg_class c ON c.oid = t.relid
WHERE c.relkind IN ('r', 'm')`;

/**
 * How many rows and bytes a window has. Small tables are counted; a whole table is what the statistics say, scaled to its
 * size now; a part of it, a view or a query is what the planner expects. Unknown where a table was never analysed.
 */
export async function estimateRows(
  session: PostgresSession,
  relation: Relation,
  filter: string | undefined,
  window: Window | null,
): Promise<Estimate> {
  const heap = await heapBytes(session, relation);
  const where = whereClause(relation, { unit: undefined, window, filter });
  if (heap !== null && heap <= CHEAP_SCAN_BYTES && relation.table?.kind !== 'foreign table') {
    return await countRows(session, relation, where, heap);
  }
  const whole = heap === null ? undefined : scaledRows(await leafStatistics(session, relation));
  const tableBytes = heap === null ? null : await storedBytes(session, relation);
  if (heap !== null && whole === null)
    return { rows: null, bytes: where === '' ? tableBytes : null, quality: 'unknown' };
  if (where === '' && whole !== undefined && whole !== null) {
    return { rows: Math.round(whole), bytes: tableBytes, quality: 'statistics' };
  }
  const statement = selectStatement(relation, relation.columns, { unit: undefined, window, filter }, null);
  const planned = await explain(
    session,
    statement,
    `PostgreSQL refused to plan the reading of ${relation.name}`,
  );
  const share = typeof whole === 'number' && whole > 0 ? Math.min(1, planned.rows / whole) : undefined;
  const bytes =
    share === undefined || tableBytes === null
      ? planned.rows * planned.width
      : Math.round(tableBytes * share);
  return { rows: Math.round(planned.rows), bytes, quality: 'statistics' };
}

async function countRows(
  session: PostgresSession,
  relation: Relation,
  where: string,
  heap: number,
): Promise<Estimate> {
  const { rows } = await session.query(
    `SELECT count(*) FROM ${relation.from} ${where}`,
    [],
    `The rows of ${relation.name} could not be counted`,
  );
  const count = Number(rows[0]?.[0] ?? 0);
  return {
    rows: count,
    bytes: where === '' || count === 0 ? (count === 0 ? 0 : heap) : null,
    quality: 'exact',
  };
}

async function leafStatistics(session: PostgresSession, relation: Relation): Promise<LeafStatistics[]> {
  const { rows } = await session.query(LEAVES_QUERY, [String(relation.table?.oid ?? 0)]);
  return rows.map(([tuples, pages, now]) => ({
    tuples: Number(tuples),
    pages: Number(pages),
    pagesNow: Number(now),
  }));
}

/**
 * Rows as the planner scales them: the density of the last look, times the pages of today. Null when a leaf that has pages
 * was never looked at; servers before 14 say 0 rows in 0 pages then.
 */
export function scaledRows(leaves: readonly LeafStatistics[]): number | null {
  let sum = 0;
  for (const { tuples, pages, pagesNow } of leaves) {
    if (pagesNow === 0) continue;
    if (tuples < 0 || pages === 0) return null;
    sum += (tuples / pages) * pagesNow;
  }
  return sum;
}

/** With what is stored out of line. */
async function storedBytes(session: PostgresSession, relation: Relation): Promise<number> {
  const bytes = await session.queryValue(
    `SELECT sum(pg_table_size(t.relid)) FROM (
       SELECT relid FROM pg_partition_tree($1::oid::regclass) UNION SELECT $1::oid) t`,
    [String(relation.table?.oid ?? 0)],
  );
  return Number(bytes ?? BLOCK_BYTES);
}
