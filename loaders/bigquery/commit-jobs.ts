import type { TableField, TableReference } from '../../core/clients/bigquery-api';
import type { Part } from '../../core/manifest';
import type { StagingFormat } from '../../core/encoding';
import type { Partitioning } from '../../core/schema';
import type { RunContext, TableOptions } from '../../core/plan';
import type { PlannedJob } from './commit-plan';
import { asJson } from './temporary-tables';

/**
 * What a load does to the rows of the table that are there. `truncate-data` replaces them and nothing else of the table: schema, keys,
 * policies, descriptions and expiration stay (WRITE_TRUNCATE would take them away).
 */
export type LoadInto =
  | { readonly kind: 'append'; readonly addFields: boolean }
  | { readonly kind: 'truncate-data' }
  /** The table is made by the job, and may not have rows by then. */
  | { readonly kind: 'create'; readonly options: TableOptions };

/** How staged files are read: every value exactly, no row left out. */
const FORMATS: Readonly<Record<StagingFormat, object>> = {
  avro: {
    sourceFormat: 'AVRO',
    useAvroLogicalTypes: true,
    decimalTargetTypes: ['NUMERIC', 'BIGNUMERIC'],
  },
  ndjson: { sourceFormat: 'NEWLINE_DELIMITED_JSON' },
  // No plan for BigQuery has it: see staging-format.ts.
  parquet: { sourceFormat: 'PARQUET', parquetOptions: { enableListInference: true } },
};

/** A load job of whole files into one table. `fields`: what is in the files. */
export function loadJob(
  step: string,
  { stagingFormat }: Pick<RunContext, 'stagingFormat'>,
  parts: readonly Part[],
  fields: readonly TableField[],
  table: TableReference,
  into: LoadInto,
): PlannedJob {
  const load = {
    sourceUris: parts.map(({ uri }) => uri),
    ...FORMATS[stagingFormat],
    autodetect: false,
    maxBadRecords: 0,
    ignoreUnknownValues: false,
    schema: { fields },
    destinationTable: table,
    ...dispositionOf(into),
  };
  return {
    step,
    configuration: asJson({ load }),
    expectedRows: parts.reduce((sum, { rows }) => sum + rows, 0),
  };
}

function dispositionOf(into: LoadInto): object {
  switch (into.kind) {
    case 'append':
      return {
        writeDisposition: 'WRITE_APPEND',
        createDisposition: 'CREATE_NEVER',
        ...(into.addFields ? { schemaUpdateOptions: ['ALLOW_FIELD_ADDITION'] } : {}),
      };
    case 'truncate-data':
      return { writeDisposition: 'WRITE_TRUNCATE_DATA', createDisposition: 'CREATE_NEVER' };
    case 'create': {
      const { description, kmsKeyName } = into.options;
      return {
        writeDisposition: 'WRITE_EMPTY',
        createDisposition: 'CREATE_IF_NEEDED',
        ...layoutOf(into.options),
        ...(description === undefined ? {} : { destinationTableProperties: { description } }),
        ...(kmsKeyName === undefined ? {} : { destinationEncryptionConfiguration: { kmsKeyName } }),
      };
    }
  }
}

/** All rows of tables of one schema and partitioning, in one step. `empty`: the destination may not have rows. */
export function copyJob(
  step: string,
  sources: readonly TableReference[],
  table: TableReference,
  into: 'append' | 'empty',
): PlannedJob {
  const copy = {
    sourceTables: sources,
    destinationTable: table,
    operationType: 'COPY',
    writeDisposition: into === 'append' ? 'WRITE_APPEND' : 'WRITE_EMPTY',
    createDisposition: 'CREATE_NEVER',
  };
  return { step, configuration: asJson({ copy }), expectedRows: null };
}

/** One statement of GoogleSQL, never answered from a cache. */
export function queryJob(step: string, sql: string): PlannedJob {
  const query = { query: sql, useLegacySql: false, useQueryCache: false };
  return { step, configuration: asJson({ query }), expectedRows: null };
}

/** What `createTable` is given for a destination table. No key is declared: BigQuery does not enforce it, and answers joins as if it held. */
export function destinationResource(
  fields: readonly TableField[],
  options: TableOptions,
): ReturnType<typeof asJson> {
  const { description, kmsKeyName } = options;
  return asJson({
    schema: { fields },
    ...layoutOf(options),
    ...(description === undefined ? {} : { description }),
    ...(kmsKeyName === undefined ? {} : { encryptionConfiguration: { kmsKeyName } }),
  });
}

/** Partitioning and clustering, the same words for a table and for the job that makes it. */
export function layoutOf({ partitionBy, clusterBy }: Pick<TableOptions, 'partitionBy' | 'clusterBy'>): {
  timePartitioning?: { type: string; field: string };
  rangePartitioning?: { field: string; range: { start: string; end: string; interval: string } };
  clustering?: { fields: string[] };
} {
  return {
    ...(partitionBy === undefined ? {} : partitioningOf(partitionBy)),
    ...(clusterBy.length === 0 ? {} : { clustering: { fields: clusterBy } }),
  };
}

function partitioningOf(partitioning: Partitioning): ReturnType<typeof layoutOf> {
  if (partitioning.by !== 'range') {
    return { timePartitioning: { type: partitioning.by.toUpperCase(), field: partitioning.column } };
  }
  const { column, start, end, interval } = partitioning;
  return {
    rangePartitioning: {
      field: column,
      range: { start: String(start), end: String(end), interval: String(interval) },
    },
  };
}
