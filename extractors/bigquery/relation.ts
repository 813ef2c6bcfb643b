import { tableName, type TableField, type TableReference } from '../../core/clients/bigquery-api';
import type { BigQueryConnection } from '../../core/clients/bigquery-connection';
import type { BigQueryReader, SourceTable } from '../../core/clients/bigquery-reader-api';
import { BeamliftError } from '../../core/errors';
import type { SourceSpec } from '../../core/plan';
import type { Column, TableSchema } from '../../core/schema';
import { columnOfField } from './column-types';
import { sqlTable, tableOf } from './table-name';
import { filterAsCondition, queryAsSource, withoutFinalSemicolons } from './user-sql';

/** What a job reads. */
export interface Relation {
  /** For people. */
  readonly name: string;
  /** What stands behind FROM. */
  readonly from: string;
  readonly columns: readonly RelationColumn[];
  readonly primaryKey: readonly string[];
  /** Where queries about it run; undefined: BigQuery finds out. */
  readonly location: string | undefined;
  /** Undefined: a query. */
  readonly table: { readonly reference: TableReference; readonly resource: SourceTable } | undefined;
  /** Whether its rows lie in BigQuery's own storage, as they are: a table, a snapshot or a clone. Everything else is run as a query. */
  readonly isStored: boolean;
}

export interface RelationColumn {
  readonly field: TableField;
  readonly column: Column;
}

/** Types of tables whose rows the Storage Read API reads. */
const STORED: ReadonlySet<string> = new Set(['TABLE', 'SNAPSHOT']);

/** Looks up what a job reads, and checks its query and its filter without running them. */
export async function loadRelation(
  reader: BigQueryReader,
  connection: BigQueryConnection,
  { object, filter }: Pick<SourceSpec, 'object' | 'filter'>,
  signal: AbortSignal,
): Promise<Relation> {
  if (object.kind === 'files') {
    throw new BeamliftError('PLAN_REFUSED', { what: 'BigQuery has tables and queries, no files' });
  }
  if (object.kind === 'query') return await queryRelation(reader, connection, object.sql, filter, signal);
  const reference = tableOf(object, connection);
  const name = tableName(reference);
  const resource = await reader.getTable(reference, signal);
  if (resource === undefined) {
    throw new BeamliftError('SOURCE_NOT_FOUND', {
      what: `There is no table or view ${name}, or this login may not see it`,
      where: { object: name },
      hint: 'Check project, dataset and table; `beamlift discover CONNECTION` lists what this login can see. It needs roles/bigquery.dataViewer on the dataset.',
    });
  }
  const relation: Relation = {
    name,
    from: sqlTable(reference),
    columns: columnsOf(resource.schema?.fields ?? []),
    primaryKey: primaryKeyOf(resource),
    location: connection.location ?? resource.location,
    table: { reference, resource },
    isStored: STORED.has(resource.type ?? 'TABLE'),
  };
  if (filter !== undefined) await checkFilter(reader, relation, filter, signal);
  return relation;
}

async function queryRelation(
  reader: BigQueryReader,
  connection: BigQueryConnection,
  sql: string,
  filter: string | undefined,
  signal: AbortSignal,
): Promise<Relation> {
  const location = connection.location ?? (await defaultLocation(reader, connection, signal));
  const text = withoutFinalSemicolons(sql);
  const { fields, statementType } = await reader.dryRun(
    text,
    location,
    'BigQuery refused the query of the job',
    signal,
  );
  if (statementType !== undefined && statementType !== 'SELECT') {
    throw new BeamliftError('QUERY_REFUSED', {
      what: `The query of the job is not one SELECT statement, but ${statementType}`,
      where: { object: 'query' },
      hint: 'Write one SELECT, which may begin with WITH; scripts and statements that change something are not run.',
    });
  }
  const relation: Relation = {
    name: 'the query',
    from: queryAsSource(sql),
    columns: columnsOf(fields),
    primaryKey: [],
    location,
    table: undefined,
    isStored: false,
  };
  if (filter !== undefined) await checkFilter(reader, relation, filter, signal);
  return relation;
}

/** A query may name any tables; most often they are where the connection's dataset is. */
async function defaultLocation(
  reader: BigQueryReader,
  { project, dataset }: BigQueryConnection,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (dataset === undefined) return undefined;
  try {
    return await reader.datasetLocation(project, dataset, signal);
  } catch (error) {
    // Some may read tables of a dataset and not look at the dataset: BigQuery then finds out by itself.
    if (error instanceof BeamliftError && error.code === 'RIGHTS_MISSING') return undefined;
    throw error;
  }
}

/**
 * Asks whether a filter is valid. It stands between CASE WHEN and THEN as well, where no parentheses of ours are: a fragment such as
 * `a) OR (b` would otherwise pass, and take the condition apart that it is put into.
 */
async function checkFilter(
  reader: BigQueryReader,
  { from, location }: Relation,
  filter: string,
  signal: AbortSignal,
): Promise<void> {
  const text = withoutFinalSemicolons(filter);
  await reader.dryRun(
    `SELECT CASE WHEN ${text}\nTHEN 1 END FROM ${from} WHERE ${filterAsCondition(filter)}`,
    location,
    'BigQuery refused the filter of the job',
    signal,
  );
}

function columnsOf(fields: readonly TableField[]): RelationColumn[] {
  return fields.map((field) => ({ field, column: columnOfField(field) }));
}

/** The schema of a relation, for plans. */
export function schemaOf({ columns, primaryKey }: Relation): TableSchema {
  return { columns: columns.map(({ column }) => column), primaryKey: [...primaryKey] };
}

/** Throws COLUMN_NOT_FOUND. */
export function columnOf({ columns, name }: Relation, wanted: string): RelationColumn {
  const found = columns.find(({ column }) => column.name === wanted);
  if (found !== undefined) return found;
  throw new BeamliftError('COLUMN_NOT_FOUND', {
    what: `${name} has no column "${wanted}"`,
    where: { object: name, column: wanted },
    hint: `It has: ${columns.map(({ column }) => column.name).join(', ')}.`,
  });
}

function primaryKeyOf({ tableConstraints }: SourceTable): string[] {
  const key = tableConstraints?.['primaryKey'];
  if (typeof key !== 'object' || key === null || Array.isArray(key)) return [];
  const columns = key['columns'];
  return Array.isArray(columns) ? columns.filter((name) => typeof name === 'string') : [];
}
