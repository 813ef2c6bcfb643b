import type { JobReference, TableField, TableReference, TableResource } from './bigquery-api';
import type { JsonObject } from '../plan';

/** A table resource with what a source asks for beyond that. */
export interface SourceTable extends TableResource {
  readonly numBytes?: string;
  readonly streamingBuffer?: { readonly estimatedRows?: string };
  readonly description?: string;
}

/** What a statement would do, found out without running it. */
export interface DryRun {
  readonly fields: readonly TableField[];
  /** `SELECT`, `CREATE_TABLE`, `SCRIPT`, … Undefined: the service did not say. */
  readonly statementType: string | undefined;
  readonly bytesProcessed: number;
}

/** A statement to run. */
export interface QueryRequest {
  readonly sql: string;
  /** Another request with the same id gets what the first one made. */
  readonly jobId: string;
  readonly location: string | undefined;
  /** For the error where it fails: `The query of the job failed`. */
  readonly what: string;
  /** Whether the result of an earlier query will do, which may expire sooner; absent: it will. */
  readonly cached?: boolean;
  /** Where the rows go; absent: to the hidden dataset of results, for about a day. */
  readonly destination?: TableReference;
}

/** Where the rows of a query are. */
export interface QueryResult {
  readonly job: JobReference;
  readonly table: TableReference;
  readonly bytesProcessed: number;
}

/** A page of rows as the API writes them: `{f: [{v}]}`. */
export interface RowPage {
  readonly rows: readonly unknown[];
  /** Of the table. */
  readonly totalRows: number;
  /** Of the answer. */
  readonly bytes: number;
}

export interface RowPageRequest {
  readonly table: TableReference;
  /** Undefined: all. */
  readonly fields: readonly string[] | undefined;
  readonly start: number;
  readonly maxRows: number;
}

export interface ListedTable {
  readonly reference: TableReference;
  readonly type: string;
}

/**
 * BigQuery's REST API as a source uses it. Everything is safe to repeat, and repeated; errors are those of sources: SOURCE_NOT_FOUND,
 * RIGHTS_MISSING, LOGIN_FAILED, QUERY_REFUSED, QUOTA_EXCEEDED, CONNECTION_LOST.
 */
export interface BigQueryReader {
  /** The project that jobs run in and are billed to. */
  readonly project: string;
  /** Undefined: there is no such dataset. */
  datasetLocation(projectId: string, datasetId: string, signal: AbortSignal): Promise<string | undefined>;
  /** Undefined: there is no such table. */
  getTable(table: TableReference, signal: AbortSignal): Promise<SourceTable | undefined>;
  createTable(table: TableReference, resource: JsonObject, signal: AbortSignal): Promise<void>;
  deleteTable(table: TableReference, signal: AbortSignal): Promise<void>;
  listDatasets(projectId: string, signal: AbortSignal): Promise<string[]>;
  listTables(projectId: string, datasetId: string, signal: AbortSignal): Promise<ListedTable[]>;
  dryRun(sql: string, location: string | undefined, what: string, signal: AbortSignal): Promise<DryRun>;
  /** Runs a statement to its end. When the signal aborts, it is cancelled. */
  runQuery(request: QueryRequest, signal: AbortSignal): Promise<QueryResult>;
  listRows(request: RowPageRequest, signal: AbortSignal): Promise<RowPage>;
}
