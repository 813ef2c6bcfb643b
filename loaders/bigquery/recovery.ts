import { tableName } from '../../core/clients/bigquery-api';
import { BeamliftError, messageOf } from '../../core/errors';
import type { JobIdentity, JoinedRun, LoadReport, RunEnd, RunRecovery } from '../../core/loader';
import type { Manifest } from '../../core/manifest';
import { needsAttention } from '../../core/needs-attention';
import { neverAborts } from '../../core/never-aborts';
import { planSchema, type JsonObject, type Plan, type RunContext } from '../../core/plan';
import { recordThatMustBe, type CommitDesk } from './commit';
import { findCommitRecord } from './commit-record';
import { finishRun } from './finish-run';
import { holding, joinJobLease, type JobLease } from './job-lease';
import { isAlive } from './job-lease-decision';
import { burnJob, type JobOutcome } from './load-jobs';
import { whetherMoved, type Moved } from './moved-rows';
import { jsonOfObject, readableBody } from './object-json';
import { needAttention, referenceOf, type PublishingRun } from './publish';
import { listManifests } from './staging';
import { StateSession } from './state-session';
import { unfinishedRunOf, type CommitIntent, type StateDocument, type StateRun } from './state-document';
import { sweepEndedRuns } from './sweep-run';

/** 20,000 units of some hundred bytes each, and the largest schemas. */
const MAX_PLAN_BYTES = 128 * 1024 * 1024;

/** A run of which only its launcher believes that it has ended may still publish, by a committer that has joined it. */
function refuseToReplace(document: StateDocument, runId: string): void {
  const open = unfinishedRunOf(document);
  // One that is staging can publish nothing once it is not the run in progress any more.
  if (open === null || open.state === 'staging' || open.runId === runId) return;
  throw new BeamliftError('COMMIT_UNSETTLED', {
    what: `Run ${open.runId} of job ${document.job} has not ended`,
    where: { job: document.job },
    why: 'It was to be ended, and has come to its commit meanwhile.',
    hint: 'The next run finds out what has become of it, and loads nothing twice.',
  });
}

/** What another launcher needs to finish a run, or to end it safely. */
export class BigQueryRecovery implements RunRecovery {
  constructor(
    private readonly desk: Omit<CommitDesk, 'session'>,
    /** Of the lease that was acquired. Throws INTERNAL before that. */
    private readonly held: () => {
      readonly job: string;
      readonly lease: Pick<JobLease, 'fence' | 'endedBefore'>;
      readonly session: StateSession;
    },
  ) {}

  async beginRun(plan: Plan, signal: AbortSignal): Promise<void> {
    const { session } = this.held();
    const { job, runId, fence } = plan.context;
    const { plan: name } = this.desk.layout.run(job, runId);
    const body = readableBody(`The plan of run ${runId}`, plan, MAX_PLAN_BYTES, { job, object: name });
    // First the state, then the files: what a run leaves that dies now is known by its id, and swept.
    await session.change((kept, nowIso) => {
      const document = holding(kept?.document, fence);
      refuseToReplace(document, runId);
      const run: StateRun = { id: runId, state: 'staging', startedAt: nowIso, reason: null, intent: null };
      return { ...document, run };
    }, signal);
    if ((await this.desk.bucket.write(name, body, '0', signal)) === 'conflict') {
      throw new BeamliftError('INTERNAL', {
        what: `Run ${runId} has a plan already`,
        where: { job, object: name },
      });
    }
  }

  async noteRunner(runId: string, handle: JsonObject, signal: AbortSignal): Promise<void> {
    const { session, lease } = this.held();
    await session.change((kept) => {
      const document = holding(kept?.document, lease.fence);
      if (document.run?.id !== runId) {
        throw new BeamliftError('INTERNAL', { what: `Run ${runId} is not the one in progress` });
      }
      return { ...document, run: { ...document.run, runner: handle } };
    }, signal);
  }

  async joinRun({ job, runId, fence }: RunContext, signal: AbortSignal): Promise<JoinedRun> {
    const { bucket, clock, layout, log } = this.desk;
    const session = new StateSession(bucket, layout.state(job), clock);
    // The first renewal is due now: whoever had the lease may have left long ago.
    await session.change((kept) => holding(kept?.document, fence), signal);
    return joinJobLease({ session, clock, log }, { job, runId, fence });
  }

