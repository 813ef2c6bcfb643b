import { isDeepStrictEqual } from 'node:util';
import type { DatasetResource, TableField, TableResource } from '../../core/clients/bigquery-api';
import { MS_PER_DAY } from '../../core/calendar';
import { formatCounted } from '../../core/counted';
import { BeamliftError } from '../../core/errors';
import { formatType } from '../../core/format-type';
import type { RunContext } from '../../core/plan';
import type { Column, ColumnType } from '../../core/schema';
import { refusedPlan, tableName } from './plan-refusal';
import { reviewPartitions } from './review-partitions';
import { reviewTableOptions } from './review-table-options';
import { MAX_COLUMNS, MAX_NESTING } from './rules';
import { tableFields } from './schema';

/** Kinds of tables that rows cannot be loaded into, by the API's word. */
const NO_TABLES: ReadonlyMap<string, string> = new Map([
  ['VIEW', 'a view'],
  ['MATERIALIZED_VIEW', 'a materialised view'],
  ['EXTERNAL', 'an external table'],
  ['SNAPSHOT', 'a snapshot of a table'],
]);

/** Kinds of columns that a merge can compare exactly. */
const KEY_KINDS: readonly ColumnType['kind'][] = [
  'bool',
  'int',
  'decimal',
  'string',
  'bytes',
  'uuid',
  'date',
  'time',
  'datetime',
  'timestamp',
];

/** Columns that one notice names. */
const MAX_NAMES = 20;

/**
 * Looks at a plan before a row is read: sentences about what the commit will do to the table. Throws DATASET_NOT_FOUND, and PLAN_REFUSED
 * for what BigQuery would refuse at the end of the run. `dataset` is asked for only where there is no table. `firstLoad`: the job remembers
 * nothing that it has published.
 */
export function reviewPlan(
  context: RunContext,
  existing: TableResource | undefined,
  dataset: DatasetResource | undefined,
  firstLoad = false,
): string[] {
  const location = existing?.location ?? dataset?.location;
  if (existing === undefined && dataset === undefined) throw noDataset(context);
  refuseOtherLocation(context, location);
  if (existing !== undefined) refuseNoTable(context, existing);
  refuseTooLargeSchema(context, existing);
  refuseMergeKeys(context, existing);
  return [
    ...(existing === undefined ? reviewTableOptions(context) : reviewExisting(context, existing, firstLoad)),
    ...reviewPartitions(context),
    ...noticeJsonNulls(context),
    ...noticeQueries(context),
    ...noticeExpiration(context, existing, dataset),
  ];
}

function noDataset(context: RunContext): BeamliftError {
  const { config, dataset = config['dataset'] } = context.destination;
  const [project, name] = [config['project'], dataset].map((part) => (typeof part === 'string' ? part : ''));
  return new BeamliftError('DATASET_NOT_FOUND', {
    what: `There is no dataset ${name} in project ${project}`,
    where: { job: context.job, object: `${project}.${name}` },
    hint: `Create it where its data should be: bq mk --location=… --dataset ${project}:${name}`,
  });
}

function refuseOtherLocation(context: RunContext, location: string | undefined): void {
  const wanted = context.destination.config['location'];
  if (typeof wanted !== 'string' || location === undefined) return;
  if (wanted.toUpperCase() === location.toUpperCase()) return;
  throw refusedPlan(context, {
    what: `The dataset is in ${location}, and the destination says ${wanted}`,
    hint: `Write \`location: ${location}\`, or remove it from the destination.`,
  });
}

function refuseNoTable(context: RunContext, { type = 'TABLE' }: TableResource): void {
  const kind = NO_TABLES.get(type.toUpperCase());
  if (kind === undefined) return;
  throw refusedPlan(context, {
    what: `${tableName(context)} is ${kind}, and rows are loaded into tables`,
    hint: 'Give the job another dest_table_name.',
  });
}

function refuseTooLargeSchema(context: RunContext, existing: TableResource | undefined): void {
  const made = existing === undefined ? context.destinationSchema.columns : context.newColumns;
  const fields = [
    ...(existing?.schema?.fields ?? []),
    ...tableFields({ columns: [...made], primaryKey: [] }),
  ];
  const count = countFields(fields);
  if (count > MAX_COLUMNS) {
    throw refusedPlan(context, {
      what: `The table would have ${formatCounted(count, 'column')}, and BigQuery takes ${MAX_COLUMNS}`,
      why: 'Fields within records count, too.',
      hint: 'Load fewer columns (`selected_columns`).',
    });
  }
  const deep = fields.find((field) => depthOf(field) > MAX_NESTING);
  if (deep !== undefined) {
    throw refusedPlan(context, {
      what: `Column "${deep.name}" has records nested deeper than the ${MAX_NESTING} levels that BigQuery takes`,
      hint: 'Create the table with a JSON or STRING column in its place, or leave the column out with `selected_columns`.',
    });
  }
}

function countFields(fields: readonly TableField[]): number {
  return fields.reduce((sum, field) => sum + 1 + countFields(field.fields ?? []), 0);
}

/** Levels of records, the field's own included. */
function depthOf({ fields }: TableField): number {
  return fields === undefined ? 0 : 1 + Math.max(0, ...fields.map(depthOf));
}

