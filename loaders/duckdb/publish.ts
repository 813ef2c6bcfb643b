import type { WarehouseSession } from '../../core/clients/duckdb';
import { BeamliftError } from '../../core/errors';
import type { RunContext } from '../../core/plan';
import type { DestinationTable } from './destination-table';
import { mergeRows } from './merge';
import { quoteIdentifier, quoteTable, showTable, type TableName } from './sql-text';
import { selectStaged } from './staged-columns';
import type { TableDefinition } from './table-definition';

/** The rows of a run, as they are staged. */
export interface StagedRows {
  /** Absolute paths, in the order of units and of parts within them. */
  readonly files: readonly string[];
  readonly rows: number;
}

/** What publishing did to the table. */
export interface Published {
  readonly rowsLoaded: number;
  readonly rowsSuperseded: number;
}

/**
 * Files in one INSERT. More statements leave more half-filled row groups in memory (20 files of 25 MB one by one: a peak of 360 MB and not 245),
 * longer ones more names in the statement (20,000 files at once: 270 MB, by thousands: 160).
 */
const FILES_PER_STATEMENT = 1_000;

/** Changes the table inside of the commit's transaction. Throws COUNT_MISMATCH or EMPTY_REPLACE. */
export async function publishRows(
  session: WarehouseSession,
  context: RunContext,
  target: DestinationTable,
  staged: StagedRows,
): Promise<Published> {
  switch (context.disposition) {
    case 'append':
      await insertStaged(session, context, target, target.definition.table, staged);
      return { rowsLoaded: staged.rows, rowsSuperseded: 0 };
    case 'replace':
      if (staged.rows === 0 && !context.allowEmpty) await refuseEmpty(session, context, target);
      if (context.keyColumns.length > 0) {
        // A job that merges, loaded anew: one row for each key, as if every run had been merged.
        await session.run(`DELETE FROM ${quoteTable(target.definition.table)}`);
        return await mergeStaged(session, context, target, staged);
      }
      await replaceRows(session, context, target, staged);
      return { rowsLoaded: staged.rows, rowsSuperseded: 0 };
    case 'merge':
      return await mergeStaged(session, context, target, staged);
  }
}

async function mergeStaged(
  session: WarehouseSession,
  context: RunContext,
  target: DestinationTable,
  staged: StagedRows,
): Promise<Published> {
  const superseded = await mergeRows(session, context, target, async (scratch) => {
    await insertStaged(session, context, target, scratch, staged);
  });
  return { rowsLoaded: staged.rows - superseded, rowsSuperseded: superseded };
}

async function countRows(session: WarehouseSession, table: TableName): Promise<number> {
  const [row] = await session.rows(`SELECT count(*)::VARCHAR AS rows FROM ${quoteTable(table)}`);
  return Number(row?.['rows']);
}

/** Every staged row, once, or COUNT_MISMATCH. */
async function insertStaged(
  session: WarehouseSession,
  context: RunContext,
  { columns, definition }: DestinationTable,
  into: TableName,
  staged: StagedRows,
): Promise<void> {
  const names = columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  // Staged names are those of the plan; the table may spell them in another case.
  const read = context.destinationSchema.columns.map(({ name }, index) => ({
    name,
    type: columns[index]?.type ?? { kind: 'scalar' as const, name: 'VARCHAR' },
  }));
  let inserted = 0;
  for (let from = 0; from < staged.files.length; from += FILES_PER_STATEMENT) {
    const files = staged.files.slice(from, from + FILES_PER_STATEMENT);
    const select = selectStaged(context.stagingFormat, read, files);
    inserted += await session.run(`INSERT INTO ${quoteTable(into)} (${names}) ${select}`);
  }
  if (inserted === staged.rows) return;
  throw new BeamliftError('COUNT_MISMATCH', {
    what: `${staged.rows} rows are staged, but DuckDB read ${inserted} of them`,
    where: { job: context.job, object: showTable(definition.table) },
    hint: 'Nothing was published. Run the job again; if it happens twice, please report it with the run id.',
  });
}

/**
 * All rows are other ones, everything else of the table stays. DELETE keeps the table, but marks each old row in memory (8 bytes a row that
 * cannot be spilled: 12,000,000 rows fail with 100 MB). So a table that is nothing but columns is built anew beside the old one and takes
 * its name, which needs the same memory for any size (12,000,000 rows: a peak of 148 MB with a limit of 64 MB).
 */
async function replaceRows(
  session: WarehouseSession,
  context: RunContext,
  target: DestinationTable,
  staged: StagedRows,
): Promise<void> {
  const { definition } = target;
  const { table } = definition;
  const successor = { schema: table.schema, name: SUCCESSOR };
  if (mayBePlain(definition)) {
    await session.run(`CREATE TABLE ${quoteTable(successor)} AS FROM ${quoteTable(table)} LIMIT 0`);
    if (await isSameButName(session, successor, definition)) {
      await insertStaged(session, context, target, successor, staged);
      await session.run(`DROP TABLE ${quoteTable(table)}`);
      await session.run(`ALTER TABLE ${quoteTable(successor)} RENAME TO ${quoteIdentifier(table.name)}`);
      return;
    }
    await session.run(`DROP TABLE ${quoteTable(successor)}`);
  }
  await session.run(`DELETE FROM ${quoteTable(table)}`);
  await insertStaged(session, context, target, table, staged);
}

/** Exists within the transaction alone. */
const SUCCESSOR = '_beamlift_successor';

/** Enums have names, which a copy would lose. */
function mayBePlain({ adorned, columns }: TableDefinition): boolean {
  return (
    !adorned &&
    columns.every((column) => column.nullable && column.comment === undefined && !hasEnum(column.type))
  );
}

function hasEnum(type: TableDefinition['columns'][number]['type']): boolean {
  switch (type.kind) {
    case 'enum':
      return true;
    case 'list':
    case 'array':
      return hasEnum(type.element);
    case 'map':
      return hasEnum(type.key) || hasEnum(type.value);
    case 'struct':
      return type.fields.some((field) => hasEnum(field.type));
    default:
      return false;
  }
}

/** Defaults, generated columns, checks and collations are all in the CREATE TABLE: what is equal there loses nothing. */
async function isSameButName(
  session: WarehouseSession,
  copy: TableName,
  { table, sql }: TableDefinition,
): Promise<boolean> {
  const [row] = await session.rows(
    `SELECT sql FROM duckdb_tables()
      WHERE database_name = current_database() AND schema_name = $1 AND table_name = $2`,
    [copy.schema, copy.name],
  );
  const copied = row?.['sql'];
  if (typeof copied !== 'string') return false;
  const body = copied.slice(copied.indexOf('('));
  const head = sql.slice(0, -body.length);
  const { schema, name } = table;
  const names = [name, quoteIdentifier(name)];
  const schemas = ['', `${schema}.`, `${quoteIdentifier(schema)}.`];
  return (
    sql.endsWith(body) &&
    schemas.some((before) => names.some((written) => head === `CREATE TABLE ${before}${written}`))
  );
}

async function refuseEmpty(
  session: WarehouseSession,
  context: RunContext,
  { definition: { table } }: DestinationTable,
): Promise<void> {
  const rows = await countRows(session, table);
  if (rows === 0) return;
  throw new BeamliftError('EMPTY_REPLACE', {
    what: `The load would empty ${showTable(table)}: it read no rows, and the table has ${rows}`,
    where: { job: context.job, object: showTable(table) },
    why: 'A source without rows is more often a mistake than meant.',
    hint: 'Set `allow_empty: true` for the job if the table is to be emptied. The table is as it was.',
  });
}
