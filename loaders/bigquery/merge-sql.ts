import type { TableReference } from '../../core/clients/bigquery-api';
import { BeamliftError } from '../../core/errors';
import type { RunContext } from '../../core/plan';
import type { Column } from '../../core/schema';
import { quoteIdentifier, quoteTable } from './sql-text';

/** The column of a condition that a table demands of every statement. */
export interface PartitionFilter {
  /** A column, or a pseudo column such as `_PARTITIONTIME`. */
  readonly column: string;
  /** Of the column, in GoogleSQL. */
  readonly type: 'DATE' | 'DATETIME' | 'TIMESTAMP' | 'INT64';
}

/** What both statements must know. */
export interface StagedRows {
  readonly table: TableReference;
  /** Where the rows are: they have one schema. */
  readonly sources: readonly TableReference[];
  /** The table's own names of what is staged. */
  readonly columns: readonly Column[];
}

/** Names that no column is likely to have: a column of the name of a table would be read in its place. */
const [TARGET, STAGED, ROW, PLACE] = ['beamlift_target', 'beamlift_staged', 'beamlift_row', 'beamlift_place'];

/**
 * One statement, so all of it or nothing happens: rows whose key the table has are updated, others are added.
 *
 * Of staged rows with one key the one with the greatest cursor counts (the window's column; nulls last), of equal ones the one whose JSON
 * is greatest: any, but always the same. A row of the table whose cursor is greater than the staged one's stays, and so does what is not
 * staged of a row. Keys are equal as `=` says: rows without a key were rejected before. Whether it was done is known by the id of its
 * job; done again, it would give the same table.
 *
 * All of the table's keys are read, whatever its partitioning: the row of a key may be in any partition. A table that demands a filter on
 * its partitioning column therefore takes no merge; the review of the plan says so.
 */
export function mergeStatement(context: RunContext, rows: StagedRows): string {
  const { columns } = rows;
  const keys = mergeKeys(context, columns);
  const cursor = cursorColumn(context, columns);
  const names = columns.map(({ name }) => quoteIdentifier(name));
  const onKey = keys.map((key) => `${TARGET}.${key} = ${STAGED}.${key}`);
  const others = names.filter((name) => !keys.includes(name));
  // Rows that have nothing but a key are updated to what they are: they count as loaded, as everywhere else.
  const set = (others.length > 0 ? others : keys).map((name) => `${name} = ${STAGED}.${name}`);
  const isNewer = cursor === undefined ? [] : [`COALESCE(${TARGET}.${cursor} <= ${STAGED}.${cursor}, TRUE)`];
  return [
    `MERGE INTO ${quoteTable(rows.table)} AS ${TARGET}`,
    `USING (${newestRows(rows.sources, names, keys, cursor)}) AS ${STAGED}`,
    `ON ${onKey.join(' AND ')}`,
    `WHEN MATCHED${isNewer.map((condition) => ` AND ${condition}`).join('')} THEN UPDATE SET ${set.join(', ')}`,
    insertStaged(names),
  ].join('\n');
}

/**
 * One statement that leaves the staged rows and no others in the table, and everything else of it as it was: schema, keys, row and column
 * policies, descriptions. It needs the right to see all rows, as every statement that changes a table with row policies does.
 * `filter`: set where the table takes no statement without a condition on its partitioning column; it gets one that every row meets.
 * Of a job with key columns (a merge that is loaded anew) the newest row of each key is left, as a merge would.
 */
export function replaceStatement(
  context: RunContext,
  rows: StagedRows,
  filter: PartitionFilter | undefined,
): string {
  const names = rows.columns.map(({ name }) => quoteIdentifier(name));
  const staged =
    context.keyColumns.length === 0
      ? unionOf(rows.sources)
      : newestRows(
          rows.sources,
          names,
          mergeKeys(context, rows.columns),
          cursorColumn(context, rows.columns),
        );
  const condition = filter === undefined ? '' : ` AND ${everyRow(filter)}`;
  return [
    `MERGE INTO ${quoteTable(rows.table)} AS ${TARGET}`,
    `USING (${staged}) AS ${STAGED}`,
    'ON FALSE',
    `WHEN NOT MATCHED BY SOURCE${condition} THEN DELETE`,
    insertStaged(names),
  ].join('\n');
}

/** Removes all rows and nothing else of the table. */
export function truncateStatement(table: TableReference): string {
  return `TRUNCATE TABLE ${quoteTable(table)}`;
}

function insertStaged(names: readonly string[]): string {
  const values = names.map((name) => `${STAGED}.${name}`).join(', ');
  return `WHEN NOT MATCHED THEN INSERT (${names.join(', ')}) VALUES (${values})`;
}

function newestRows(
  sources: readonly TableReference[],
  names: readonly string[],
  keys: readonly string[],
  cursor: string | undefined,
): string {
  const first = cursor === undefined ? '' : `${ROW}.${cursor} DESC NULLS LAST, `;
  const place = `ROW_NUMBER() OVER (PARTITION BY ${keys.map((key) => `${ROW}.${key}`).join(', ')} ORDER BY ${first}TO_JSON_STRING(${ROW}) DESC)`;
  const ranked = `SELECT ${names.map((name) => `${ROW}.${name}`).join(', ')}, ${place} AS ${PLACE} FROM (${unionOf(sources)}) AS ${ROW}`;
  return `SELECT ${names.join(', ')} FROM (${ranked}) WHERE ${PLACE} = 1`;
}

/** All rows of several tables that have the same columns in the same order. */
export function unionOf(sources: readonly TableReference[]): string {
  return sources.map((source) => `SELECT * FROM ${quoteTable(source)}`).join(' UNION ALL ');
}

function mergeKeys(context: RunContext, columns: readonly Column[]): string[] {
  const keys = context.keyColumns.map((key) => columns.find(({ name }) => sameName(name, key)));
  const found = keys.filter((key) => key !== undefined);
  if (found.length === 0 || found.length !== keys.length) {
    throw new BeamliftError('INTERNAL', { what: 'A merge was planned without its key columns' });
  }
  return found.map(({ name }) => quoteIdentifier(name));
}

/** The column that tells which of two rows is newer, if it is among those that are loaded. */
function cursorColumn(
  { window, columns: planned }: RunContext,
  columns: readonly Column[],
): string | undefined {
  if (window === null) return undefined;
  const index = planned.findIndex(({ source }) => source === window.column);
  const column = columns[index];
  if (column === undefined || ['json', 'variant', 'array', 'struct'].includes(column.type.kind))
    return undefined;
  return quoteIdentifier(column.name);
}

/** The least value of each type of partitioning column. */
const LEAST = {
  DATE: "DATE '0001-01-01'",
  DATETIME: "DATETIME '0001-01-01 00:00:00'",
  TIMESTAMP: "TIMESTAMP '0001-01-01 00:00:00+00'",
  INT64: '-9223372036854775808',
} as const;

function everyRow({ column, type }: PartitionFilter): string {
  const name = `${TARGET}.${quoteIdentifier(column)}`;
  return `(${name} >= ${LEAST[type]} OR ${name} IS NULL)`;
}

/** Names of columns that differ only in case are the same to BigQuery. */
export function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
