import { z } from 'zod';
import { BeamliftError } from '../../../core/errors';
import type { DataflowPlace } from '../../../core/clients/dataflow-api';
import type { JsonObject, RunContext } from '../../../core/plan';
import { MAX_GIVEN_JOB_NAME } from './option-rules';
import type { DataflowOptions } from './options';

/** Under which jobs are found again, beside their names: the value is the id of the request. */
export const REQUEST_LABEL = 'beamlift_request';
/** Of a label's value, in characters. */
const MAX_REQUEST_ID = 63;

/** Who a job is, before anybody has created it. */
export interface DataflowIdentity {
  readonly place: DataflowPlace;
  /** Of a run there is one active job at a time: the service allows one of a name. */
  readonly name: string;
  /** Of a run and the lease that it was submitted under: a run that is gone on with by another launcher gets a job of its own. */
  readonly requestId: string;
  /** Where its files are, below the staging and the temporary location: `{name}.{epoch}`, as the official clients call it. */
  readonly folder: string;
  /** The service's own; undefined: it has not been asked yet. */
  readonly jobId?: string | undefined;
}

const handleSchema = z.strictObject({
  runner: z.literal('dataflow'),
  project: z.string(),
  region: z.string(),
  job_name: z.string(),
  request_id: z.string(),
  folder: z.string(),
  job_id: z.string().optional(),
});

/** Follows from the run and the lease alone: whoever asks again gets the same. */
export function identityOf(
  { runId, job, fence }: Pick<RunContext, 'runId' | 'job' | 'fence'>,
  { project, region, job_name: given }: Pick<DataflowOptions, 'project' | 'region' | 'job_name'>,
): DataflowIdentity {
  const run = inLowerCase(runId);
  const begins = (given ?? `beamlift-${inLowerCase(job)}`).slice(0, MAX_GIVEN_JOB_NAME);
  const name = `${begins.replace(/-+$/, '')}-${run}`;
  const lease = `-${fence}`;
  return {
    place: { project, region },
    name,
    requestId: `${run.slice(-(MAX_REQUEST_ID - lease.length))}${lease}`,
    folder: `${name}.${epochOf(runId)}`,
  };
}

/** As it is kept with a run. */
export function handleOf({ place, name, requestId, folder, jobId }: DataflowIdentity): JsonObject {
  return {
    runner: 'dataflow',
    project: place.project,
    region: place.region,
    job_name: name,
    request_id: requestId,
    folder,
    ...(jobId === undefined ? {} : { job_id: jobId }),
  };
}

/** Throws RUNNER_UNUSABLE for what another version has kept. */
export function readHandle(handle: JsonObject): DataflowIdentity {
  const parsed = handleSchema.safeParse(handle);
  if (!parsed.success) {
    throw new BeamliftError('RUNNER_UNUSABLE', {
      what: 'What was kept of the Dataflow job cannot be read',
      why: z.prettifyError(parsed.error),
      hint: 'Use the version of beamlift that submitted it, or look for the job in the console.',
    });
  }
  const { project, region, job_name: name, request_id: requestId, folder, job_id: jobId } = parsed.data;
  return { place: { project, region }, name, requestId, folder, jobId };
}

/** Where people watch a job. */
export function consoleUrl({ project, region }: DataflowPlace, jobId: string): string {
  return `https://console.cloud.google.com/dataflow/jobs/${encodeURIComponent(region)}/${encodeURIComponent(jobId)}?project=${encodeURIComponent(project)}`;
}

/** Letters, digits and dashes, as names of jobs have them; never empty. */
function inLowerCase(text: string): string {
  const slug = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return slug === '' ? 'x' : slug;
}

/** Seconds since 1970 of a run's beginning, which its id begins with: `20261122T051740Z-1a2b3c4d`. */
function epochOf(runId: string): number {
  const [, date = '', hours, minutes, seconds] = /^(\d{8})T(\d\d)(\d\d)(\d\d)Z/.exec(runId) ?? [];
  const day = date.replace(/^(....)(..)(..)$/, '$1-$2-$3');
  const time = Date.parse(`${day}T${hours ?? ''}:${minutes ?? ''}:${seconds ?? ''}Z`);
  return Number.isNaN(time) ? 0 : time / 1000;
}
