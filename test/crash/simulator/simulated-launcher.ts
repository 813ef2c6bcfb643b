import { toBeamliftError, type BeamliftError } from '../../../core/errors';
import type { Lease, Loader, RunEnd, RunRecovery, UnfinishedRun } from '../../../core/loader';
import type { Manifest } from '../../../core/manifest';
import type { Plan, RunContext, WorkUnit } from '../../../core/plan';
import { RETRY_POLICIES } from '../../../core/retry-policies';
import type { Committers } from './committers';
import type { Laboratory } from './laboratory';
import { encoded, filesOf, planRun, rowsOf, type SimulatedJob } from './planned-run';
import { retried } from './retried';
import type { SimulatedProcess } from './simulated-process';
import type { Interruption } from './wire';

const IDENTITY = { fingerprint: 'simulated', description: 'a simulation' };

/** As long as the launcher waits for the end of a failed run, in milliseconds. */
const END_PATIENCE_MS = 3 * 60_000;

/** What became of a launcher. `done`: its job is up to date; `again`: it finished an earlier run, and did no more. */
export type LaunchResult = 'done' | 'again' | 'failed' | 'skipped';

/**
 * One process that does what launcher/{launch,adopt-run,execute-plan,resume-run}.ts do, step by step, with virtual time for their waiting and
 * with rows of the model for their source.
 */
export class SimulatedLauncher {
  readonly stop = new AbortController();
  private readonly loader: Loader & { recovery: RunRecovery };
  private lease: Lease | undefined;

  constructor(
    private readonly laboratory: Laboratory,
    readonly process: SimulatedProcess,
    private readonly job: SimulatedJob,
    interruptions: readonly Interruption[],
    /** Who else publishes its runs; undefined: nobody. */
    private readonly committers?: Committers,
  ) {
    this.loader = laboratory.loader(process, interruptions, (reason) => this.stop.abort(reason));
  }

  /** `beamlift run`. Rejects for defects only; never settles when the process dies. */
  async run(): Promise<LaunchResult> {
    const runId = this.laboratory.newRunId();
    this.note(`run ${this.job.name} as ${runId}`);
    return await this.withLease(runId, async (lease, signal) => {
      const { loader, job, process, laboratory } = this;
      if (lease.unfinished !== null) {
        const adopted = await this.adopt(lease, lease.unfinished, signal);
        if (adopted === 'resumed') return 'again';
      }
      const state =
        lease.unfinished === null
          ? lease.state
          : await loader.readState({ job: job.name, ...IDENTITY }, signal);
      const createTable = (await loader.schema(signal)) === undefined;
      const plan = planRun(job, { runId, fence: lease.fence, state }, createTable, process.world.now);
      if (plan === undefined) return 'done';
      laboratory.plans.set(runId, plan);
      laboratory.reach('run begun');
      await loader.recovery.beginRun(plan, signal);
      await this.execute(plan, [], signal);
      return 'done';
    });
  }

  /** `beamlift runs resume RUN` */
  async resume(runId: string): Promise<LaunchResult> {
    this.note(`runs resume ${runId}`);
    return await this.withLease(this.laboratory.newRunId(), async (lease, signal) => {
      if (lease.unfinished?.runId === runId) await this.adopt(lease, lease.unfinished, signal);
      return 'again';
    });
  }

  /** `beamlift runs cancel RUN` */
  async cancel(runId: string): Promise<LaunchResult> {
    this.note(`runs cancel ${runId}`);
    const { recovery } = this.loader;
    try {
      if (await recovery.requestCancel({ job: this.job.name, ...IDENTITY }, runId, this.stop.signal))
        return 'again';
    } catch {
      return 'failed';
    }
    return await this.withLease(this.laboratory.newRunId(), async (lease, signal) => {
      if (lease.unfinished?.runId !== runId) return 'again';
      // Cancelling a run that needs attention says that the table is as it was before.
      if (lease.unfinished.state === 'needs_attention') {
        await this.attend(runId, signal);
        return 'again';
      }
      const ended = await recovery.endRun(runId, 'cancelled', signal);
      this.report(runId, ended.kind === 'published' ? 'success' : 'cancelled', 'CANCELLED');
      await recovery.sweepRun(runId);
      return 'again';
    });
  }

