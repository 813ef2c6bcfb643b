import type { BigQueryApi } from '../../core/clients/bigquery-api';
import type { RunContext } from '../../core/plan';
import { findCommitRecord } from './commit-record';
import type { StagingPlace } from './staging';
import { sweepOrphans, sweepRun } from './sweep';

/**
 * Folders of runs that nobody ended are left alone for so long after the last change in them: an attempt that was cut off from its run
 * may still write. In milliseconds.
 */
export const ORPHAN_GRACE_MS = 24 * 60 * 60 * 1000;

export interface SweepingPlace extends StagingPlace {
  readonly api: BigQueryApi;
}

/**
 * Removes what a run that has its end has left: temporary tables, then its files. So for the run before it, where that one was killed after
 * its end, and for what older attempts left behind.
 */
export async function sweepEndedRuns(
  place: SweepingPlace,
  { job, runId }: Pick<RunContext, 'job' | 'runId'>,
  endedBefore: string | undefined,
  storeNowMs: number,
  signal: AbortSignal,
): Promise<void> {
  const ended = [runId, ...(endedBefore === undefined || endedBefore === runId ? [] : [endedBefore])];
  for (const id of ended) {
    const record = await findCommitRecord({ ...place, layout: place.layout.run(job, id) }, signal);
    for (const { reference } of record?.plan.temporaryTables ?? []) {
      await place.api.deleteTable(reference, signal);
    }
    await sweepRun(place, job, id, signal);
  }
  await sweepOrphans(place, job, new Set(ended), ORPHAN_GRACE_MS, storeNowMs, signal);
}
