import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { MS_PER_DAY } from '../../core/calendar';
import type { StoredObject } from '../../core/clients/gcs-bucket';
import { BeamliftError } from '../../core/errors';
import type { RunContext, WorkUnit } from '../../core/plan';
import { inParallel } from './in-parallel';
import { readManifest, type StagingPlace } from './staging';

/** Rejected rows are for people, who may be on holiday. In milliseconds, by the store's clock. */
export const REJECTS_KEPT_MS = 30 * MS_PER_DAY;

/** Objects that are looked at and deleted at a time. */
const SWEEPERS = 8;

/** Bytes read from the local file at a time. */
const CHUNK_BYTES = 256 * 1024;

/** Uploads a file of rejected rows, under an attempt's own name, to where it outlives the run. Returns its `gs://` name. */
export async function keepRejects(
  { bucket, layout }: StagingPlace,
  { job, runId }: Pick<RunContext, 'job' | 'runId'>,
  unit: WorkUnit,
  file: string,
  signal: AbortSignal,
): Promise<string> {
  const name = layout.run(job, runId).reject(unit.id, randomBytes(8).toString('hex'));
  const upload = bucket.startUpload(name, 'application/x-ndjson', signal);
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: CHUNK_BYTES, signal })) {
      await upload.write(chunk as Buffer);
    }
    await upload.finish();
  } catch (error) {
    await upload.abort();
    throw error;
  }
  return `gs://${bucket.name}/${name}`;
}

/**
 * Removes the rejects of a job that nobody needs: those of ended runs whose unit has a manifest that names others (an attempt that came
 * second), and all that are older than REJECTS_KEPT_MS. Rejects of a unit without a manifest stay: the run's error may name them.
 * To be done while the runs' manifests are there.
 *
 * @param nowMs by the store's clock.
 */
export async function sweepRejects(
  place: StagingPlace,
  job: string,
  endedRuns: readonly string[],
  nowMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { bucket, layout } = place;
  await inParallel(bucket.list(layout.rejects(job), signal), SWEEPERS, async (object) => {
    const runId = endedRuns.find((id) => object.name.startsWith(layout.run(job, id).rejects));
    const isOld = object.updatedMs < nowMs - REJECTS_KEPT_MS;
    if (isOld || (runId !== undefined && (await isSuperseded(place, { job, runId }, object, signal)))) {
      await bucket.delete(object.name, signal);
    }
  });
}

async function isSuperseded(
  place: StagingPlace,
  run: Pick<RunContext, 'job' | 'runId'>,
  { name }: StoredObject,
  signal: AbortSignal,
): Promise<boolean> {
  const manifestName = place.layout.run(run.job, run.runId).manifestOfReject(name);
  try {
    const manifest = await readManifest(place, run, manifestName, signal);
    return manifest !== undefined && manifest.rejectFile !== `gs://${place.bucket.name}/${name}`;
  } catch (error) {
    // What a damaged manifest names is not known; its run's files are to be removed all the same.
    if (error instanceof BeamliftError && error.code === 'DESTINATION_FAILED') return false;
    throw error;
  }
}
