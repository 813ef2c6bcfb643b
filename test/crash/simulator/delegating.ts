import type { BigQueryApi, JobReference, TableReference } from '../../../core/clients/bigquery-api';
import type { GcsBucket } from '../../../core/clients/gcs-bucket';
import type { JsonObject } from '../../../core/plan';

/** A bucket that does as another one does: a break changes one method of it. */
export class DelegatingBucket implements GcsBucket {
  readonly name: string;

  constructor(protected readonly inner: GcsBucket) {
    this.name = inner.name;
  }

  settings(signal: AbortSignal): ReturnType<GcsBucket['settings']> {
    return this.inner.settings(signal);
  }

  read(name: string, maxBytes: number, signal: AbortSignal): ReturnType<GcsBucket['read']> {
    return this.inner.read(name, maxBytes, signal);
  }

  write(
    name: string,
    body: Uint8Array,
    ifGeneration: string,
    signal: AbortSignal,
  ): ReturnType<GcsBucket['write']> {
    return this.inner.write(name, body, ifGeneration, signal);
  }

  startUpload(name: string, contentType: string, signal: AbortSignal): ReturnType<GcsBucket['startUpload']> {
    return this.inner.startUpload(name, contentType, signal);
  }

  list(prefix: string, signal: AbortSignal): ReturnType<GcsBucket['list']> {
    return this.inner.list(prefix, signal);
  }

  listFolders(prefix: string, signal: AbortSignal): ReturnType<GcsBucket['listFolders']> {
    return this.inner.listFolders(prefix, signal);
  }

  delete(name: string, signal: AbortSignal): Promise<void> {
    return this.inner.delete(name, signal);
  }
}

/** The same for BigQuery. */
export class DelegatingApi implements BigQueryApi {
  readonly project: string;

  constructor(protected readonly inner: BigQueryApi) {
    this.project = inner.project;
  }

  getDataset(
    projectId: string,
    datasetId: string,
    signal: AbortSignal,
  ): ReturnType<BigQueryApi['getDataset']> {
    return this.inner.getDataset(projectId, datasetId, signal);
  }

  getTable(table: TableReference, signal: AbortSignal): ReturnType<BigQueryApi['getTable']> {
    return this.inner.getTable(table, signal);
  }

  createTable(
    table: TableReference,
    resource: JsonObject,
    signal: AbortSignal,
  ): ReturnType<BigQueryApi['createTable']> {
    return this.inner.createTable(table, resource, signal);
  }

  patchTable(
    table: TableReference,
    changes: JsonObject,
    etag: string,
    signal: AbortSignal,
  ): ReturnType<BigQueryApi['patchTable']> {
    return this.inner.patchTable(table, changes, etag, signal);
  }

  deleteTable(table: TableReference, signal: AbortSignal): Promise<void> {
    return this.inner.deleteTable(table, signal);
  }

  insertJob(
    reference: JobReference,
    configuration: JsonObject,
    signal: AbortSignal,
  ): ReturnType<BigQueryApi['insertJob']> {
    return this.inner.insertJob(reference, configuration, signal);
  }

  getJob(reference: JobReference, signal: AbortSignal): ReturnType<BigQueryApi['getJob']> {
    return this.inner.getJob(reference, signal);
  }

  cancelJob(reference: JobReference, signal: AbortSignal): Promise<void> {
    return this.inner.cancelJob(reference, signal);
  }

  queryRows(reference: JobReference, signal: AbortSignal): ReturnType<BigQueryApi['queryRows']> {
    return this.inner.queryRows(reference, signal);
  }
}
