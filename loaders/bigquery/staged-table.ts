import {
  tableName,
  type TableField,
  type TableReference,
  type TableResource,
} from '../../core/clients/bigquery-api';
import { BeamliftError } from '../../core/errors';
import type { RunContext } from '../../core/plan';
import type { Column } from '../../core/schema';
import { asJson, type TableLayout } from './temporary-tables';
import { layoutOf } from './commit-jobs';
import { sameName, type PartitionFilter } from './merge-sql';
import { tableFields, tableSchemaOf } from './schema';

/** The destination table as a commit sees it: what is staged, in the table's own words. */
export interface StagedTable {
  /** The staged columns, with the names they have in the table. */
  readonly columns: readonly Column[];
  /** Their fields, as a load job is given them. */
  readonly fields: readonly TableField[];
  /** The same as a temporary table has them: policies of a column hold there, too. */
  readonly stagedFields: readonly TableField[];
  /** All fields of the table as it will be, also those that are not staged. */
  readonly allFields: readonly TableField[];
  /** Fields that an existing table gets. */
  readonly newFields: ReturnType<typeof asJson>[];
  readonly layout: TableLayout;
  readonly kmsKeyName: string | undefined;
  /** Set where the table takes no query without a filter. */
  readonly filter: PartitionFilter | undefined;
}

/**
 * Compares the table with what was planned, since time has passed. BigQuery would refuse some of it much later, and the rest never: then
 * rows would be in other columns than the plan has shown. Throws DESTINATION_NOT_FOUND, DESTINATION_FAILED.
 */
export function matchTable(
  context: RunContext,
  table: TableReference,
  existing: TableResource | undefined,
): StagedTable {
  const planned = context.destinationSchema;
  const plannedFields = tableFields(planned);
  if (existing === undefined) {
    if (!context.createTable) throw notFound(context, table);
    return {
      columns: planned.columns,
      fields: plannedFields,
      stagedFields: plannedFields,
      allFields: plannedFields,
      newFields: [],
      layout: layoutOf(context.tableOptions),
      kmsKeyName: context.tableOptions.kmsKeyName,
      filter: undefined,
    };
  }
  if (context.createTable) {
    throw changed(context, table, 'It was to be created, and is there by now.');
  }
  const fields = existing.schema?.fields ?? [];
  const { columns } = tableSchemaOf(existing);
  const newFields: TableField[] = [];
  const staged = planned.columns.map((column, index) => {
    const at = columns.findIndex(({ name }) => sameName(name, column.name));
    const [found, field] = [columns[at], fields[at]];
    if (found !== undefined && field !== undefined) {
      if (!sameType(found, column)) {
        throw changed(context, table, `Column ${found.name} has another type than the plan knew.`);
      }
      return { column: found, field };
    }
    const added = plannedFields[index];
    if (added === undefined || !context.newColumns.some(({ name }) => sameName(name, column.name))) {
      throw changed(context, table, `Column ${column.name} is not there any more.`);
    }
    newFields.push(added);
    return { column, field: added };
  });
  const missing = fields.find(
    ({ name, mode, defaultValueExpression }) =>
      mode === 'REQUIRED' &&
      defaultValueExpression === undefined &&
      !planned.columns.some((column) => sameName(column.name, name)),
  );
  if (missing !== undefined) {
    throw changed(context, table, `Column ${missing.name} is REQUIRED, and the job does not load it.`);
  }
  const stagedFields = staged.map(({ field }) => field);
  return {
    columns: staged.map(({ column }) => column),
    fields: stagedFields.map(bare),
    stagedFields,
    allFields: [...fields, ...newFields],
    newFields: newFields.map(asJson),
    layout: existingLayout(existing),
    kmsKeyName: existing.encryptionConfiguration?.kmsKeyName,
    filter: partitionFilter(existing),
  };
}

function sameType(a: Column, b: Column): boolean {
  return JSON.stringify(a.type) === JSON.stringify(b.type);
}

/** What a load job must know of a field: the rest belongs to the table and stays. */
function bare(field: TableField): TableField {
  const { name, type, mode, precision, scale, maxLength, fields, rangeElementType } = field;
  return {
    name,
    type,
    ...(mode === undefined ? {} : { mode }),
    ...(precision === undefined ? {} : { precision }),
    ...(scale === undefined ? {} : { scale }),
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(rangeElementType === undefined ? {} : { rangeElementType }),
    ...(fields === undefined ? {} : { fields: fields.map(bare) }),
  };
}

/** Without what makes rows of a partition expire: in a temporary table they are to stay until they are copied. */
function existingLayout({ timePartitioning, rangePartitioning, clustering }: TableResource): TableLayout {
  return {
    ...(timePartitioning === undefined
      ? {}
      : {
          timePartitioning: {
            type: timePartitioning.type,
            ...(timePartitioning.field === undefined ? {} : { field: timePartitioning.field }),
          },
        }),
    ...(rangePartitioning === undefined ? {} : { rangePartitioning }),
    ...(clustering === undefined ? {} : { clustering }),
  };
}

/** Types of columns that tables are partitioned by. */
const FILTER_TYPES: ReadonlyMap<string, PartitionFilter['type']> = new Map([
  ['DATE', 'DATE'],
  ['DATETIME', 'DATETIME'],
  ['TIMESTAMP', 'TIMESTAMP'],
  ['INTEGER', 'INT64'],
  ['INT64', 'INT64'],
]);

function partitionFilter(existing: TableResource): PartitionFilter | undefined {
  const { timePartitioning, rangePartitioning } = existing;
  if (existing.requirePartitionFilter !== true && timePartitioning?.requirePartitionFilter !== true) {
    return undefined;
  }
  const column = timePartitioning?.field ?? rangePartitioning?.field;
  if (column === undefined) return { column: '_PARTITIONTIME', type: 'TIMESTAMP' };
  const field = existing.schema?.fields?.find(({ name }) => sameName(name, column));
  const type = FILTER_TYPES.get(field?.type.toUpperCase() ?? '');
  return type === undefined ? undefined : { column, type };
}

function notFound(context: RunContext, table: TableReference): BeamliftError {
  return new BeamliftError('DESTINATION_NOT_FOUND', {
    what: `The table ${tableName(table)} is not there any more`,
    where: { job: context.job, object: tableName(table) },
    why: 'It was there when the run was planned.',
    hint: 'Nothing was published. Bring it back, or let the job create it: `create_table: true`.',
  });
}

function changed(context: RunContext, table: TableReference, why: string): BeamliftError {
  return new BeamliftError('DESTINATION_FAILED', {
    what: `The table ${tableName(table)} was changed while the run was going on`,
    where: { job: context.job, object: tableName(table) },
    why,
    hint: 'Nothing was published, the table is as it was. Run the job again: it will plan with the table as it is now.',
  });
}