  private async withLease(
    runId: string,
    work: (lease: Lease, signal: AbortSignal) => Promise<LaunchResult>,
  ): Promise<LaunchResult> {
    try {
      const identity = { job: this.job.name, ...IDENTITY };
      this.lease = await this.loader.acquireLease(identity, runId, 'fail', this.stop.signal);
      return await work(this.lease, AbortSignal.any([this.stop.signal, this.lease.lost]));
    } catch (thrown) {
      const error = toBeamliftError(thrown);
      this.note(`gives up: ${error.code} ${error.what}`);
      if (error.code === 'INTERNAL') throw thrown;
      if (error.code === 'FENCED') this.laboratory.reach('run fenced');
      if (error.code !== 'LEASE_HELD') return 'failed';
      this.laboratory.reach('launcher held up by a lease');
      return 'skipped';
    } finally {
      await this.lease?.release().catch(() => undefined);
    }
  }

  /** See launcher/adopt-run.ts. */
  private async adopt(
    lease: Lease,
    { runId, state }: UnfinishedRun,
    signal: AbortSignal,
  ): Promise<'resumed' | 'settled' | 'ended'> {
    const { loader } = this;
    const { recovery } = loader;
    if (state === 'needs_attention') return await this.attend(runId, signal);
    const kept = await recovery.findPlan(runId, signal);
    if (kept === undefined) return await this.giveUp(runId, signal);
    const plan = { ...kept, context: { ...kept.context, fence: lease.fence } };
    const manifests = await recovery.manifests(plan.context, signal);
    if (state === 'committing') {
      try {
        await this.commit(plan, manifests, signal);
      } catch (thrown) {
        if (signal.aborted || isLeftToTheNext(this.explained(thrown))) throw thrown;
        return await this.giveUp(runId, signal);
      }
      this.laboratory.reach('commit finished by another launcher');
      this.report(runId, 'success', '');
      await loader.sweep(plan.context);
      return 'settled';
    }
    // Flags, versions and snapshots decide it there.
    const mayResume = manifests.length > 0 && this.laboratory.random.below(3) > 0;
    if (!mayResume) return await this.giveUp(runId, signal);
    try {
      await this.execute(plan, manifests, signal);
    } catch (thrown) {
      if (signal.aborted || isLeftToTheNext(this.explained(thrown))) throw thrown;
      return 'ended';
    }
    this.laboratory.reach('run resumed');
    return 'resumed';
  }

  /** What a person does about a run that needs attention: looks at the table, and says what is right. */
  private async attend(runId: string, signal: AbortSignal): Promise<'settled' | 'ended'> {
    const { recovery } = this.loader;
    const isVisible = this.laboratory.isVisible(runId);
    this.laboratory.reach('person asked');
    this.note(`a person looks at ${runId}: its rows are ${isVisible ? 'there' : 'not there'}`);
    if (isVisible) {
      await recovery.acceptRun(runId, signal);
      this.report(runId, 'success', 'accepted');
      await recovery.sweepRun(runId);
      return 'settled';
    }
    const ended = await recovery.endRun(runId, 'cancelled', signal, true);
    this.report(runId, ended.kind === 'published' ? 'success' : 'cancelled', 'refused');
    await recovery.sweepRun(runId);
    return 'ended';
  }

  private async giveUp(runId: string, signal: AbortSignal): Promise<'settled' | 'ended'> {
    const { recovery } = this.loader;
    const ended = await recovery.endRun(runId, 'failed', signal);
    this.laboratory.reach('run of another launcher given up');
    await recovery.sweepRun(runId);
    this.report(runId, ended.kind === 'published' ? 'success' : 'failed', 'given up');
    return ended.kind === 'published' ? 'settled' : 'ended';
  }

