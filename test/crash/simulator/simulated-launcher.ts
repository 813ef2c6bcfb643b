import { BeamliftError, toBeamliftError } from '../../../core/errors';
import type { Lease, Loader, RunEnd, RunRecovery } from '../../../core/loader';
import type { Manifest } from '../../../core/manifest';
import type { Plan, RunContext, WorkUnit } from '../../../core/plan';
import { RETRY_POLICIES, type RetryPolicy } from '../../../core/retry-policies';
import type { Laboratory } from './laboratory';
import { encoded, planRun, rowsOf, type SimulatedJob } from './planned-run';
import type { SimulatedProcess } from './simulated-process';
import type { Interruption } from './wire';

const IDENTITY = { fingerprint: 'simulated', description: 'a simulation' };

/** What happened to a launcher as a whole; `done`: its job is up to date. */
export type LaunchResult = 'done' | 'failed' | 'skipped';

/** One process that does what the launcher does: lease, the run before, plan, stage, commit, release. */
export class SimulatedLauncher {
  readonly stop = new AbortController();
  private readonly loader: Loader & { recovery: RunRecovery };

  constructor(
    private readonly laboratory: Laboratory,
    readonly process: SimulatedProcess,
    private readonly job: SimulatedJob,
    interruptions: readonly Interruption[],
  ) {
    this.loader = laboratory.loader(process, interruptions);
  }

  /** Never rejects; never settles when the process dies. */
  async run(): Promise<LaunchResult> {
    const { loader, job, process, laboratory } = this;
    const runId = laboratory.newRunId();
    process.world.note(process.name, `launches ${job.name} as ${runId}`);
    let lease: Lease | undefined;
    try {
      lease = await loader.acquireLease({ job: job.name, ...IDENTITY }, runId, 'fail', this.stop.signal);
      const signal = AbortSignal.any([this.stop.signal, lease.lost]);
      if (lease.unfinished !== null) await this.settle(lease, lease.unfinished.runId, signal);
      const state = await loader.readState({ job: job.name, ...IDENTITY }, signal);
      const createTable = (await loader.schema(signal)) === undefined;
      const plan = planRun(job, { runId, fence: lease.fence, state }, createTable, process.world.now);
      if (plan === undefined) return 'done';
      laboratory.plans.set(runId, plan);
      await loader.recovery.beginRun(plan, signal);
      return (await this.finish(plan, lease, signal)) ? 'done' : 'failed';
    } catch (thrown) {
      const { code, what } = toBeamliftError(thrown);
      process.world.note(process.name, `gives up: ${code} ${what}`);
      if (code === 'INTERNAL') throw thrown;
      return code === 'LEASE_HELD' ? 'skipped' : 'failed';
    } finally {
      await lease?.release().catch(() => undefined);
    }
  }

  /** `runs cancel`: ends the run that is unfinished. */
  async cancel(): Promise<void> {
    const { loader, job, laboratory, process } = this;
    const runId = laboratory.newRunId();
    process.world.note(process.name, `cancels the unfinished run of ${job.name}`);
    let lease: Lease | undefined;
    try {
      lease = await loader.acquireLease({ job: job.name, ...IDENTITY }, runId, 'fail', this.stop.signal);
      const { unfinished } = lease;
      if (unfinished !== null) await this.end(unfinished.runId, 'cancelled', 'CANCELLED', lease);
    } catch (thrown) {
      process.world.note(process.name, `gives up: ${toBeamliftError(thrown).code}`);
    } finally {
      await lease?.release().catch(() => undefined);
    }
  }

  async requestCancel(runId: string): Promise<void> {
    const { loader, job, process } = this;
    process.world.note(process.name, `asks for the cancelling of ${runId}`);
    await loader.recovery
      .requestCancel({ job: job.name, ...IDENTITY }, runId, this.stop.signal)
      .catch(() => undefined);
  }

