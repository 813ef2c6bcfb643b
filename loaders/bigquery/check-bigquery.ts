import { randomUUID } from 'node:crypto';
import type { BigQueryApi, DatasetResource } from '../../core/clients/bigquery-api';
import { MS_PER_HOUR } from '../../core/calendar';
import { toBeamliftError } from '../../core/errors';
import type { CheckFinding } from '../../core/extractor';
import type { Clock } from '../../core/clock';
import type { GcsBucket } from '../../core/clients/gcs-bucket';
import { checkBucket } from './check-bucket';

/** A destination whose clients are open. */
export interface CheckedPlaces {
  readonly api: BigQueryApi;
  readonly bucket: GcsBucket;
  /** In the bucket: empty, or with a slash at its end. */
  readonly prefix: string;
  readonly projectId: string;
  readonly datasetId: string;
  /** As the configuration says it. */
  readonly location: string | undefined;
  readonly clock: Clock;
}

/** Tables that a check makes are gone after so long, whatever happens to the check. */
const CHECK_TABLE_LIFETIME_MS = MS_PER_HOUR;

/**
 * Whether the destination can be used, step by step: address and login, dataset and its location, the bucket, its location and what it
 * deletes by itself, writing there, jobs, tables. It writes and deletes an object of a few bytes and an empty table of its own. Never
 * throws for what it finds.
 */
export async function checkBigQuery(places: CheckedPlaces, signal: AbortSignal): Promise<CheckFinding[]> {
  const { dataset, findings } = await checkDataset(places, signal);
  const reachable = findings.every(({ step, ok }) => ok || (step !== 'endpoint' && step !== 'login'));
  return [
    ...findings,
    ...(await checkBucket(places, dataset?.location, signal)),
    ...(reachable ? [await checkJobs(places, dataset, signal)] : []),
    ...(dataset === undefined ? [] : [await checkTables(places, signal)]),
  ];
}

/** A step that failed, in the error's words. */
export function failedStep(step: string, thrown: unknown, grant?: string): CheckFinding {
  const { code, what, why, hint } = toBeamliftError(thrown);
  const told = code === 'RIGHTS_MISSING' ? (grant ?? hint) : hint;
  return {
    step: STEPS_BY_CODE.get(code) ?? step,
    ok: false,
    detail: why === undefined ? what : `${what}: ${why}`,
    ...(told === undefined ? {} : { hint: told }),
  };
}

/** What is wrong before the step itself is reached. */
const STEPS_BY_CODE: ReadonlyMap<string, string> = new Map([
  ['CONNECTION_DNS', 'endpoint'],
  ['CONNECTION_REFUSED', 'endpoint'],
  ['CONNECTION_TLS', 'endpoint'],
  ['CONNECTION_TIMEOUT', 'endpoint'],
  ['DESTINATION_UNAVAILABLE', 'endpoint'],
  ['LOGIN_FAILED', 'login'],
  ['SECRET_UNRESOLVED', 'credentials'],
  ['CONFIG_INVALID', 'configuration'],
]);

async function checkDataset(
  { api, projectId, datasetId, location }: CheckedPlaces,
  signal: AbortSignal,
): Promise<{ dataset?: DatasetResource; findings: CheckFinding[] }> {
  const name = `${projectId}:${datasetId}`;
  let dataset: DatasetResource | undefined;
  try {
    dataset = await api.getDataset(projectId, datasetId, signal);
  } catch (error) {
    signal.throwIfAborted();
    const grant = `Grant roles/bigquery.dataEditor on the dataset ${name} (it holds bigquery.datasets.get).`;
    return { findings: [failedStep('dataset', error, grant)] };
  }
  const login: CheckFinding = { step: 'login', ok: true, detail: 'BigQuery answers and knows the login' };
  if (dataset === undefined) {
    const missing: CheckFinding = {
      step: 'dataset',
      ok: false,
      detail: `There is no dataset ${datasetId} in project ${projectId}, or no such project`,
      hint: `Correct \`project\` and \`dataset\`, or create it where its data should be: bq mk --location=… --dataset ${name}`,
    };
    return { findings: [login, missing] };
  }
  const found: CheckFinding = { step: 'dataset', ok: true, detail: `${name} is in ${dataset.location}` };
  if (location === undefined || location.toUpperCase() === dataset.location.toUpperCase()) {
    return { dataset, findings: [login, found] };
  }
  const elsewhere: CheckFinding = {
    step: 'location',
    ok: false,
    detail: `The dataset is in ${dataset.location}, and the destination says ${location}`,
    hint: `Write \`location: ${dataset.location}\`, or remove it.`,
  };
  return { dataset, findings: [login, found, elsewhere] };
}

/** A query that reads nothing and costs nothing. A dry run would not do: its answer names no job. */
async function checkJobs(
  { api, location }: CheckedPlaces,
  dataset: DatasetResource | undefined,
  signal: AbortSignal,
): Promise<CheckFinding> {
  const grant = `Grant roles/bigquery.jobUser on the project ${api.project} (it holds bigquery.jobs.create).`;
  const reference = {
    projectId: api.project,
    jobId: `beamlift_check_${randomUUID()}`,
    location: dataset?.location ?? location ?? 'US',
  };
  const configuration = { query: { query: 'SELECT 1', useLegacySql: false } };
  const outcome = await api.insertJob(reference, configuration, signal);
  signal.throwIfAborted();
  switch (outcome.kind) {
    case 'accepted':
    case 'exists':
      return { step: 'jobs', ok: true, detail: `jobs can be created in project ${api.project}` };
    case 'unclear':
      return failedStep('jobs', outcome.error, grant);
    case 'refused': {
      const { status, message } = outcome.error;
      const hint =
        status === 404
          ? 'Correct `billing_project` (or `project`): jobs run there.'
          : status === 403
            ? grant
            : undefined;
      return {
        step: 'jobs',
        ok: false,
        detail: `No job can be created in project ${api.project}: ${message}`,
        ...(hint === undefined ? {} : { hint }),
      };
    }
  }
}

async function checkTables(
  { api, projectId, datasetId, clock }: CheckedPlaces,
  signal: AbortSignal,
): Promise<CheckFinding> {
  const table = {
    projectId,
    datasetId,
    tableId: `_beamlift_check_${randomUUID().replaceAll('-', '')}`,
  };
  const resource = {
    schema: { fields: [{ name: 'checked', type: 'BOOLEAN' }] },
    expirationTime: String(clock.now() + CHECK_TABLE_LIFETIME_MS),
  };
  try {
    await api.createTable(table, resource, signal);
    await api.deleteTable(table, signal);
    return { step: 'tables', ok: true, detail: `tables can be created and deleted in ${datasetId}` };
  } catch (error) {
    signal.throwIfAborted();
    const grant = `Grant roles/bigquery.dataEditor on the dataset ${projectId}:${datasetId}.`;
    return failedStep('tables', error, grant);
  }
}

/** What a check says of clients that could not be opened. */
export function checkOfOpening(error: unknown): CheckFinding[] {
  return [failedStep('login', error)];
}
