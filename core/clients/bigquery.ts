import { BeamliftError } from '../errors';
import type { Logger } from '../logger';
import { neverAborts } from '../never-aborts';
import type { JsonObject } from '../plan';
import type { RetryPolicy } from '../retry-policies';
import {
  tableName,
  type BigQueryApi,
  type DatasetResource,
  type InsertOutcome,
  type JobReference,
  type JobResource,
  type QueryRow,
  type TableReference,
  type TableResource,
} from './bigquery-api';
import { parseDataset, parseJob, parseTable } from './bigquery-resources';
import { columnNames, rowsOf } from './bigquery-rows';
import { jsonOf, unreadable } from './google-answers';
import { GoogleServiceFailure, mayPass, type GoogleCall } from './google-failures';
import { openGoogleLogin, type GoogleLogin, type GoogleLoginOptions } from './google-login';
import { checkEndpoint, GoogleRest, type GoogleRequest } from './google-rest';

const SERVICE = 'BigQuery';
const DEFAULT_ENDPOINT = 'https://bigquery.googleapis.com';
/** Rows of our own queries are counts and checksums; more is a mistake. */
const MAX_QUERY_ROWS = 100_000;
const PAGE_ROWS = 10_000;
/** How long the service may wait for a query before it answers that it is not done, in milliseconds; its default. */
const QUERY_WAIT_MS = 10_000;

export interface BigQueryApiOptions extends GoogleLoginOptions {
  /** That jobs run in and are billed to; undefined: the one of the credentials or of the environment. */
  readonly project?: string;
  /** `https://bigquery.googleapis.com` when absent; `http://` only with `credentials: anonymous`. */
  readonly endpoint?: string;
  /** Somebody who is logged in already; `credentials`, `impersonate` and `environment` are not looked at then. */
  readonly login?: GoogleLogin;
  readonly log: Logger;
  /** For tests. */
  readonly retry?: RetryPolicy;
}

/**
 * BigQuery's REST API. No request is made yet. Throws LOGIN_FAILED for credentials that cannot be read, CONFIG_INVALID for an endpoint
 * that cannot be used or when nobody names a project.
 */
export async function openBigQueryApi(
  options: BigQueryApiOptions,
  signal: AbortSignal = neverAborts(),
): Promise<BigQueryApi> {
  const login = options.login ?? (await openGoogleLogin(options, signal));
  const endpoint = checkEndpoint(options.endpoint ?? DEFAULT_ENDPOINT, login);
  const project = options.project ?? login.project;
  if (project === undefined) {
    throw new BeamliftError('CONFIG_INVALID', {
      what: 'No Google Cloud project is named',
      hint: 'Set `project` of the connection, or GOOGLE_CLOUD_PROJECT.',
    });
  }
  const { log, fetch: fetchUrl, retry } = options;
  const rest = new GoogleRest({
    service: SERVICE,
    endpoint,
    login,
    log,
    ...(fetchUrl === undefined ? {} : { fetch: fetchUrl }),
    ...(retry === undefined ? {} : { retry }),
  });
  return new RestBigQuery(project, rest);
}

class RestBigQuery implements BigQueryApi {
  constructor(
    readonly project: string,
    private readonly rest: GoogleRest,
  ) {}

  async getDataset(
    projectId: string,
    datasetId: string,
    signal: AbortSignal,
  ): Promise<DatasetResource | undefined> {
    return await this.rest.call(
      {
        call: about('read the dataset', `${projectId}.${datasetId}`),
        method: 'GET',
        path: datasetPath(projectId, datasetId),
        accepts: [404],
      },
      (answer) => (answer.status === 404 ? undefined : parseDataset(jsonOf(answer))),
      signal,
    );
  }

  async getTable(table: TableReference, signal: AbortSignal): Promise<TableResource | undefined> {
    return await this.rest.call(
      {
        call: about('read the table', tableName(table)),
        method: 'GET',
        path: tablePath(table),
        accepts: [404],
      },
      (answer) => (answer.status === 404 ? undefined : parseTable(jsonOf(answer))),
      signal,
    );
  }

  async createTable(
    table: TableReference,
    resource: JsonObject,
    signal: AbortSignal,
  ): Promise<'created' | 'exists'> {
    return await this.rest.call(
      {
        call: about('create the table', tableName(table)),
        method: 'POST',
        path: `${datasetPath(table.projectId, table.datasetId)}/tables`,
        ...jsonBody({ ...resource, tableReference: { ...table } }),
        accepts: [409],
      },
      ({ status }) => (status === 409 ? 'exists' : 'created'),
      signal,
    );
  }

  async patchTable(
    table: TableReference,
    changes: JsonObject,
    etag: string,
    signal: AbortSignal,
  ): Promise<'patched' | 'conflict'> {
    const { headers, body } = jsonBody(changes);
    return await this.rest.call(
      {
        call: about('change the table', tableName(table)),
        method: 'PATCH',
        path: tablePath(table),
        headers: { ...headers, 'if-match': etag },
        body,
        accepts: [404, 412],
      },
      ({ status }) => (status < 300 ? 'patched' : 'conflict'),
      signal,
    );
  }

