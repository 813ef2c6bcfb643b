import type { DataflowApi, DataflowPlace } from '../../../core/clients/dataflow-api';
import type { GcsBucket } from '../../../core/clients/gcs-bucket';
import { BeamliftError } from '../../../core/errors';
import type { RunContext } from '../../../core/plan';
import { parseStaging } from '../../../loaders/bigquery/bigquery-url';
import type { Obstacle } from '../../pipeline-runner';
import { connectionObstacles } from './fit-workers';
import type { DataflowOptions } from './options';
import { isLoopback, planObstacles } from '../plan-obstacles';

/** What a preflight asks. */
export interface PreflightClients {
  readonly api: DataflowApi;
  readonly bucketOf: (name: string) => Promise<GcsBucket>;
}

/** What keeps Dataflow from running a plan. Asks for the buckets and the region, and writes nothing. */
export async function dataflowObstacles(
  context: RunContext,
  options: DataflowOptions,
  { api, bucketOf }: PreflightClients,
  signal: AbortSignal,
): Promise<Obstacle[]> {
  const here = options.endpoint !== undefined && isLoopback(options.endpoint);
  const obstacles = [
    ...imageObstacles(options),
    ...planObstacles(context, { here, resolves: [] }),
    ...connectionObstacles(options, context),
  ];
  const place: DataflowPlace = { project: options.project, region: options.region };
  const buckets = new Map<string, string>();
  for (const key of ['temp_location', 'staging_location'] as const) {
    const bucket = parseStaging(options[key] ?? '')?.bucket;
    if (bucket !== undefined && !buckets.has(bucket)) buckets.set(bucket, key);
  }
  const checks = [
    async (): Promise<void> => await api.probe(place, signal),
    ...[...buckets].map(([name, key]) => async (): Promise<void> => {
      await askForBucket(await bucketOf(name), options[key as 'temp_location'], signal);
    }),
  ];
  for (const check of checks) {
    try {
      await check();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof BeamliftError) || error.code === 'INTERNAL') throw error;
      obstacles.push(obstacleOf(error));
    }
  }
  return obstacles;
}

function imageObstacles({ sdk_container_image: image }: DataflowOptions): Obstacle[] {
  if (image !== undefined) return [];
  return [
    {
      what: 'no worker image is set for Dataflow',
      hint: 'Build the image of this version, push it where the workers may read it, and set `sdk_container_image` under runners: dataflow.',
    },
  ];
}

/** Who may write objects may not always read the settings of a bucket; listing tells whether it is there, too. */
async function askForBucket(bucket: GcsBucket, location: string, signal: AbortSignal): Promise<void> {
  try {
    await bucket.settings(signal);
  } catch (error) {
    if (!(error instanceof BeamliftError) || error.code !== 'RIGHTS_MISSING') throw error;
    await bucket
      .list(parseStaging(location)?.prefix ?? '', signal)
      [Symbol.asyncIterator]()
      .next();
  }
}

function obstacleOf({ what, why, hint }: BeamliftError): Obstacle {
  return { what: why === undefined ? what : `${what} (${why})`, hint: hint ?? '' };
}
