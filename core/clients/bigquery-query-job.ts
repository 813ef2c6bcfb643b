import type { JsonObject } from '../plan';
import type { JobReference, JobResource, TableReference } from './bigquery-api';
import type { QueryRequest, QueryResult } from './bigquery-reader-api';
import { parseJob } from './bigquery-resources';
import { queryFailure } from './bigquery-source-errors';
import { jsonOf, unreadable, type GoogleAnswer } from './google-answers';
import type { GoogleRequest } from './google-rest';
import { asRecord } from './small-http';
import { SYSTEM_CLOCK } from './system-clock';

/** Between two looks at a job that runs, in milliseconds: the first soon, later ones when it takes long anyway. */
const FIRST_LOOK_MS = 200;
const LAST_LOOK_MS = 5_000;
/** For telling a job that nobody waits for it, in milliseconds. */
const CANCEL_MS = 5_000;

/** What is needed of the client. */
export interface QueryJobRest {
  readonly project: string;
  /** What every query job has in its configuration. */
  readonly queryDefaults: JsonObject;
  /** Repeats what may pass; errors are those of a source. */
  ask<Result>(
    request: GoogleRequest,
    read: (answer: GoogleAnswer) => Result,
    signal: AbortSignal,
  ): Promise<Result>;
}

/**
 * Runs a statement under the id that the caller chose. Starting it is repeated when its answer is lost: a job of that id is the one that
 * was asked for, so nothing is done twice. When the signal aborts, the job is cancelled.
 */
export async function runQueryJob(
  rest: QueryJobRest,
  request: QueryRequest,
  signal: AbortSignal,
): Promise<QueryResult> {
  const { jobId, location, what } = request;
  const reference: JobReference = { projectId: rest.project, jobId, location: location ?? '' };
  const started = await start(rest, request, reference, signal);
  try {
    let job = started ?? (await look(rest, reference, signal));
    let waitMs = FIRST_LOOK_MS;
    while (job.status.state !== 'DONE') {
      await SYSTEM_CLOCK.sleep(waitMs, signal);
      waitMs = Math.min(LAST_LOOK_MS, waitMs * 2);
      job = await look(rest, job.jobReference, signal);
    }
    const { errorResult } = job.status;
    if (errorResult !== undefined) throw queryFailure(what, `${rest.project}:${jobId}`, errorResult);
    return resultOf(job);
  } catch (error) {
    if (signal.aborted) await cancel(rest, started?.jobReference ?? reference);
    throw error;
  }
}

/** Undefined: there is such a job already. */
async function start(
  rest: QueryJobRest,
  { sql, destination, cached = true }: QueryRequest,
  { projectId, jobId, location }: JobReference,
  signal: AbortSignal,
): Promise<JobResource | undefined> {
  const query: JsonObject = {
    ...rest.queryDefaults,
    query: sql,
    useLegacySql: false,
    ...(cached ? {} : { useQueryCache: false }),
    ...(destination === undefined
      ? {}
      : { destinationTable: { ...destination }, writeDisposition: 'WRITE_TRUNCATE' }),
  };
  const body: JsonObject = {
    jobReference: { projectId, jobId, ...(location === '' ? {} : { location }) },
    configuration: { query, labels: { beamlift: 'source' } },
  };
  return await rest.ask(
    {
      call: callOf('start the job', projectId, jobId),
      method: 'POST',
      path: `/bigquery/v2/projects/${encodeURIComponent(projectId)}/jobs`,
      headers: { 'content-type': 'application/json; charset=UTF-8' },
      body: JSON.stringify(body),
      accepts: [409],
    },
    (answer) => (answer.status === 409 ? undefined : parseJob(jsonOf(answer))),
    signal,
  );
}

async function look(
  rest: QueryJobRest,
  { projectId, jobId, location }: JobReference,
  signal: AbortSignal,
): Promise<JobResource> {
  return await rest.ask(
    {
      call: callOf('read the job', projectId, jobId),
      method: 'GET',
      path: `${jobPath(projectId, jobId)}${located('', location)}`,
    },
    (answer) => parseJob(jsonOf(answer)),
    signal,
  );
}

/** Best effort: a job that nobody waits for still costs. */
async function cancel(rest: QueryJobRest, { projectId, jobId, location }: JobReference): Promise<void> {
  await rest
    .ask(
      {
        call: callOf('cancel the job', projectId, jobId),
        method: 'POST',
        path: `${jobPath(projectId, jobId)}${located('/cancel', location)}`,
        accepts: [404],
      },
      () => undefined,
      AbortSignal.timeout(CANCEL_MS),
    )
    .catch(() => undefined);
}

function resultOf({ jobReference, configuration, statistics }: JobResource): QueryResult {
  const table = asRecord(asRecord(configuration['query'])['destinationTable']);
  const { projectId = jobReference.projectId, datasetId, tableId } = table;
  if (typeof projectId !== 'string' || typeof datasetId !== 'string' || typeof tableId !== 'string') {
    throw unreadable('it does not say where the rows are');
  }
  const reference: TableReference = { projectId, datasetId, tableId };
  const bytes = asRecord(statistics)['totalBytesProcessed'];
  return { job: jobReference, table: reference, bytesProcessed: Number(bytes ?? 0) };
}

function callOf(action: string, projectId: string, jobId: string) {
  const object = `${projectId}:${jobId}`;
  return { service: 'BigQuery', action: `${action} ${object}`, object };
}

function jobPath(projectId: string, jobId: string): string {
  return `/bigquery/v2/projects/${encodeURIComponent(projectId)}/jobs/${encodeURIComponent(jobId)}`;
}

function located(path: string, location: string): string {
  return `${path}${location === '' ? '' : `?location=${encodeURIComponent(location)}`}`;
}
