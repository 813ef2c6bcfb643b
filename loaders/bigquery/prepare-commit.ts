import {
  tableName,
  type BigQueryApi,
  type JobResource,
  type TableField,
  type TableReference,
} from '../../core/clients/bigquery-api';
import { MS_PER_HOUR } from '../../core/calendar';
import { BeamliftError } from '../../core/errors';
import { jsonObjectSchema } from '../../core/plan';
import { delayBeforeAttempt, RETRY_POLICIES } from '../../core/retry-policies';
import type { CommitPlan, PlannedJob, Proof } from './commit-plan';
import { inParallel } from './in-parallel';
import { configurationHash, jobIdOf, jobLabels } from './job-ids';
import { runJob, type JobDesk } from './load-jobs';
import { jobStatistic } from './job-statistics';
import type { PublishingRun } from './publish';

/** Jobs that fill temporary tables, at a time: BigQuery runs them side by side, and polling them costs a request each. */
const JOBS_AT_ONCE = 4;

/** Temporary tables have to live so much longer, in milliseconds: a copy takes hours at most. */
const EXPIRY_MARGIN_MS = 12 * MS_PER_HOUR;

/** Somebody else changes the table's schema at the same time; so often in a row is no accident. */
const MAX_PATCHES = 5;

/**
 * Everything before the publishing job: temporary tables, their rows, the questions to them, and the shape of the table. All of it may be
 * done again at any time, and none of it shows a row. Throws COUNT_MISMATCH where the temporary tables are not what was staged.
 */
export async function prepareCommit(
  desk: JobDesk,
  run: PublishingRun,
  plan: CommitPlan,
  location: string,
  nowMs: number,
  signal: AbortSignal,
): Promise<void> {
  refuseExpired(run, plan, nowMs);
  for (const { reference, resource } of plan.temporaryTables) {
    await desk.api.createTable(reference, resource, signal);
  }
  await inParallel(plan.prepare, JOBS_AT_ONCE, async (planned) => {
    const job = await runStep(desk, run, plan, planned, location, signal);
    checkOutput(run, planned, job);
  });
  await checkTemporaryTables(desk.api, run, plan, signal);
  for (const proof of plan.proofs) await prove(desk, run, plan, proof, location, signal);
  if (plan.createTable !== null) {
    await desk.api.createTable(plan.createTable.reference, plan.createTable.resource, signal);
  }
  if (plan.addColumns.length > 0) await addColumns(desk.api, plan, signal);
}

/** The jobs that filled a temporary table are known by BigQuery for longer than the table lives: it would be made again, and stay empty. */
function refuseExpired(run: PublishingRun, { temporaryTables }: CommitPlan, nowMs: number): void {
  const expiries = temporaryTables.map(({ resource }) => Number(resource['expirationTime'] ?? Infinity));
  if (Math.min(Infinity, ...expiries) - nowMs > EXPIRY_MARGIN_MS) return;
  throw new BeamliftError('RUN_ENDED', {
    what: `Run ${run.runId} of job ${run.job} stopped too long ago to be gone on with`,
    where: { job: run.job },
    why: 'Its temporary tables have expired, or are about to.',
    hint: 'Nothing of it was published. Run the job again.',
  });
}

/** Also where the jobs were done by a process before: what is published is what is in the tables now. */
async function checkTemporaryTables(
  api: BigQueryApi,
  run: PublishingRun,
  { temporaryTables, rowsStaged }: CommitPlan,
  signal: AbortSignal,
): Promise<void> {
  if (temporaryTables.length === 0) return;
  let rows = 0;
  for (const { reference } of temporaryTables) {
    const resource = await api.getTable(reference, signal);
    rows += Number(resource?.numRows ?? NaN);
  }
  if (rows === rowsStaged) return;
  throw new BeamliftError('COUNT_MISMATCH', {
    what: `The temporary tables of run ${run.runId} have ${Number.isNaN(rows) ? 'vanished' : `${rows} rows`}, and ${rowsStaged} were staged`,
    where: { job: run.job },
    why: 'Something else than beamlift deleted or changed them.',
    hint: 'Nothing was published. Run the job again.',
  });
}