  /** A run that another process has left: goes on with it, or ends it. */
  private async settle(lease: Lease, runId: string, signal: AbortSignal): Promise<void> {
    const { recovery } = this.loader;
    const { random } = this.laboratory;
    const isStaging = lease.unfinished?.state === 'staging';
    if (lease.unfinished?.state === 'needs_attention') {
      throw new BeamliftError('NEEDS_ATTENTION', { what: lease.unfinished.reason ?? '' });
    }
    const plan = await recovery.findPlan(runId, signal);
    if (plan === undefined || random.below(isStaging ? 2 : 5) === 0) {
      if (!(await this.end(runId, 'failed', 'ABANDONED', lease))) {
        throw new BeamliftError('COMMIT_UNSETTLED', { what: `Run ${runId} is not settled` });
      }
      return;
    }
    const adopted = { ...plan, context: { ...plan.context, fence: lease.fence } };
    if (!(await this.finish(adopted, lease, signal))) {
      throw new BeamliftError('DESTINATION_FAILED', { what: `Run ${runId} could not be finished` });
    }
  }

  /** Stages what is missing and commits; ends the run when it cannot. True: it is published. */
  private async finish(plan: Plan, lease: Lease, signal: AbortSignal): Promise<boolean> {
    const { loader, laboratory, job } = this;
    const { context } = plan;
    try {
      const manifests = await this.stageAll(plan, signal);
      const files: Record<string, string> = {};
      for (const unit of plan.units) if (unit.kind === 'file') files[unit.uri] = unit.version;
      await this.retried(RETRY_POLICIES.commit, signal, () =>
        loader.commit(context, manifests, files, signal),
      );
      laboratory.ended({ job: job.name, runId: context.runId, kind: 'success', code: '' });
    } catch (thrown) {
      const error = toBeamliftError(signal.aborted ? signal.reason : thrown);
      this.process.world.note(this.process.name, `fails: ${error.code} ${error.what}`);
      if (error.code === 'INTERNAL') throw thrown;
      return await this.end(context.runId, endOf(error), error.code, lease);
    }
    await loader.sweep(context);
    return true;
  }

  /** Ends a run without publishing. True: it turned out to be published. */
  private async end(runId: string, end: RunEnd, code: string, lease: Lease): Promise<boolean> {
    const { loader, laboratory, job, process } = this;
    const open = (why: string): void =>
      laboratory.ended({ job: job.name, runId, kind: 'open', code: `${code} ${why}` });
    if (lease.lost.aborted && code !== 'CANCELLED') {
      open('lease lost');
      return false;
    }
    try {
      const ended = await loader.recovery.endRun(runId, end, new AbortController().signal);
      const kind = ended.kind === 'published' ? 'success' : end;
      laboratory.ended({ job: job.name, runId, kind, code });
      const context = laboratory.plans.get(runId)?.context;
      if (context !== undefined) await loader.sweep({ ...context, fence: lease.fence });
      return ended.kind === 'published' || code === 'ABANDONED';
    } catch (thrown) {
      const error = toBeamliftError(thrown);
      process.world.note(process.name, `cannot end ${runId}: ${error.code} ${error.what}`);
      open(error.code);
      return false;
    }
  }

  private async stageAll(plan: Plan, signal: AbortSignal): Promise<Manifest[]> {
    const manifests: Manifest[] = [];
    const left = [...plan.units];
    const lane = async (): Promise<void> => {
      for (let unit = left.shift(); unit !== undefined; unit = left.shift()) {
        const next = unit;
        manifests.push(
          await this.retried(RETRY_POLICIES.unit, signal, () => this.stage(plan.context, next, signal)),
        );
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
    const rows = rowsOf(job, context, unit);
    const pause = (): Promise<void> => process.clock.sleep(laboratory.faults.latency(), signal);
    return await loader.stage(context, unit, encoded(context, rows, pause), signal);
  }

  private async retried<Result>(
    policy: RetryPolicy,
    signal: AbortSignal,
    call: () => Promise<Result>,
  ): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        signal.throwIfAborted();
        return await call();
      } catch (thrown) {
        signal.throwIfAborted();
        if (!toBeamliftError(thrown).transient || attempt >= policy.attempts) throw thrown;
      }
      await this.process.clock.sleep(policy.minDelayMs * policy.factor ** (attempt - 1), signal);
    }
  }
}

function endOf({ code }: BeamliftError): RunEnd {
  if (code === 'CANCELLED') return 'cancelled';
  return code === 'TIMED_OUT' ? 'timed_out' : 'failed';
}