  async findPlan(runId: string, signal: AbortSignal): Promise<Plan | undefined> {
    const { job } = this.held();
    const object = await this.desk.bucket.read(this.desk.layout.run(job, runId).plan, MAX_PLAN_BYTES, signal);
    if (object === undefined) return undefined;
    const parsed = planSchema.safeParse(jsonOfObject(object.body));
    return parsed.success ? parsed.data : undefined;
  }

  async manifests(context: RunContext, signal: AbortSignal): Promise<Manifest[]> {
    return await listManifests(this.desk, context, signal);
  }

  async endRun(
    runId: string,
    end: RunEnd,
    signal: AbortSignal,
    looked = false,
  ): ReturnType<RunRecovery['endRun']> {
    const { session, lease } = this.held();
    for (;;) {
      const run = holding((await session.read(signal))?.document, lease.fence).run;
      if (run?.id !== runId) return { kind: 'ended' };
      switch (run.state) {
        case 'committed':
          return { kind: 'published', report: await this.reportOf(runId, signal) };
        case 'committing': {
          const published = await this.endCommit(run, signal);
          if (published !== undefined) return { kind: 'published', report: published };
          break;
        }
        case 'needs_attention':
          if (!looked) throw needsAttention(this.held().job, runId, run.reason ?? 'see its record');
          // What its job did is as it should be, and it must do no more.
          if (run.intent !== null) await burnJob(this.publishingDesk(), referenceOf(run.intent), signal);
          break;
        case 'staging':
          break;
        default:
          return { kind: 'ended' };
      }
      // A committer that has joined the run may have gone on meanwhile, to a job that is not burnt.
      if (await this.close(run, end, signal)) return { kind: 'ended' };
    }
  }

  async sweepRun(runId: string): Promise<void> {
    const { job, lease, session } = this.held();
    try {
      await sweepEndedRuns(this.desk, { job, runId }, lease.endedBefore, session.storeNow(), neverAborts());
    } catch (error) {
      this.desk.log.warn('staging.not_swept', { run_id: runId, error: messageOf(error) });
    }
  }

  async acceptRun(runId: string, signal: AbortSignal): Promise<LoadReport> {
    const { session, lease } = this.held();
    const run = holding((await session.read(signal))?.document, lease.fence).run;
    if (run?.id === runId && run.state === 'needs_attention') {
      const { context, record } = await this.recorded(runId, signal);
      return await finishRun(this.publishingDesk(), context, record, undefined, signal, true);
    }
    throw new BeamliftError('RUN_NOT_FOUND', {
      what: `Run ${runId} does not need attention`,
      why: run?.id === runId ? `Its state is ${run.state}.` : 'It is not the last run of its job.',
      hint: '`beamlift runs resume` without --accept goes on with a run that has not ended.',
    });
  }

  async requestCancel(identity: JobIdentity, runId: string, signal: AbortSignal): Promise<boolean> {
    const session = new StateSession(this.desk.bucket, this.desk.layout.state(identity.job), this.desk.clock);
    let asked = false;
    await session.change((kept) => {
      asked = false;
      if (kept === undefined || !isAlive(kept, { runId: '', isRunning: this.desk.isRunning }))
        return undefined;
      const { document } = kept;
      const { lease } = document;
      if (lease === null || (lease.runId !== runId && document.run?.id !== runId)) return undefined;
      asked = true;
      return lease.cancelRequested ? undefined : { ...document, lease: { ...lease, cancelRequested: true } };
    }, signal);
    return asked;
  }

  /** Whatever of the run's job can still happen happens now, or never. Returns the report where it has published. */
  private async endCommit(seen: StateRun, signal: AbortSignal): Promise<LoadReport | undefined> {
    const { id: runId, intent } = seen;
    if (intent === null) return undefined;
    const outcome = await burnJob(this.publishingDesk(), referenceOf(intent), signal);
    if (outcome.kind !== 'done' && !(await this.movedAllTheSame(seen, outcome, signal))) return undefined;
    const { context, record } = await this.recordedOrMarked(runId, signal);
    const job = 'job' in outcome ? outcome.job : undefined;
    return await finishRun(this.publishingDesk(), context, record, job, signal);
  }

