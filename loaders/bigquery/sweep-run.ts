import type { BigQueryApi } from '../../core/clients/bigquery-api';
import { MS_PER_DAY } from '../../core/calendar';
import type { RunContext } from '../../core/plan';
import { findCommitRecord, type CommitRecord } from './commit-record';
import { sweepRejects } from './rejects';
import type { StagingPlace } from './staging';
import { sweepAbandoned, sweepRun } from './sweep';

/**
 * Folders of runs that nobody ended are left alone for so long after the last change in them: an attempt that was cut off from its run
 * may still write. In milliseconds.
 */
const ORPHAN_GRACE_MS = MS_PER_DAY;

export interface SweepingPlace extends StagingPlace {
  readonly api: BigQueryApi;
  /** Records of commits that this process made, by run id: they need not be read again. */
  readonly records: ReadonlyMap<string, CommitRecord>;
}

/**
 * Removes what a run that has its end has left: temporary tables, then its files, without the rejected rows. So for the run before it, where that one was killed after
 * its end, and for what older attempts left behind.
 */
export async function sweepEndedRuns(
  place: SweepingPlace,
  { job, runId }: Pick<RunContext, 'job' | 'runId'>,
  endedBefore: string | undefined,
  storeNowMs: number,
  signal: AbortSignal,
): Promise<void> {
  const ended = endedBefore === undefined ? [runId] : [runId, endedBefore];
  await sweepRejects(place, job, ended, storeNowMs, signal);
  await sweepEnded(place, job, runId, signal);
  const left = new Set<string>();
  for await (const folder of place.bucket.listFolders(place.layout.runs(job), signal)) left.add(folder);
  left.delete(place.layout.run(job, runId).folder);
  if (endedBefore !== undefined && left.delete(place.layout.run(job, endedBefore).folder)) {
    await sweepEnded(place, job, endedBefore, signal);
  }
  await sweepAbandoned(place, left, ORPHAN_GRACE_MS, storeNowMs, signal);
}

async function sweepEnded(
  place: SweepingPlace,
  job: string,
  runId: string,
  signal: AbortSignal,
): Promise<void> {
  const layout = place.layout.run(job, runId);
  const record = place.records.get(runId) ?? (await findCommitRecord({ ...place, layout }, signal));
  for (const { reference } of record?.plan.temporaryTables ?? []) {
    await place.api.deleteTable(reference, signal);
  }
  await sweepRun(place, job, runId, signal);
}
