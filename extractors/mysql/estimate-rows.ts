import type { Estimate, Window } from '../../core/plan';
import { quoteLiteral } from './names';
import type { Relation } from './relation';
import { selectStatement, whereClause } from './select-statement';
import type { MysqlSession } from './session';

/** A table of so many bytes is read in well under a second: then it is counted. */
export const CHEAP_SCAN_BYTES = 64 * 1024 * 1024;

/** What the catalogue keeps about a table. */
export interface TableSize {
  /** A guess of the storage engine, which may be off by half. */
  readonly rows: number;
  readonly bytes: number;
}

/** Undefined where the catalogue says nothing: views and queries. */
export async function tableSize(session: MysqlSession, { table }: Relation): Promise<TableSize | undefined> {
  if (table === undefined || table.isView) return undefined;
  const { rows } = await session.query(
    `SELECT TABLE_ROWS, DATA_LENGTH FROM information_schema.TABLES
     WHERE TABLE_SCHEMA = ${quoteLiteral(table.database)} AND TABLE_NAME = ${quoteLiteral(table.name)}`,
  );
  const [count, bytes] = rows[0] ?? [];
  if (typeof count !== 'string' || typeof bytes !== 'string') return undefined;
  return { rows: Number(count), bytes: Number(bytes) };
}

/** How many rows and bytes a window has. Small tables are counted; everything else is what the server's optimizer expects. */
export async function estimateRows(
  session: MysqlSession,
  relation: Relation,
  filter: string | undefined,
  window: Window | null,
): Promise<Estimate> {
  const size = await tableSize(session, relation);
  const where = whereClause(relation, { unit: undefined, window, filter });
  if (size !== undefined && size.bytes <= CHEAP_SCAN_BYTES) {
    const count = await session.queryValue(
      `SELECT COUNT(*) FROM ${relation.from} ${where}`,
      `The rows of ${relation.name} could not be counted`,
    );
    const rows = Number(count ?? 0);
    return { rows, bytes: rows === 0 ? 0 : where === '' ? size.bytes : null, quality: 'exact' };
  }
  if (size !== undefined && where === '')
    return { rows: size.rows, bytes: size.bytes, quality: 'statistics' };
  const statement = selectStatement(relation, relation.columns, { unit: undefined, window, filter }, null);
  const rows = await expectedRows(session, relation, statement);
  if (rows === null) return { rows: null, bytes: null, quality: 'unknown' };
  const share = size === undefined || size.rows === 0 ? undefined : Math.min(1, rows / size.rows);
  const bytes = size === undefined || share === undefined ? null : Math.round(size.bytes * share);
  return { rows: Math.round(rows), bytes, quality: 'statistics' };
}

/** What EXPLAIN expects of the outermost join: the product of its tables' rows. Null where it does not say. */
async function expectedRows(
  session: MysqlSession,
  relation: Relation,
  statement: string,
): Promise<number | null> {
  const { fields, rows } = await session.query(
    `EXPLAIN ${statement}`,
    `MySQL refused to plan the reading of ${relation.name}`,
  );
  const column = (name: string): number => fields.findIndex((field) => field.name === name);
  const [id, count, filtered] = [column('id'), column('rows'), column('filtered')];
  const outermost = rows.filter((row) => row[id] === rows[0]?.[id]);
  let product = 1;
  for (const row of outermost) {
    const expected = row[count];
    if (typeof expected !== 'string') return null;
    product *= Number(expected) * (Number(row[filtered] ?? 100) / 100);
  }
  return Number.isFinite(product) ? product : null;
}
