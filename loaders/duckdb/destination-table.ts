import type { WarehouseSession } from '../../core/clients/duckdb';
import type { WarehouseField } from '../../core/clients/warehouse-type';
import { BeamliftError } from '../../core/errors';
import type { RunContext } from '../../core/plan';
import { formatType } from '../../core/format-type';
import type { Column } from '../../core/schema';
import { quoteIdentifier, quoteTable, showTable, type TableName } from './sql-text';
import { findColumn, readTableDefinition, type TableDefinition } from './table-definition';
import { columnTypeOf, exactText, sqlType, warehouseTypeOf } from './types';

/** The table of a run, as it is inside of the commit's transaction. */
export interface DestinationTable {
  readonly definition: TableDefinition;
  /** For each column of the staged rows, in order: the table's column that it goes into. */
  readonly columns: readonly WarehouseField[];
}

/**
 * Makes the table and its new columns where the plan says so, and checks that it is still what the plan was made for.
 * Throws DESTINATION_NOT_FOUND or DESTINATION_FAILED where it is not.
 */
export async function prepareTable(
  session: WarehouseSession,
  context: RunContext,
  name: TableName,
): Promise<DestinationTable> {
  let definition = await readTableDefinition(session, name);
  if (definition === undefined) {
    if (!context.createTable) throw tableGone(context, name);
    await createTable(session, name, context.destinationSchema.columns);
    definition = await readTableDefinition(session, name);
  } else if (context.newColumns.length > 0) {
    await addColumns(session, definition, context.newColumns);
    definition = await readTableDefinition(session, name);
  }
  if (definition === undefined) throw tableGone(context, name);
  return { definition, columns: matchColumns(context, definition) };
}

/** Columns alone: no keys and no NOT NULL, which would only get in the way of later rows. */
async function createTable(
  session: WarehouseSession,
  table: TableName,
  columns: readonly Column[],
): Promise<void> {
  const fields = columns.map(
    ({ name, type }) => `${quoteIdentifier(name)} ${sqlType(warehouseTypeOf(type))}`,
  );
  await session.run(`CREATE TABLE ${quoteTable(table)} (${fields.join(', ')})`);
}

async function addColumns(
  session: WarehouseSession,
  { table, columns }: TableDefinition,
  added: readonly Column[],
): Promise<void> {
  for (const { name, type } of added) {
    if (findColumn(columns, name) !== undefined) continue;
    await session.run(
      `ALTER TABLE ${quoteTable(table)} ADD COLUMN ${quoteIdentifier(name)} ${sqlType(warehouseTypeOf(type))}`,
    );
  }
}

function matchColumns(context: RunContext, definition: TableDefinition): WarehouseField[] {
  const problems: string[] = [];
  const matched = context.destinationSchema.columns.map(({ name, type }) => {
    const found = findColumn(definition.columns, name);
    if (found === undefined || found.generated) {
      problems.push(`column ${name} is ${found === undefined ? 'gone' : 'computed by the table'}`);
    } else if (exactText(columnTypeOf(found.type, name)) !== exactText(type)) {
      problems.push(
        `column ${name} is ${formatType(columnTypeOf(found.type, name))} and not ${formatType(type)}`,
      );
    }
    return { name: found?.name ?? name, type: found?.type ?? warehouseTypeOf({ kind: 'string' }) };
  });
  if (problems.length === 0) return matched;
  throw new BeamliftError('DESTINATION_FAILED', {
    what: `The table ${showTable(definition.table)} is not what it was when the run was planned`,
    where: { job: context.job, object: showTable(definition.table) },
    why: problems.join('; '),
    hint: 'Nothing was published. Run the job again: it is planned for the table as it is then.',
  });
}

function tableGone(context: RunContext, table: TableName): BeamliftError {
  return new BeamliftError('DESTINATION_NOT_FOUND', {
    what: `The table ${showTable(table)} was there when the run was planned, and is gone`,
    where: { job: context.job, object: showTable(table) },
    hint: 'Nothing was published. Run the job again: with `create_table: true` it makes the table.',
  });
}
