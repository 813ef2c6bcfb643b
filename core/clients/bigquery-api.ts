import type { JsonObject } from '../plan';

/** Where a table is. */
export interface TableReference {
  readonly projectId: string;
  readonly datasetId: string;
  readonly tableId: string;
}

/** `project.dataset.table`, as people write it. */
export function tableName({ projectId, datasetId, tableId }: TableReference): string {
  return `${projectId}.${datasetId}.${tableId}`;
}

/** `projects/…/datasets/…/tables/…`, as the newer APIs write it. */
export function tablePathOf({ projectId, datasetId, tableId }: TableReference): string {
  return `projects/${projectId}/datasets/${datasetId}/tables/${tableId}`;
}

/** A field of a table, as the API writes it. */
export interface TableField {
  readonly name: string;
  /** `INT64` is written `INTEGER`, `FLOAT64` `FLOAT`, `BOOL` `BOOLEAN`, a struct `RECORD`. */
  readonly type: string;
  readonly mode?: string;
  readonly description?: string;
  readonly precision?: string;
  readonly scale?: string;
  readonly maxLength?: string;
  /** Of a RANGE. */
  readonly rangeElementType?: { readonly type: string };
  readonly fields?: readonly TableField[];
  readonly policyTags?: JsonObject;
  readonly defaultValueExpression?: string;
}

/** A Table resource, as far as we look at it. Numbers are texts where the API sends them so. */
export interface TableResource {
  readonly tableReference: TableReference;
  readonly etag?: string;
  readonly type?: string;
  readonly location?: string;
  readonly numRows?: string;
  readonly schema?: { readonly fields?: readonly TableField[] };
  readonly timePartitioning?: {
    readonly type: string;
    readonly field?: string;
    readonly requirePartitionFilter?: boolean;
  };
  readonly rangePartitioning?: {
    readonly field: string;
    readonly range: { readonly start: string; readonly end: string; readonly interval: string };
  };
  readonly requirePartitionFilter?: boolean;
  readonly clustering?: { readonly fields: readonly string[] };
  readonly tableConstraints?: JsonObject;
  readonly encryptionConfiguration?: { readonly kmsKeyName?: string };
  readonly expirationTime?: string;
  readonly rowAccessPolicies?: unknown;
}

export interface DatasetResource {
  readonly location: string;
  readonly defaultTableExpirationMs?: string;
}

export interface JobReference {
  readonly projectId: string;
  readonly jobId: string;
  readonly location: string;
}

/** One error of a job: `reason` is BigQuery's word for it (`invalid`, `backendError`, …), `location` the file or field. */
export interface JobError {
  readonly reason?: string;
  readonly message?: string;
  readonly location?: string;
}

/** A Job resource, as far as we look at it. */
export interface JobResource {
  readonly jobReference: JobReference;
  /** What was asked for: `load`, `copy` or `query`, and `labels`. */
  readonly configuration: JsonObject;
  readonly status: {
    readonly state: 'PENDING' | 'RUNNING' | 'DONE';
    readonly errorResult?: JobError;
    readonly errors?: readonly JobError[];
  };
  readonly statistics?: JsonObject;
}

/** What became of `jobs.insert`. An answer that was lost, or a fault of the service, is `unclear`: the job may exist. */
export type InsertOutcome =
  | { readonly kind: 'accepted'; readonly job: JobResource }
  /** There is a job of that id: ours, from before, or somebody else's. */
  | { readonly kind: 'exists' }
  | { readonly kind: 'unclear'; readonly error: Error }
  /** The request was refused; no job of that id was made by it. `retry`: asking again later may help (rate limits). */
  | { readonly kind: 'refused'; readonly error: GoogleFailure; readonly retry: boolean };

/** An answer of a Google service that is not a success. */
export interface GoogleFailure extends Error {
  /** Undefined: there was no answer. */
  readonly status: number | undefined;
  /** The service's word, such as `accessDenied`, `quotaExceeded`, `notFound`. */
  readonly reason: string | undefined;
}

/** Rows of a query, each by column name; values as the API writes them: texts, or null. */
export type QueryRow = Readonly<Record<string, string | null>>;

/**
 * BigQuery's REST API, one method for each call that is made. `insertJob` makes one request and never retries: whether a job may be sent
 * again is for the commit to decide. All others retry what may be retried, and throw BeamliftError: DESTINATION_UNAVAILABLE,
 * RIGHTS_MISSING, LOGIN_FAILED, QUOTA_EXCEEDED, DESTINATION_FAILED.
 */
export interface BigQueryApi {
  /** The project that jobs run in and are billed to. */
  readonly project: string;
  /** Undefined: there is no such dataset. */
  getDataset(projectId: string, datasetId: string, signal: AbortSignal): Promise<DatasetResource | undefined>;
  /** Undefined: there is no such table. */
  getTable(table: TableReference, signal: AbortSignal): Promise<TableResource | undefined>;
  /** An empty table. `exists`: it was there. */
  createTable(
    table: TableReference,
    resource: JsonObject,
    signal: AbortSignal,
  ): Promise<'created' | 'exists'>;
  /** Changes a table that is still the one of the etag. `conflict`: it is another one by now. */
  patchTable(
    table: TableReference,
    changes: JsonObject,
    etag: string,
    signal: AbortSignal,
  ): Promise<'patched' | 'conflict'>;
  /** What is not there needs no deleting. */
  deleteTable(table: TableReference, signal: AbortSignal): Promise<void>;
  /** One request: see InsertOutcome. */
  insertJob(reference: JobReference, configuration: JsonObject, signal: AbortSignal): Promise<InsertOutcome>;
  /** Undefined: there is no such job in that location. */
  getJob(reference: JobReference, signal: AbortSignal): Promise<JobResource | undefined>;
  /** Asks for the job's end; it may still succeed. */
  cancelJob(reference: JobReference, signal: AbortSignal): Promise<void>;
  /** The rows of a query job that is done, all pages. */
  queryRows(reference: JobReference, signal: AbortSignal): Promise<QueryRow[]>;
}
