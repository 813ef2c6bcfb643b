import { z } from 'zod';
import { BeamliftError } from '../errors';
import type { Logger } from '../logger';
import type { JsonObject } from '../plan';
import type { RetryPolicy } from '../retry-policies';
import { tableName, type TableReference } from './bigquery-api';
import { runQueryJob, type QueryJobRest } from './bigquery-query-job';
import type {
  BigQueryReader,
  DryRun,
  ListedTable,
  QueryRequest,
  QueryResult,
  RowPage,
  RowPageRequest,
  SourceTable,
} from './bigquery-reader-api';
import { parseDataset, parseTable } from './bigquery-resources';
import { asSourceError } from './bigquery-source-errors';
import { jsonOf, unreadable, type GoogleAnswer } from './google-answers';
import type { GoogleCall } from './google-failures';
import type { GoogleLogin } from './google-login';
import { checkEndpoint, GoogleRest, type GoogleRequest } from './google-rest';
import { asRecord } from './small-http';

const SERVICE = 'BigQuery';
const DEFAULT_ENDPOINT = 'https://bigquery.googleapis.com';
/** Names in one answer of a list; the service's own limit. */
const LIST_PAGE = 1_000;
/** The longest page of rows, in bytes: the service ends pages at about 20 MB, but never within a row, and those have up to 100 MB. */
const MAX_PAGE_BYTES = 144 * 1024 * 1024;

export interface BigQueryReaderOptions {
  readonly login: GoogleLogin;
  /** That jobs run in and are billed to. */
  readonly project: string;
  /** `https://bigquery.googleapis.com` when absent. */
  readonly endpoint?: string;
  readonly maximumBytesBilled?: number;
  /** Where statements find tables that they name without a dataset. */
  readonly defaultDataset?: { readonly projectId: string; readonly datasetId: string };
  readonly log: Logger;
  /** For tests. */
  readonly fetch?: typeof fetch;
  readonly retry?: RetryPolicy;
}

/** BigQuery's REST API for a source. No request is made yet. Throws CONFIG_INVALID for an endpoint that cannot be used. */
export function openBigQueryReader(options: BigQueryReaderOptions): BigQueryReader {
  const { login, project, log, fetch: fetchUrl, retry } = options;
  const rest = new GoogleRest({
    service: SERVICE,
    endpoint: checkEndpoint(options.endpoint ?? DEFAULT_ENDPOINT, login),
    login,
    log,
    ...(fetchUrl === undefined ? {} : { fetch: fetchUrl }),
    ...(retry === undefined ? {} : { retry }),
  });
  return new RestReader(project, rest, queryDefaults(options));
}

/** What every query job has in its configuration. */
function queryDefaults({ maximumBytesBilled, defaultDataset }: BigQueryReaderOptions): JsonObject {
  return {
    ...(maximumBytesBilled === undefined ? {} : { maximumBytesBilled: String(maximumBytesBilled) }),
    ...(defaultDataset === undefined ? {} : { defaultDataset: { ...defaultDataset } }),
  };
}

class RestReader implements BigQueryReader, QueryJobRest {
  constructor(
    readonly project: string,
    private readonly rest: GoogleRest,
    readonly queryDefaults: JsonObject,
  ) {}

  async datasetLocation(
    projectId: string,
    datasetId: string,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    return await this.ask(
      {
        call: about('read the dataset', `${projectId}.${datasetId}`),
        method: 'GET',
        path: datasetPath(projectId, datasetId),
        accepts: [404],
      },
      (answer) => (answer.status === 404 ? undefined : parseDataset(jsonOf(answer)).location),
      signal,
    );
  }

