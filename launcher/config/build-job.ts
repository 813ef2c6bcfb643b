import type { DestinationJobKey, DestinationModule } from '../../core/loader';
import type { SourceModule } from '../../core/extractor';
import type { DestinationSpec, SourceObject, SourceSpec, TableOptions } from '../../core/plan';
import { DEFAULT_POLICIES, type JobPolicies, jobPoliciesSchema } from '../../core/policies';
import { durationSeconds } from './duration';
import { formatOfPattern } from './file-format';
import {
  DEFAULT_HOLD_BACK_SECONDS,
  DEFAULT_ROWS_PER_UNIT,
  DEFAULT_SOURCE_CONNECTIONS,
  type JobKeys,
} from './job-schema';
import { formatOf } from './job-rules';
import type { JobSpec, JobTemplate, NamedConnection } from './job-spec';
import { canonicalLoadType } from './merge-defaults';
import { fillTableTemplate, parseTableName, type TableName } from './table-name';

/** A job that passed every check, with what its names stand for. */
export interface CheckedJob {
  readonly name: string;
  readonly keys: JobKeys;
  readonly connection: NamedConnection;
  readonly source: SourceModule;
  readonly destination: NamedConnection;
  readonly destinationModule: DestinationModule;
}

/** The job with every default filled in; one over many tables becomes a template. */
export function buildJob(job: CheckedJob): JobSpec | JobTemplate {
  const { name, keys, connection } = job;
  if (keys.source_tables === undefined) return buildSpec(job, name, sourceObject(keys), namedTable(keys));
  return {
    name,
    connection: connection.name,
    sourceTables: keys.source_tables,
    instantiate: (schema, table) =>
      buildSpec(
        job,
        `${name}.${table}`,
        { kind: 'table', name: table, ...(schema === undefined ? {} : { schema }) },
        { schema, name: table },
      ),
  };
}

function buildSpec(
  job: CheckedJob,
  name: string,
  object: SourceObject,
  table: TableName | undefined,
): JobSpec {
  const { keys, source, destinationModule } = job;
  // From `defaults`, keys reach jobs of destinations that do not know them.
  const ofDestination = <Key extends DestinationJobKey>(key: Key): JobKeys[Key] | undefined =>
    destinationModule.jobKeys.includes(key) ? keys[key] : undefined;
  const seconds = (duration: JobKeys['timeout']): number | undefined =>
    duration === undefined ? undefined : durationSeconds(duration);
  const compression = ofDestination('staging_compression');
  return {
    name,
    source: sourceSpec(job, object),
    sourceCategory: source.category,
    destination: destinationSpec(job, table),
    loadType: canonicalLoadType(keys.load_type) ?? 'catalog',
    timestampColumn: keys.timestamp_column,
    historicalStartDate: textOrNothing(keys.historical_start_date),
    lastSyncValue: textOrNothing(keys.last_sync_value),
    selectedColumns: keys.selected_columns ?? [],
    columnMapping: new Map(Object.entries(keys.column_mapping ?? {})),
    keyColumns: keys.key_columns ?? [],
    createTable: keys.create_table ?? destinationModule.createTableByDefault,
    schemaUpdate: keys.schema_update ?? 'none',
    allowEmpty: keys.allow_empty ?? false,
    split: {
      rowsPerUnit: keys.split?.rows_per_unit ?? DEFAULT_ROWS_PER_UNIT,
      isChosen: keys.split?.rows_per_unit !== undefined,
      by: keys.split?.by ?? 'auto',
    },
    policies: policiesOf(keys),
    maxRejects: keys.rejects?.max ?? 0,
    holdBackSeconds: seconds(keys.hold_back) ?? DEFAULT_HOLD_BACK_SECONDS,
    lookbackSeconds: seconds(keys.lookback) ?? 0,
    timeoutSeconds: seconds(keys.timeout),
    timezone: keys.timezone ?? 'UTC',
    fileSelection: keys.file_selection ?? 'all',
    onBadFile: keys.on_bad_file ?? 'fail',
    verify: ofDestination('verify') ?? 'counts',
    stagingFormat: ofDestination('staging_format'),
    ...(compression === undefined ? {} : { stagingCompression: compression }),
    tableOptions: tableOptionsOf(ofDestination('table_options')),
  };
}

function tableOptionsOf(options: JobKeys['table_options'] = {}): TableOptions {
  const { partition_by: by, cluster_by: clusterBy = [], description, kms_key_name: kmsKeyName } = options;
  return {
    ...(by === undefined ? {} : { partitionBy: partitioningOf(by) }),
    clusterBy,
    ...(description === undefined ? {} : { description }),
    ...(kmsKeyName === undefined ? {} : { kmsKeyName }),
  };
}

type PartitionBy = NonNullable<NonNullable<JobKeys['table_options']>['partition_by']>;

function partitioningOf(written: PartitionBy): NonNullable<TableOptions['partitionBy']> {
  if (typeof written === 'string') return { by: 'day', column: written };
  return 'by' in written ? written : { by: 'range', ...written };
}

function sourceSpec({ keys, connection, source }: CheckedJob, object: SourceObject): SourceSpec {
  return {
    type: source.type,
    connectionName: connection.name,
    connection: connection.config,
    object,
    ...(keys.filter === undefined ? {} : { filter: keys.filter }),
    ...(keys.timezone === undefined ? {} : { timezone: keys.timezone }),
    maxConnections: keys.max_source_connections ?? DEFAULT_SOURCE_CONNECTIONS,
  };
}

function sourceObject(keys: JobKeys): SourceObject {
  if (keys.query !== undefined) return { kind: 'query', sql: keys.query };
  // The source reads the name by its own rules for quotes and capitals.
  if (keys.source_table_name !== undefined) return { kind: 'table', name: keys.source_table_name };
  const pattern = keys.file_pattern ?? '';
  const ending = formatOfPattern(pattern);
  const format = formatOf(keys) ?? 'csv';
  const implied = format === 'csv' && ending?.delimiter !== undefined ? { delimiter: ending.delimiter } : {};
  return { kind: 'files', pattern, format, options: { ...implied, ...keys.file_format_options } };
}

function namedTable(keys: JobKeys): TableName | undefined {
  return keys.source_table_name === undefined ? undefined : parseTableName(keys.source_table_name);
}

function destinationSpec(
  { name, keys, destination, destinationModule }: CheckedJob,
  table: TableName | undefined,
): DestinationSpec {
  const template = keys.dest_table_name ?? (table === undefined ? name : '{table}');
  return {
    type: destinationModule.type,
    destinationName: destination.name,
    config: destination.config,
    ...(keys.dataset === undefined ? {} : { dataset: keys.dataset }),
    table: table === undefined ? template : fillTableTemplate(template, table),
  };
}

function policiesOf({ policies }: JobKeys): JobPolicies {
  const { columns = {}, ...own } = policies ?? {};
  return jobPoliciesSchema.parse({ ...DEFAULT_POLICIES, ...own, columns });
}

function textOrNothing(value: string | number | null | undefined): string | undefined {
  return value === undefined || value === null || value === '' ? undefined : String(value);
}
