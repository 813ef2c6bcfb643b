import { quoteIdentifier } from './qualified-name';
import type { Relation, RelationColumn } from './relation';
import type { PostgresSession } from './session';

/** A table of so many bytes is read in well under a second: then counting needs no index. */
export const CHEAP_SCAN_BYTES = 64 * 1024 * 1024;

/** Whether a complete index begins with the column, so that its ends and its NULLs are found without reading the table. */
const INDEX_QUERY = `
SELECT EXISTS (
  SELECT 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
  WHERE i.indrelid = $1::oid AND i.indisvalid AND i.indpred IS NULL AND m.amname = 'btree' AND a.attname = $2)`;

/** Whether a whole, valid b-tree index begins with the column: then its ends are found without reading the table. */
export async function hasIndexOn(
  session: PostgresSession,
  relation: Relation,
  column: string,
): Promise<boolean> {
  if (relation.table === undefined) return false;
  const found = await session.queryValue(INDEX_QUERY, [String(relation.table.oid), column]);
  return found === 't';
}

/** Bytes of a table and its partitions; null where they say nothing about the work of reading (views, foreign tables, queries). */
export async function heapBytes(session: PostgresSession, relation: Relation): Promise<number | null> {
  const { table } = relation;
  if (table === undefined || table.kind === 'view' || table.kind === 'foreign table') return null;
  const bytes = await session.queryValue(
    `SELECT sum(pg_relation_size(t.relid)) FROM (
       SELECT relid FROM pg_partition_tree($1::oid::regclass) UNION SELECT $1::oid) t`,
    [String(table.oid)],
  );
  return bytes === null ? null : Number(bytes);
}

/** Rows with NULL in a column, where counting them is cheap; null where it is not. The filter of the job is left aside. */
export async function countNulls(
  session: PostgresSession,
  relation: Relation,
  column: RelationColumn,
): Promise<number | null> {
  if (!column.nullable) return 0;
  const bytes = await heapBytes(session, relation);
  const isCheap =
    bytes !== null && (bytes <= CHEAP_SCAN_BYTES || (await hasIndexOn(session, relation, column.name)));
  if (!isCheap) return null;
  const count = await session.queryValue(
    `SELECT count(*) FROM ${relation.from} WHERE ${quoteIdentifier(column.name)} IS NULL`,
    [],
    `Rows without ${column.name} could not be counted`,
  );
  return Number(count);
}
