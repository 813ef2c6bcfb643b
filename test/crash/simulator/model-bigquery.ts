import type {
  BigQueryApi,
  DatasetResource,
  GoogleFailure,
  InsertOutcome,
  JobReference,
  JobResource,
  QueryRow,
  TableReference,
  TableResource,
} from '../../../core/clients/bigquery-api';
import { BeamliftError } from '../../../core/errors';
import type { JsonObject } from '../../../core/plan';
import { ModelClient } from './model-client';
import type { ModelWarehouse } from './model-warehouse';
import type { Wire } from './wire';

/** A process's client of the model warehouse. */
export class ModelBigQuery extends ModelClient implements BigQueryApi {
  readonly project: string;

  constructor(
    wire: Wire,
    private readonly warehouse: ModelWarehouse,
  ) {
    super(wire, 'BigQuery');
    this.project = warehouse.project;
  }

  getDataset(
    _projectId: string,
    _datasetId: string,
    _signal: AbortSignal,
  ): Promise<DatasetResource | undefined> {
    return Promise.resolve({ location: this.warehouse.location });
  }

  async getTable(table: TableReference, signal: AbortSignal): Promise<TableResource | undefined> {
    return (await this.ask('tables.get', table.tableId, signal, () => this.warehouse.getTable(table))).value;
  }

  async createTable(
    table: TableReference,
    resource: JsonObject,
    signal: AbortSignal,
  ): Promise<'created' | 'exists'> {
    const asked = await this.ask('tables.insert', table.tableId, signal, () =>
      this.warehouse.createTable(table, resource),
    );
    return asked.value;
  }

  async patchTable(
    table: TableReference,
    changes: JsonObject,
    etag: string,
    signal: AbortSignal,
  ): Promise<'patched' | 'conflict'> {
    const { value } = await this.ask('tables.patch', table.tableId, signal, () =>
      this.warehouse.patchTable(table, changes, etag),
    );
    if (value === 'absent')
      throw new BeamliftError('DESTINATION_FAILED', { what: `No table ${table.tableId}` });
    return value;
  }

  async deleteTable(table: TableReference, signal: AbortSignal): Promise<void> {
    await this.ask('tables.delete', table.tableId, signal, () => this.warehouse.deleteTable(table));
  }

  async insertJob(
    reference: JobReference,
    configuration: JsonObject,
    signal: AbortSignal,
  ): Promise<InsertOutcome> {
    const { wire, warehouse } = this;
    const kind = Object.keys(configuration).find((key) => key !== 'labels') ?? '?';
    const operation = isPublishing(reference) ? 'jobs.publish' : 'jobs.insert';
    const answer = await wire.send(operation, `${kind} ${reference.jobId}`, signal, () =>
      warehouse.insertJob(reference, configuration),
    );
    if (answer.kind === 'answered') return answer.value;
    const status = answer.kind === 'status' ? answer.status : undefined;
    const error = googleFailure(status);
    if (status === 403 || status === 429) return { kind: 'refused', error, retry: status === 429 };
    return { kind: 'unclear', error };
  }

  async getJob(reference: JobReference, signal: AbortSignal): Promise<JobResource | undefined> {
    return (
      await this.ask(isPublishing(reference) ? 'jobs.watch' : 'jobs.get', reference.jobId, signal, () =>
        this.warehouse.getJob(reference),
      )
    ).value;
  }

  async cancelJob(reference: JobReference, signal: AbortSignal): Promise<void> {
    await this.ask('jobs.cancel', reference.jobId, signal, () => this.warehouse.cancelJob(reference));
  }

  async queryRows(reference: JobReference, signal: AbortSignal): Promise<QueryRow[]> {
    const { value } = await this.ask('jobs.rows', reference.jobId, signal, () =>
      this.warehouse.queryRows(reference),
    );
    return [...value];
  }
}

/** As the clients make it of an answer that is not a success. */
function googleFailure(status: number | undefined): GoogleFailure {
  const reason = status === 403 ? 'accessDenied' : status === 429 ? 'rateLimitExceeded' : undefined;
  const message = status === undefined ? 'no answer' : `HTTP ${status}`;
  return Object.assign(new Error(message), { status, reason });
}

/** The model knows ids of jobs only to aim its faults. */
function isPublishing({ jobId }: JobReference): boolean {
  return jobId.includes('_publish_');
}
