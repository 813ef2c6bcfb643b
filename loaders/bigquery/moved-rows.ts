import { tableName } from '../../core/clients/bigquery-api';
import { queryJob } from './commit-jobs';
import type { CommitPlan } from './commit-plan';
import { jobStatistic } from './job-statistics';
import type { JobDesk } from './job-looks';
import { fenceStatement } from './move-sql';
import { runStep } from './prepare-commit';
import { needAttention, type PublishingDesk, type PublishingRun } from './publish';

/**
 * Whether the rows of a plan that moves them are in its table, after its job has ended in whatever way. Where they are not, they never will
 * be: the same question makes sure of it. Asked again, it gives the same answer, as its job is known by its id. Throws NEEDS_ATTENTION
 * where nobody can tell, and what `JobDesk` throws.
 */
export async function rowsHaveMoved(
  desk: PublishingDesk & JobDesk,
  run: PublishingRun,
  plan: CommitPlan & { readonly moves: NonNullable<CommitPlan['moves']> },
  location: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { mark, rows } = plan.moves;
  const lost = async (why: string): Promise<never> => {
    throw await needAttention(desk, run, `it cannot be told whether its rows were published: ${why}`, signal);
  };
  if ((await desk.api.getTable(mark, signal)) === undefined) {
    return await lost(`its temporary table ${tableName(mark)} is gone`);
  }
  const fence = queryJob('fence', fenceStatement(mark));
  const job = await runStep(desk, run, plan, fence, location, signal);
  const deleted = jobStatistic(job, 'query', 'dmlStats', 'deletedRowCount');
  if (deleted === 0) return true;
  if (deleted === rows) return false;
  return await lost(
    `its temporary table ${tableName(mark)} had ${deleted ?? 'an unknown number of'} rows, and ${rows} were loaded into it`,
  );
}