  async deleteTable(table: TableReference, signal: AbortSignal): Promise<void> {
    await this.rest.call(
      {
        call: about('delete the table', tableName(table)),
        method: 'DELETE',
        path: tablePath(table),
        accepts: [404],
      },
      () => undefined,
      signal,
    );
  }

  async insertJob(
    reference: JobReference,
    configuration: JsonObject,
    signal: AbortSignal,
  ): Promise<InsertOutcome> {
    const request: GoogleRequest = {
      call: about('start the job', jobName(reference)),
      method: 'POST',
      path: `/bigquery/v2/projects/${encodeURIComponent(reference.projectId)}/jobs`,
      ...jsonBody({ jobReference: { ...reference }, configuration }),
      accepts: [409],
    };
    try {
      const answer = await this.rest.once(request, signal);
      return answer.status === 409 ? { kind: 'exists' } : { kind: 'accepted', job: parseJob(jsonOf(answer)) };
    } catch (error) {
      if (!(error instanceof GoogleServiceFailure)) throw error;
      const { status } = error;
      // Only an answer of refusal proves that there is no job. 408: the service stopped waiting, perhaps for itself.
      if (status === undefined || status === 408 || status >= 500 || status < 400)
        return { kind: 'unclear', error };
      return { kind: 'refused', error, retry: error.renewed || mayPass(error) };
    }
  }

  async getJob(reference: JobReference, signal: AbortSignal): Promise<JobResource | undefined> {
    return await this.rest.call(
      {
        call: about('read the job', jobName(reference)),
        method: 'GET',
        path: `${jobPath(reference)}?${locationOf(reference).toString()}`,
        accepts: [404],
      },
      (answer) => (answer.status === 404 ? undefined : parseJob(jsonOf(answer))),
      signal,
    );
  }

  async cancelJob(reference: JobReference, signal: AbortSignal): Promise<void> {
    await this.rest.call(
      {
        call: about('cancel the job', jobName(reference)),
        method: 'POST',
        path: `${jobPath(reference)}/cancel?${locationOf(reference).toString()}`,
        accepts: [404],
      },
      () => undefined,
      signal,
    );
  }

  async queryRows(reference: JobReference, signal: AbortSignal): Promise<QueryRow[]> {
    const call = about('read the rows of the job', jobName(reference));
    const rows: QueryRow[] = [];
    let columns: readonly string[] | undefined;
    let token: string | undefined;
    do {
      const query = locationOf(reference);
      query.set('maxResults', String(PAGE_ROWS));
      query.set('timeoutMs', String(QUERY_WAIT_MS));
      if (token !== undefined) query.set('pageToken', token);
      const path = `/bigquery/v2/projects/${encodeURIComponent(reference.projectId)}/queries/${encodeURIComponent(reference.jobId)}?${query.toString()}`;
      const page = await this.rest.call(
        { call, method: 'GET', path },
        (answer) => {
          const content = jsonOf(answer);
          if (content['jobComplete'] === false) throw unreadable('the query is not done');
          columns ??= columnNames(content);
          const next = content['pageToken'];
          return {
            rows: rowsOf(content, columns),
            next: typeof next === 'string' && next !== '' ? next : undefined,
          };
        },
        signal,
      );
      for (const row of page.rows) rows.push(row);
      if (rows.length > MAX_QUERY_ROWS) {
        throw new BeamliftError('LIMIT_EXCEEDED', {
          what: `The query gave more than the ${MAX_QUERY_ROWS} rows that are read`,
          where: { object: call.object },
        });
      }
      token = page.next;
    } while (token !== undefined);
    return rows;
  }
}

function about(action: string, object: string): GoogleCall {
  return { service: SERVICE, action: `${action} ${object}`, object, missing: 'DATASET_NOT_FOUND' };
}

function jobName({ projectId, location, jobId }: JobReference): string {
  return `${projectId}:${location}.${jobId}`;
}

function datasetPath(projectId: string, datasetId: string): string {
  return `/bigquery/v2/projects/${encodeURIComponent(projectId)}/datasets/${encodeURIComponent(datasetId)}`;
}

function tablePath({ projectId, datasetId, tableId }: TableReference): string {
  return `${datasetPath(projectId, datasetId)}/tables/${encodeURIComponent(tableId)}`;
}

function jobPath({ projectId, jobId }: JobReference): string {
  return `/bigquery/v2/projects/${encodeURIComponent(projectId)}/jobs/${encodeURIComponent(jobId)}`;
}

function locationOf({ location }: JobReference): URLSearchParams {
  return new URLSearchParams({ location });
}

function jsonBody(content: JsonObject): { headers: Readonly<Record<string, string>>; body: string } {
  return { headers: { 'content-type': 'application/json; charset=UTF-8' }, body: JSON.stringify(content) };
}