  /** See launcher/execute-plan.ts. */
  private async execute(plan: Plan, staged: readonly Manifest[], signal: AbortSignal): Promise<void> {
    const { runId } = plan.context;
    const manifests = new Map(staged.map((manifest) => [manifest.unit, manifest]));
    let committing = false;
    try {
      const missing = plan.units.filter((unit) => !manifests.has(unit.id));
      for (const manifest of await this.stageAll({ ...plan, units: missing }, signal)) {
        manifests.set(manifest.unit, manifest);
      }
      committing = true;
      await this.commit(plan, [...manifests.values()], signal);
    } catch (thrown) {
      const isPublished = await this.end(plan, thrown, committing);
      if (!isPublished) throw thrown;
    }
    this.report(runId, 'success', '');
    await this.loader.sweep(plan.context);
  }

  private async end({ context }: Plan, thrown: unknown, committing: boolean): Promise<boolean> {
    const { loader, process, laboratory } = this;
    const error = this.explained(thrown);
    this.note(`${context.runId} fails: ${error.code} ${error.what}`);
    if (isLeftToTheNext(error)) {
      laboratory.reach('run left to the next');
      this.report(context.runId, 'open', error.code);
      return false;
    }
    const end = endOf(error);
    try {
      const patience = new AbortController();
      process.deliver(process.world.now + END_PATIENCE_MS, () =>
        patience.abort(new Error('patience is over')),
      );
      const ended = await loader.recovery.endRun(context.runId, end, patience.signal);
      if (ended.kind === 'published') {
        laboratory.reach('end found the rows published');
        return true;
      }
    } catch (failure) {
      this.note(`cannot end ${context.runId}: ${String(failure)}`);
      this.report(context.runId, 'open', committing ? 'COMMIT_UNSETTLED' : 'staging');
      return false;
    }
    this.report(context.runId, end, error.code);
    await loader.sweep(context);
    return false;
  }

  private async commit(plan: Plan, manifests: readonly Manifest[], signal: AbortSignal): Promise<void> {
    const { context, units } = plan;
    if (manifests.length !== units.length)
      throw new Error(`${manifests.length} of ${units.length} units are staged`);
    const commit = async (): Promise<void> => {
      await retried(this.process, RETRY_POLICIES.commit, signal, () =>
        this.loader.commit(context, manifests, filesOf(plan), signal),
      );
    };
    await (this.committers?.publish(this.process, plan, manifests, commit, signal) ?? commit());
  }

  private async stageAll({ context, units }: Plan, signal: AbortSignal): Promise<Manifest[]> {
    const manifests: Manifest[] = [];
    const left = [...units];
    const lane = async (): Promise<void> => {
      for (let unit = left.shift(); unit !== undefined; unit = left.shift()) {
        const next = unit;
        const staged = await retried(this.process, RETRY_POLICIES.unit, signal, () =>
          this.stage(context, next, signal),
        );
        manifests.push(staged);
      }
    };
    const lanes = await Promise.allSettled([lane(), lane()]);
    for (const end of lanes) if (end.status === 'rejected') throw end.reason;
    return manifests;
  }

  private async stage(context: RunContext, unit: WorkUnit, signal: AbortSignal): Promise<Manifest> {
    const { loader, job, process, laboratory } = this;
    const found = await loader.findManifest(context, unit, signal);
    if (found !== undefined) return found;
    const pause = (): Promise<void> => process.clock.sleep(laboratory.faults.latency(), signal);
    return await loader.stage(context, unit, encoded(context, rowsOf(job, context, unit), pause), signal);
  }

  /** What ended the run: a user or a deadline first. */
  private explained(thrown: unknown): BeamliftError {
    return toBeamliftError(this.stop.signal.aborted ? this.stop.signal.reason : thrown);
  }

  private report(runId: string, kind: RunEnd | 'success' | 'open', code: string): void {
    this.laboratory.ended({ job: this.job.name, runId, kind, code });
  }

  private note(what: string): void {
    this.process.world.note(this.process.name, what);
  }
}

function isLeftToTheNext({ code }: BeamliftError): boolean {
  return code === 'FENCED' || code === 'COMMIT_UNSETTLED' || code === 'NEEDS_ATTENTION';
}

function endOf({ code }: BeamliftError): RunEnd {
  if (code === 'CANCELLED') return 'cancelled';
  return code === 'TIMED_OUT' ? 'timed_out' : 'failed';
}