function refuseMergeKeys(context: RunContext, existing: TableResource | undefined): void {
  if (context.keyColumns.length === 0) return;
  for (const key of context.keyColumns) {
    const column = context.destinationSchema.columns.find(({ name }) => name === key);
    if (column === undefined) continue;
    const spatial = column.nativeType === 'GEOGRAPHY';
    if (KEY_KINDS.includes(column.type.kind) && !spatial) continue;
    throw refusedPlan(context, {
      what: `Rows cannot be merged by column "${key}", which is ${spatial ? 'geography' : formatType(column.type)}`,
      why: 'Keys are compared by value, and these types have no exact comparison.',
      hint: 'Choose other key_columns, or another type for the column (a STRING takes every value).',
    });
  }
  const filtered =
    existing?.requirePartitionFilter ?? existing?.timePartitioning?.requirePartitionFilter ?? false;
  if (context.disposition !== 'merge' || !filtered) return;
  throw refusedPlan(context, {
    what: 'The table demands a partition filter of every query, and a merge has none',
    why: 'A row with the same key may be in any partition.',
    hint: `Run: ALTER TABLE \`${tableName(context)}\` SET OPTIONS (require_partition_filter = false).`,
  });
}

function reviewExisting(context: RunContext, existing: TableResource, firstLoad: boolean): string[] {
  const notices: string[] = [];
  if (differs(context, existing)) {
    notices.push('The table is there already, and is not what table_options say: it stays as it is.');
  }
  const required = requiredFields(existing.schema?.fields ?? [], '', context.destinationSchema.columns);
  if (required.length > 0) {
    notices.push(
      `Required within records: ${required.join(', ')}. A row whose record has no value for them is a reject.`,
    );
  }
  return [...notices, ...(firstLoad ? noticeRows(context, existing) : [])];
}

/** Rows of the table that this job has not loaded may be the ones that it is about to append. */
function noticeRows(
  { disposition, source, window, backfill }: RunContext,
  existing: TableResource,
): string[] {
  const rows = Number(existing.numRows ?? 0);
  // A lower end is one that the user gave.
  const everything = window === null || window.lower === null;
  if (disposition !== 'append' || backfill || !everything || rows === 0) return [];
  const otherwise =
    source.object.kind === 'files'
      ? 'Where they came from these files, empty the table first, or use load_type catalog.'
      : 'Where another tool loaded them, `last_sync_value` of the job says up to where.';
  return [
    `The table has ${formatCounted(rows, 'row')}, and this job has never loaded into it: what is appended may be there already. ${otherwise}`,
  ];
}

/** In NDJSON both are written `null`; Avro keeps them apart. */
function noticeJsonNulls({ stagingFormat, destinationSchema: { columns } }: RunContext): string[] {
  if (stagingFormat !== 'ndjson') return [];
  const names = columns.filter(({ type }) => holdsJson(type)).map(({ name }) => name);
  if (names.length === 0) return [];
  return [
    `Staged as NDJSON, a JSON document that is just \`null\` becomes NULL: ${names.slice(0, MAX_NAMES).join(', ')}${names.length > MAX_NAMES ? ', …' : ''}.`,
  ];
}

function holdsJson(type: ColumnType): boolean {
  if (type.kind === 'array') return holdsJson(type.element);
  return type.kind === 'struct' ? type.fields.some((field) => holdsJson(field.type)) : type.kind === 'json';
}

/** Whether `table_options` would have made another table. */
function differs({ tableOptions, partitioning }: RunContext, existing: TableResource): boolean {
  const { partitionBy, clusterBy, kmsKeyName } = tableOptions;
  const clustered = existing.clustering?.fields ?? [];
  return (
    (partitionBy !== undefined && !isDeepStrictEqual(partitionBy, partitioning)) ||
    (clusterBy.length > 0 && !isDeepStrictEqual(clusterBy, clustered)) ||
    (kmsKeyName !== undefined && !existing.encryptionConfiguration?.kmsKeyName?.startsWith(kmsKeyName))
  );
}

/** Paths of REQUIRED fields within records that are loaded. */
function requiredFields(
  fields: readonly TableField[],
  path: string,
  loaded: readonly Pick<Column, 'name'>[] | undefined,
): string[] {
  return fields.flatMap((field) => {
    if (loaded !== undefined && !loaded.some(({ name }) => name === field.name)) return [];
    const own = path !== '' && field.mode === 'REQUIRED' ? [`${path}${field.name}`] : [];
    return [...own, ...requiredFields(field.fields ?? [], `${path}${field.name}.`, undefined)];
  });
}

/** Load and copy jobs are free, queries are not. */
function noticeQueries({ disposition, verify }: RunContext): string[] {
  if (disposition === 'merge') {
    return ['A merge is a query over the staged rows and the table, and billed as one.'];
  }
  if (verify !== 'strict') return [];
  return ['The rows are checked in a temporary table by queries over all of them, which are billed.'];
}

function noticeExpiration(
  { createTable }: RunContext,
  existing: TableResource | undefined,
  dataset: DatasetResource | undefined,
): string[] {
  if (existing?.expirationTime !== undefined) {
    const at = new Date(Number(existing.expirationTime)).toISOString().slice(0, 16).replace('T', ' ');
    return [`The table expires: BigQuery deletes it at ${at} UTC.`];
  }
  const ms = Number(dataset?.defaultTableExpirationMs ?? 0);
  if (!createTable || ms <= 0) return [];
  const days = Math.max(Math.round(ms / MS_PER_DAY), 1);
  return [
    `Tables of the dataset expire: BigQuery deletes this one ${formatCounted(days, 'day')} after it is created.`,
  ];
}