/** A job that may be done again under the next id once it has failed for a reason that passes. */
async function runStep(
  desk: JobDesk,
  { job, runId }: PublishingRun,
  { manifestHash }: CommitPlan,
  { step, configuration }: Pick<PlannedJob, 'step' | 'configuration'>,
  location: string,
  signal: AbortSignal,
): Promise<JobResource> {
  // Another configuration under the same run is another job: a table that was widened in between changes what is sent.
  const salted = `${step}-${configurationHash(configuration).slice(0, 8)}`;
  for (let attempt = 0; ; attempt++) {
    const jobId = jobIdOf({ runId, manifestHash, step: salted, attempt });
    const outcome = await runJob(
      desk,
      {
        reference: { projectId: desk.api.project, jobId, location },
        configuration,
        labels: jobLabels(job, runId),
      },
      { mayInsert: true },
      signal,
    );
    if (outcome.kind === 'done') return outcome.job;
    if (outcome.kind === 'absent' || outcome.kind === 'burnt') {
      throw new BeamliftError('INTERNAL', { what: `Job ${jobId} is ${outcome.kind}`, where: { job } });
    }
    const spent = outcome.kind === 'refused' || attempt + 1 >= RETRY_POLICIES.bigqueryJob.attempts;
    if (!outcome.retry || spent) throw outcome.error;
    desk.log.warn('commit.job.failed', { job_id: jobId, error: outcome.error.what });
    await desk.clock.sleep(delayBeforeAttempt(RETRY_POLICIES.bigqueryJob, attempt + 1), signal);
  }
}

function checkOutput(run: PublishingRun, { step, expectedRows }: PlannedJob, job: JobResource): void {
  if (expectedRows === null) return;
  const output = jobStatistic(job, 'load', 'outputRows');
  if (output === expectedRows) return;
  throw new BeamliftError('COUNT_MISMATCH', {
    what: `BigQuery loaded ${output ?? 'an unknown number of'} of ${expectedRows} staged rows into a temporary table`,
    where: { job: run.job, object: `${step}: ${job.jobReference.jobId}` },
    hint: 'Nothing was published. Please report this: either a staged file was changed, or beamlift wrote one that BigQuery reads otherwise.',
  });
}

async function prove(
  desk: JobDesk,
  run: PublishingRun,
  plan: CommitPlan,
  { step, sql, expected, meaning }: Proof,
  location: string,
  signal: AbortSignal,
): Promise<void> {
  const configuration = { query: { query: sql, useLegacySql: false, useQueryCache: false } };
  const job = await runStep(desk, run, plan, { step, configuration }, location, signal);
  const [row] = await desk.api.queryRows(job.jobReference, signal);
  const different = Object.keys(expected).filter((column) => row?.[column] !== expected[column]);
  const [first] = different;
  if (first === undefined) return;
  throw new BeamliftError('COUNT_MISMATCH', {
    what: `The rows in the temporary table are not those that were staged: ${meaning[first] ?? first}`,
    where: { job: run.job, object: tableName(plan.table) },
    why: `Staged: ${expected[first] ?? 'null'}; BigQuery has: ${row?.[first] ?? 'null'}.${different.length > 1 ? ` ${different.length} sums differ in all.` : ''}`,
    hint: 'Nothing was published. Please report this with the types of the columns.',
  });
}

/** Adds what is missing; columns that are there by now are left as they are. */
async function addColumns(
  api: BigQueryApi,
  { table, addColumns: wanted }: CommitPlan,
  signal: AbortSignal,
): Promise<void> {
  for (let patches = 0; patches < MAX_PATCHES; patches++) {
    const resource = await api.getTable(table, signal);
    if (resource === undefined) throw tableGone(table);
    const fields: readonly TableField[] = resource.schema?.fields ?? [];
    const there = new Set(fields.map(({ name }) => name.toLowerCase()));
    const missing = wanted.filter(({ name }) => typeof name === 'string' && !there.has(name.toLowerCase()));
    if (missing.length === 0) return;
    const schema = jsonObjectSchema.parse({ fields: [...fields, ...missing] });
    if ((await api.patchTable(table, { schema }, resource.etag ?? '', signal)) === 'patched') return;
  }
  throw new BeamliftError('DESTINATION_UNAVAILABLE', {
    what: `Columns could not be added to ${tableName(table)}: others change its schema all the time`,
    where: { object: tableName(table) },
    hint: 'Nothing was published. Look for other jobs that change the table, and run the job again.',
  });
}

function tableGone(table: TableReference): BeamliftError {
  return new BeamliftError('DESTINATION_NOT_FOUND', {
    what: `The table ${tableName(table)} was deleted while the run was going on`,
    where: { object: tableName(table) },
    hint: 'Nothing was published. Run the job again: it then loads everything.',
  });
}
