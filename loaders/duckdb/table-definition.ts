import type { WarehouseRow, WarehouseSession } from '../../core/clients/duckdb';
import type { WarehouseType } from '../../core/clients/warehouse-type';
import { BeamliftError } from '../../core/errors';
import type { TableSchema } from '../../core/schema';
import { quoteIdentifier, quoteTable, showTable, type TableName } from './sql-text';
import { columnTypeOf } from './types';

export interface DefinedColumn {
  readonly name: string;
  readonly type: WarehouseType;
  readonly nullable: boolean;
  /** The table computes it. */
  readonly generated: boolean;
  readonly comment: string | undefined;
}

/** A table as DuckDB's catalogue has it. */
export interface TableDefinition {
  /** With the spelling of the catalogue: names are found whatever their case. */
  readonly table: TableName;
  readonly columns: readonly DefinedColumn[];
  readonly primaryKey: readonly string[];
  /** The CREATE TABLE that DuckDB would write for it. */
  readonly sql: string;
  /** Whether it has a comment, tags, an index, a constraint, or something that depends on it. */
  readonly adorned: boolean;
}

/** Undefined: there is no such table. Throws DESTINATION_FAILED where the name is a view's. */
export async function readTableDefinition(
  session: WarehouseSession,
  wanted: TableName,
): Promise<TableDefinition | undefined> {
  const [found] = await session.rows(
    `SELECT schema_name, table_name, table_oid::VARCHAR AS oid, sql,
        comment IS NOT NULL OR cardinality(tags) > 0 OR index_count > 0 AS adorned
      FROM duckdb_tables()
      WHERE database_name = current_database() AND lower(schema_name) = lower($1) AND lower(table_name) = lower($2)`,
    [wanted.schema, wanted.name],
  );
  if (found === undefined) {
    await refuseView(session, wanted);
    return undefined;
  }
  const table = { schema: textOf(found, 'schema_name'), name: textOf(found, 'table_name') };
  const sql = textOf(found, 'sql');
  const types = await session.columns(`SELECT * FROM ${quoteTable(table)} LIMIT 0`);
  const facts = await session.rows(
    `SELECT is_nullable, comment, column_default IS NOT NULL AS computed, data_type FROM duckdb_columns()
      WHERE table_oid = $1::BIGINT AND database_name = current_database() ORDER BY column_index`,
    [textOf(found, 'oid')],
  );
  const constraints = await session.rows(
    `SELECT constraint_type AS kind, unnest(constraint_column_names) AS name FROM duckdb_constraints()
      WHERE table_oid = $1::BIGINT AND database_name = current_database()`,
    [textOf(found, 'oid')],
  );
  const [{ dependent } = { dependent: true }] = await session.rows(
    'SELECT count(*) > 0 AS dependent FROM duckdb_dependencies() WHERE refobjid = $1::BIGINT OR objid = $1::BIGINT',
    [textOf(found, 'oid')],
  );
  return {
    table,
    sql,
    primaryKey: constraints.filter((row) => row['kind'] === 'PRIMARY KEY').map((row) => textOf(row, 'name')),
    adorned: found['adorned'] !== false || dependent !== false || constraints.length > 0,
    columns: types.map(({ name, type }, index) => ({
      name,
      type,
      nullable: facts[index]?.['is_nullable'] !== false,
      generated:
        facts[index]?.['computed'] === true && isGenerated(sql, name, textOf(facts[index], 'data_type')),
      comment: typeof facts[index]?.['comment'] === 'string' ? facts[index]['comment'] : undefined,
    })),
  };
}

/** The table's schema for planning. Throws TYPE_UNSUPPORTED where a column that could be written has a type that beamlift cannot write. */
export function tableSchemaOf({ columns, primaryKey }: TableDefinition): TableSchema {
  return {
    columns: columns.map((column) => ({
      name: column.name,
      type: columnTypeOf(column.type, column.name),
      nullable: column.nullable,
      ...(column.generated ? { generated: true } : {}),
      ...(column.comment === undefined ? {} : { comment: column.comment }),
    })),
    primaryKey: [...primaryKey],
  };
}

/** Names in DuckDB are the same when they differ only in case. */
export function findColumn(columns: readonly DefinedColumn[], name: string): DefinedColumn | undefined {
  return (
    columns.find((column) => column.name === name) ??
    columns.find((column) => column.name.toLowerCase() === name.toLowerCase())
  );
}

/** The catalogue shows the expression of a generated column as if it were a default; only the CREATE TABLE tells them apart. */
function isGenerated(sql: string, name: string, type: string): boolean {
  return [name, quoteIdentifier(name)].some((written) =>
    sql.includes(`${written} ${type} GENERATED ALWAYS AS(`),
  );
}

async function refuseView(session: WarehouseSession, wanted: TableName): Promise<void> {
  const views = await session.rows(
    `SELECT 1 AS found FROM duckdb_views()
      WHERE database_name = current_database() AND lower(schema_name) = lower($1) AND lower(view_name) = lower($2)`,
    [wanted.schema, wanted.name],
  );
  if (views.length === 0) return;
  throw new BeamliftError('DESTINATION_FAILED', {
    what: `${showTable(wanted)} is a view, and rows are loaded into tables`,
    where: { object: showTable(wanted) },
    hint: 'Give the job another dest_table_name, or drop the view.',
  });
}

function textOf(row: WarehouseRow | undefined, key: string): string {
  const value = row?.[key];
  if (typeof value === 'string') return value;
  throw new BeamliftError('INTERNAL', { what: `DuckDB's catalogue gave no text for ${key}` });
}
