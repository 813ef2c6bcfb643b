import type { GcsBucket } from '../../core/clients/gcs-bucket';
import { tableName, type JobResource, type TableReference } from '../../core/clients/bigquery-api';
import { BeamliftError, messageOf, toBeamliftError } from '../../core/errors';
import type { LoadReport } from '../../core/loader';
import type { Manifest } from '../../core/manifest';
import { neverAborts } from '../../core/never-aborts';
import type { RunContext } from '../../core/plan';
import { committedBefore } from '../committed-before';
import { manifestHash } from '../manifest-hash';
import type { ProcessIdentity } from '../process-identity';
import { findCommitRecord, keepCommitRecord, type CommitRecord } from './commit-record';
import { finishRun } from './finish-run';
import { holding } from './job-lease';
import { planCommit } from './plan-commit';
import { prepareCommit } from './prepare-commit';
import { publish, type PublishingDesk } from './publish';
import type { RunLayout, StagingLayout } from './staging-layout';
import { checkParts } from './staging';
import { unfinishedRunOf, type StateDocument } from './state-document';
import { withTableLease } from './table-lease';

/** What a commit needs. */
export interface CommitDesk extends PublishingDesk {
  readonly bucket: GcsBucket;
  readonly layout: StagingLayout;
  readonly table: TableReference;
  readonly holder: ProcessIdentity;
  readonly isRunning: (identity: ProcessIdentity) => boolean | 'unknown';
  /** Where the dataset is, and jobs run. */
  readonly location: (signal: AbortSignal) => Promise<string>;
  /** Records of commits that this process makes, by run id. */
  readonly records: Map<string, CommitRecord>;
}

/**
 * Publishes a run: see `Loader.commit`. Whoever has the job's lease may do it, as often as it takes: what is to be sent is decided once and
 * kept beside the parts, and each job that changes something is known by an id that follows from the run.
 */
export async function commitRows(
  desk: CommitDesk,
  context: RunContext,
  manifests: readonly Manifest[],
  files: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<LoadReport> {
  const hash = manifestHash(manifests);
  const document = (await desk.session.current(signal))?.document;
  const done = doneBefore(desk, context, hash, document);
  if (done !== undefined) return done;
  holding(document, context.fence);
  try {
    return await withTableLease(desk, context, signal, async (leased) => {
      const record = await recordOf(desk, context, manifests, hash, files, leased);
      desk.records.set(context.runId, record);
      return await commitRecorded(desk, context, record, leased);
    });
  } catch (thrown) {
    const byAnother = await endedByAnother(desk, context, hash, toBeamliftError(thrown), signal);
    if (byAnother !== undefined) return byAnother;
    throw thrown;
  }
}

/**
 * What became of a run that fails here and may have been ended elsewhere meanwhile, by another committer of it or by the next holder of the
 * lease: its rows may be published. What was made here after that end is removed. Never throws.
 */
async function endedByAnother(
  desk: CommitDesk,
  context: RunContext,
  hash: string,
  error: BeamliftError,
  signal: AbortSignal,
): Promise<LoadReport | undefined> {
  if (signal.aborted && error.code !== 'FENCED') return undefined;
  try {
    const document = (await desk.session.read(neverAborts()))?.document;
    if (document === undefined || unfinishedRunOf(document)?.runId === context.runId) return undefined;
    for (const { reference } of desk.records.get(context.runId)?.plan.temporaryTables ?? []) {
      await desk.api.deleteTable(reference, neverAborts());
    }
    return doneBefore(desk, context, hash, document);
  } catch (thrown) {
    desk.log.debug('commit.end.unknown', { run_id: context.runId, error: messageOf(thrown) });
    return undefined;
  }
}

/** The report of a commit that was made before. */
function doneBefore(
  { table }: CommitDesk,
  context: RunContext,
  hash: string,
  document: StateDocument | undefined,
): LoadReport | undefined {
  const rowsLoaded = committedBefore(context, document?.lastCommit, hash);
  return rowsLoaded === undefined
    ? undefined
    : { rowsLoaded, alreadyCommitted: true, table: tableName(table) };
}

/** Does what the record says, from wherever it was left. */
async function commitRecorded(
  desk: CommitDesk,
  context: RunContext,
  record: CommitRecord,
  signal: AbortSignal,
): Promise<LoadReport> {
  const { plan } = record;
  const run = { job: context.job, runId: context.runId, fence: context.fence };
  const known = holding((await desk.session.current(signal))?.document, context.fence);
  // Whoever was stopped for a while must not make tables that nobody deletes: the state is asked anew.
  const isOld = plan.temporaryTables.length > 0 && known.run?.state !== 'committing';
  const document = isOld ? holding((await desk.session.read(signal))?.document, context.fence) : known;
  const location = document.run?.intent?.location ?? (await desk.location(signal));
  // From the intent on, the publishing job may have run: preparing again could pull its files from under it.
  if (document.run?.state === 'staging') {
    await prepareCommit(desk, run, plan, location, desk.session.storeNow(), signal);
  }
  let job: JobResource | undefined;
  if (plan.publish !== null) job = await publish(desk, run, plan, plan.publish, location, signal);
  return await finishRun(desk, context, record, job, signal);
}

async function recordOf(
  desk: CommitDesk,
  context: RunContext,
  manifests: readonly Manifest[],
  hash: string,
  files: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<CommitRecord> {
  const { bucket, layout, table, api } = desk;
  const place = { bucket, layout: layout.run(context.job, context.runId) };
  const document = holding((await desk.session.current(signal))?.document, context.fence);
  if (document.run?.state === 'committing') return await recordThatMustBe(place, context, signal);
  await checkParts({ bucket, layout }, context, manifests, signal);
  const plan = planCommit({
    context,
    manifests,
    manifestHash: hash,
    table,
    existing: await api.getTable(table, signal),
    location: await desk.location(signal),
    nowMs: desk.session.storeNow(),
  });
  return await keepCommitRecord(place, { plan, files: { ...files } }, signal);
}

/** Of a run whose state says that its commit was begun. */
export async function recordThatMustBe(
  place: { readonly bucket: GcsBucket; readonly layout: RunLayout },
  { job, runId }: Pick<RunContext, 'job' | 'runId'>,
  signal: AbortSignal,
): Promise<CommitRecord> {
  const record = await findCommitRecord(place, signal);
  if (record !== undefined) return record;
  throw new BeamliftError('NEEDS_ATTENTION', {
    what: `The record of what run ${runId} of job ${job} publishes is gone`,
    where: { job, object: place.layout.commit },
    why: 'Its staged files were deleted while the run was not finished: by a lifecycle rule of the bucket, or by hand.',
    hint: `Look at the table and at the run's job in BigQuery (labels beamlift_run). Then \`beamlift runs cancel ${runId}\`: the next run loads the same window again.`,
  });
}