  /** Whether a job that has failed, or one before the id that was taken, has published: see `moveScript`. */
  private async movedAllTheSame(seen: StateRun, outcome: JobOutcome, signal: AbortSignal): Promise<boolean> {
    const { id: runId, intent } = seen;
    if (intent === null || (outcome.kind === 'burnt' && intent.attempt === 0)) return false;
    const { job, lease, session } = this.held();
    const run = { job, runId, fence: lease.fence };
    const moved = await this.whetherMoved(run, intent, signal);
    if (moved.kind !== 'unknown') return moved.kind === 'published';
    // Another may have ended the run meanwhile, and removed what tells.
    const now = holding((await session.read(signal))?.document, lease.fence).run;
    if (now?.id !== runId || now.state !== seen.state || now.intent?.jobId !== intent.jobId) return false;
    const reason = `it cannot be told whether its job ${intent.jobId} published rows: ${moved.why}`;
    throw await needAttention(this.publishingDesk(), run, reason, signal);
  }

  private async whetherMoved(
    run: PublishingRun,
    { location }: CommitIntent,
    signal: AbortSignal,
  ): Promise<Moved> {
    const place = { bucket: this.desk.bucket, layout: this.desk.layout.run(run.job, run.runId) };
    const record = await findCommitRecord(place, signal);
    if (record === undefined) return { kind: 'unknown', why: 'the record of what it does is gone' };
    const { plan } = record;
    if (plan.moves === undefined) return { kind: 'never' };
    return await whetherMoved(this.desk, run, { ...plan, moves: plan.moves }, location, signal);
  }

  /** Marks a run as ended that is still as it was seen; false: it is not. */
  private async close(seen: StateRun, end: RunEnd, signal: AbortSignal): Promise<boolean> {
    const { session, lease } = this.held();
    let closed = false;
    await session.change((kept) => {
      const document = holding(kept?.document, lease.fence);
      const { run } = document;
      closed = run?.id === seen.id && run.state === seen.state && run.intent?.jobId === seen.intent?.jobId;
      return closed && run !== null ? { ...document, run: { ...run, state: end } } : undefined;
    }, signal);
    return closed;
  }

  /** The plan under our fence, and what its commit was to do. */
  private async recorded(
    runId: string,
    signal: AbortSignal,
  ): Promise<{ context: RunContext; record: Awaited<ReturnType<typeof recordThatMustBe>> }> {
    const { job, lease } = this.held();
    const plan = await this.findPlan(runId, signal);
    const place = { bucket: this.desk.bucket, layout: this.desk.layout.run(job, runId) };
    const record = await recordThatMustBe(place, { job, runId }, signal);
    if (plan !== undefined) return { context: { ...plan.context, fence: lease.fence }, record };
    throw new BeamliftError('NEEDS_ATTENTION', {
      what: `The plan of run ${runId} of job ${job} is gone, or was made by a newer beamlift`,
      where: { job, object: place.layout.plan },
      hint: `With a newer beamlift, use that one. Otherwise look at the table, then \`beamlift runs cancel ${runId}\`.`,
    });
  }

  /** As `recorded`, for a run whose rows are visible: where its plan is gone, only a person can say what the job should remember. */
  private async recordedOrMarked(
    runId: string,
    signal: AbortSignal,
  ): ReturnType<BigQueryRecovery['recorded']> {
    const { job, lease } = this.held();
    try {
      return await this.recorded(runId, signal);
    } catch (error) {
      if (!(error instanceof BeamliftError) || error.code !== 'NEEDS_ATTENTION') throw error;
      const run = { job, runId, fence: lease.fence };
      throw await needAttention(
        this.publishingDesk(),
        run,
        `its rows are published, but ${error.what}`,
        signal,
      );
    }
  }

  private async reportOf(runId: string, signal: AbortSignal): Promise<LoadReport> {
    const { record } = await this.recorded(runId, signal);
    const { session } = this.held();
    const rows = (await session.current(signal))?.document.lastCommit?.rows ?? record.plan.rowsStaged;
    return {
      rowsLoaded: rows,
      alreadyCommitted: true,
      table: tableName(record.plan.table),
    };
  }

  private publishingDesk() {
    return { ...this.desk, session: this.held().session };
  }
}
