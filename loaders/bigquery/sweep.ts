import type { GcsBucket } from '../../core/clients/gcs-bucket';
import { inParallel } from './in-parallel';
import type { StagingPlace } from './staging';

/** Objects that are deleted at a time. */
const SWEEPERS = 8;

/**
 * Deletes everything that a run has in the bucket, its plan last: a folder with a plan is a sweep to be done again. Only for a run in a
 * final state, for it could publish nothing afterwards.
 */
export async function sweepRun(
  place: StagingPlace,
  job: string,
  runId: string,
  signal: AbortSignal,
): Promise<void> {
  const run = place.layout.run(job, runId);
  const names = namesOf(place.bucket, run.folder, signal);
  await deleteFolder(place.bucket, names, run.plan, signal);
}

/**
 * Deletes those of the folders of runs in which nothing was written for `graceMs`: what attempts wrote that outlived their run. Returns them.
 *
 * @param nowMs by the store's clock, as the ages of its objects are.
 */
export async function sweepAbandoned(
  place: StagingPlace,
  folders: Iterable<string>,
  graceMs: number,
  nowMs: number,
  signal: AbortSignal,
): Promise<string[]> {
  const swept: string[] = [];
  for (const folder of folders) {
    const names = await namesOfAbandoned(place.bucket, folder, nowMs - graceMs, signal);
    if (names === undefined) continue;
    await deleteFolder(place.bucket, names, `${folder}plan.json`, signal);
    swept.push(folder);
  }
  return swept;
}

async function* namesOf(bucket: GcsBucket, folder: string, signal: AbortSignal): AsyncGenerator<string> {
  for await (const { name } of bucket.list(folder, signal)) yield name;
}

/** All names in a folder whose objects are all older; undefined: one is not. */
async function namesOfAbandoned(
  bucket: GcsBucket,
  folder: string,
  newestMs: number,
  signal: AbortSignal,
): Promise<string[] | undefined> {
  const names: string[] = [];
  for await (const { name, updatedMs } of bucket.list(folder, signal)) {
    if (updatedMs > newestMs) return undefined;
    names.push(name);
  }
  return names;
}

async function deleteFolder(
  bucket: GcsBucket,
  names: AsyncIterable<string> | Iterable<string>,
  plan: string,
  signal: AbortSignal,
): Promise<void> {
  const last: string[] = [];
  await inParallel(names, SWEEPERS, async (name) => {
    if (name === plan) last.push(name);
    else await bucket.delete(name, signal);
  });
  for (const name of last) await bucket.delete(name, signal);
}
