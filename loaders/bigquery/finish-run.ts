import { tableName, type JobResource } from '../../core/clients/bigquery-api';
import type { LoadReport } from '../../core/loader';
import type { RunContext } from '../../core/plan';
import { nextState } from '../next-state';
import type { CommitRecord } from './commit-record';
import { shownId } from './job-failures';
import { holding } from './job-lease';
import { jobStatistic } from './job-statistics';
import { ended, needAttention, type PublishingDesk } from './publish';
import { jobStateOf, unfinishedRunOf } from './state-document';

/** What a publishing job did, in rows. */
export interface PublishedRows {
  readonly loaded: number;
  /** Of a merge: staged rows that gave way to others. */
  readonly superseded: number;
  /** What is wrong with these numbers; undefined: nothing. */
  readonly mismatch: string | undefined;
}

/** Compares what the job says it did with what was staged. */
export function publishedRows({ plan }: CommitRecord, job: JobResource | undefined): PublishedRows {
  const staged = plan.rowsStaged;
  const whole = { loaded: staged, superseded: 0, mismatch: undefined };
  if (job === undefined) return whole;
  switch (plan.proofOfPublish) {
    case 'none':
    case 'moved-rows':
      return whole;
    case 'output-rows':
      return compared(staged, jobStatistic(job, 'load', 'outputRows'), 'loaded');
    case 'copied-rows':
      return compared(staged, jobStatistic(job, 'copy', 'copiedRows') ?? staged, 'copied');
    case 'inserted-rows':
      return compared(
        staged,
        jobStatistic(job, 'query', 'dmlStats', 'insertedRowCount') ?? staged,
        'inserted',
      );
    case 'merged-rows': {
      const inserted = jobStatistic(job, 'query', 'dmlStats', 'insertedRowCount');
      const updated = jobStatistic(job, 'query', 'dmlStats', 'updatedRowCount');
      if (inserted === undefined || updated === undefined) return whole;
      const merged = inserted + updated;
      if (merged > staged) return { ...compared(staged, merged, 'merged'), superseded: 0 };
      return { loaded: merged, superseded: staged - merged, mismatch: undefined };
    }
  }
}

/**
 * The last step of a run: what its job published becomes what the state knows. Throws NEEDS_ATTENTION where the job did something else
 * than was staged: loading it again would make it worse. `accepted`: a person has looked, and says that it is right.
 */
export async function finishRun(
  desk: PublishingDesk,
  context: RunContext,
  record: CommitRecord,
  job: JobResource | undefined,
  signal: AbortSignal,
  accepted = false,
): Promise<LoadReport> {
  const run = { job: context.job, runId: context.runId, fence: context.fence };
  const rows = publishedRows(record, job);
  if (rows.mismatch !== undefined && !accepted) throw await needAttention(desk, run, rows.mismatch, signal);
  await desk.session.change((kept, nowIso) => {
    const document = holding(kept?.document, run.fence);
    // Without a job nothing else keeps a run that somebody has ended from being published.
    const isOpen = unfinishedRunOf(document)?.runId === run.runId;
    if (job === undefined && !isOpen && document.lastCommit?.runId !== run.runId) {
      throw ended(run, 'It is not in progress any more.');
    }
    // A write of ours may have been made without our hearing of it, or somebody else's: publishing is told to the state once.
    if (document.run?.id !== run.runId || document.run.state === 'committed') return undefined;
    const state = nextState(context, jobStateOf(document), {
      manifestHash: record.plan.manifestHash,
      rows: rows.loaded,
      at: nowIso,
      files: record.files,
    });
    return {
      ...document,
      ...state,
      files: { ...state.files },
      intervals: [...state.intervals],
      run: { ...document.run, state: 'committed', reason: null },
    };
  }, signal);
  return {
    rowsLoaded: rows.loaded,
    ...(context.keyColumns.length > 0 ? { rowsSuperseded: rows.superseded } : {}),
    alreadyCommitted: false,
    table: tableName(record.plan.table),
    ...(job === undefined ? {} : { publishedBy: shownId(job.jobReference) }),
  };
}

function compared(staged: number, done: number | undefined, verb: string): PublishedRows {
  const mismatch =
    done === staged
      ? undefined
      : `${staged} rows were staged, and BigQuery says it ${verb} ${done ?? 'nobody knows how many'}`;
  return { loaded: done ?? staged, superseded: 0, mismatch };
}