  async getTable(table: TableReference, signal: AbortSignal): Promise<SourceTable | undefined> {
    return await this.ask(
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

  async createTable(table: TableReference, resource: JsonObject, signal: AbortSignal): Promise<void> {
    await this.ask(
      {
        call: about('create the table', tableName(table)),
        method: 'POST',
        path: `${datasetPath(table.projectId, table.datasetId)}/tables`,
        ...jsonBody({ ...resource, tableReference: { ...table } }),
        accepts: [409],
      },
      () => undefined,
      signal,
    );
  }

  async deleteTable(table: TableReference, signal: AbortSignal): Promise<void> {
    await this.ask(
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

  async listDatasets(projectId: string, signal: AbortSignal): Promise<string[]> {
    return await this.list(
      about('list the datasets of', projectId),
      `/bigquery/v2/projects/${encodeURIComponent(projectId)}/datasets`,
      'datasets',
      (entry) => textOf(asRecord(entry['datasetReference'])['datasetId']),
      signal,
    );
  }

  async listTables(projectId: string, datasetId: string, signal: AbortSignal): Promise<ListedTable[]> {
    return await this.list(
      about('list the tables of', `${projectId}.${datasetId}`),
      `${datasetPath(projectId, datasetId)}/tables`,
      'tables',
      (entry) => ({
        reference: { projectId, datasetId, tableId: textOf(asRecord(entry['tableReference'])['tableId']) },
        type: typeof entry['type'] === 'string' ? entry['type'] : 'TABLE',
      }),
      signal,
    );
  }

  async dryRun(
    sql: string,
    location: string | undefined,
    what: string,
    signal: AbortSignal,
  ): Promise<DryRun> {
    const configuration = {
      dryRun: true,
      query: { ...this.queryDefaults, query: sql, useLegacySql: false },
    };
    const call = about('check the statement in', this.project);
    try {
      return await this.ask(
        {
          call,
          method: 'POST',
          path: `/bigquery/v2/projects/${encodeURIComponent(this.project)}/jobs`,
          ...jsonBody({
            configuration,
            jobReference: { projectId: this.project, ...(location === undefined ? {} : { location }) },
          }),
        },
        (answer) => dryRunOf(jsonOf(answer)),
        signal,
      );
    } catch (error) {
      if (error instanceof BeamliftError && error.code === 'QUERY_REFUSED') {
        throw new BeamliftError('QUERY_REFUSED', {
          what,
          where: { object: this.project },
          ...(error.why === undefined ? {} : { why: error.why }),
          cause: error.cause,
        });
      }
      throw error;
    }
  }

  async runQuery(request: QueryRequest, signal: AbortSignal): Promise<QueryResult> {
    return await runQueryJob(this, request, signal);
  }

  async listRows(request: RowPageRequest, signal: AbortSignal): Promise<RowPage> {
    const { table, fields, start, maxRows } = request;
    const query = new URLSearchParams({
      startIndex: String(start),
      maxResults: String(maxRows),
      'formatOptions.useInt64Timestamp': 'true',
    });
    if (fields !== undefined) query.set('selectedFields', fields.join(','));
    return await this.ask(
      {
        call: about('read rows of', tableName(table)),
        method: 'GET',
        path: `${tablePath(table)}/data?${query.toString()}`,
        maxBytes: MAX_PAGE_BYTES,
      },
      (answer) => {
        const page = jsonOf(answer);
        const { rows = [], totalRows } = page;
        if (!Array.isArray(rows)) throw unreadable('its rows are not a list');
        return { rows, totalRows: Number(totalRows ?? 0), bytes: answer.body.length };
      },
      signal,
    );
  }

  /** One request of a query job; errors are those of a source. */
  async ask<Result>(
    request: GoogleRequest,
    read: (answer: GoogleAnswer) => Result,
    signal: AbortSignal,
  ): Promise<Result> {
    try {
      return await this.rest.call(request, read, signal);
    } catch (error) {
      throw asSourceError(error);
    }
  }

  private async list<Entry>(
    call: GoogleCall,
    path: string,
    member: string,
    entryOf: (entry: Readonly<Record<string, unknown>>) => Entry,
    signal: AbortSignal,
  ): Promise<Entry[]> {
    const entries: Entry[] = [];
    let token: string | undefined;
    do {
      const query = new URLSearchParams({ maxResults: String(LIST_PAGE) });
      if (token !== undefined) query.set('pageToken', token);
      const page = await this.ask(
        { call, method: 'GET', path: `${path}?${query.toString()}` },
        jsonOf,
        signal,
      );
      const listed = page[member];
      if (Array.isArray(listed)) entries.push(...listed.map((entry) => entryOf(asRecord(entry))));
      const next = page['nextPageToken'];
      token = typeof next === 'string' && next !== '' ? next : undefined;
    } while (token !== undefined);
    return entries;
  }
}

const dryRunSchema = z.looseObject({
  statistics: z.looseObject({
    totalBytesProcessed: z.string().exactOptional(),
    query: z.looseObject({
      statementType: z.string().exactOptional(),
      totalBytesProcessed: z.string().exactOptional(),
      schema: z.looseObject({ fields: z.array(z.unknown()).exactOptional() }).exactOptional(),
    }),
  }),
});

function dryRunOf(job: Readonly<Record<string, unknown>>): DryRun {
  const parsed = dryRunSchema.safeParse(job);
  if (!parsed.success) throw unreadable('it does not say what the statement would do');
  const { totalBytesProcessed, query } = parsed.data.statistics;
  const reference = { projectId: '', datasetId: '', tableId: '' };
  const { schema } = parseTable({
    tableReference: reference,
    schema: { fields: query.schema?.fields ?? [] },
  });
  return {
    fields: schema?.fields ?? [],
    statementType: query.statementType,
    bytesProcessed: Number(totalBytesProcessed ?? query.totalBytesProcessed ?? 0),
  };
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  throw unreadable('an entry has no name');
}

/** What a request is about, for the error that tells of it. */
export function about(action: string, object: string): GoogleCall {
  return { service: SERVICE, action: `${action} ${object}`, object, missing: 'DATASET_NOT_FOUND' };
}

/** A body of JSON with its header. */
export function jsonBody(content: JsonObject): { headers: Readonly<Record<string, string>>; body: string } {
  return { headers: { 'content-type': 'application/json; charset=UTF-8' }, body: JSON.stringify(content) };
}

function datasetPath(projectId: string, datasetId: string): string {
  return `/bigquery/v2/projects/${encodeURIComponent(projectId)}/datasets/${encodeURIComponent(datasetId)}`;
}

function tablePath({ projectId, datasetId, tableId }: TableReference): string {
  return `${datasetPath(projectId, datasetId)}/tables/${encodeURIComponent(tableId)}`;
}
