import { toBeamliftError, type BeamliftError } from '../../../core/errors';
import type { Manifest } from '../../../core/manifest';
import type { Plan } from '../../../core/plan';
import { RETRY_POLICIES } from '../../../core/retry-policies';
import type { SeededRandom } from '../seeded-random';
import type { Laboratory } from './laboratory';
import { filesOf } from './planned-run';
import { retried } from './retried';
import type { SimulatedProcess } from './simulated-process';
import type { Interruption } from './wire';

/** How a committer ended; undefined: the rows are published. */
type CommitterEnd = BeamliftError | undefined;

/** What a launcher that gave its units to a pipeline does while workers of it commit. */
const LAUNCHERS = ['commits too', 'commits too', 'waits', 'waits', 'dies'] as const;

/** How often somebody else commits, one time in so many. */
const ONE_IN = 2;

export interface CommitterSettings {
  readonly laboratory: Laboratory;
  readonly interruptions: () => readonly Interruption[];
  /** Some seconds, or up to an hour, in milliseconds. */
  readonly moment: () => number;
  /** Told of each, for the end of the story, and of what must not be. */
  readonly began: (process: SimulatedProcess, ended: Promise<unknown>) => void;
}

/**
 * Workers of a pipeline that publish a run in the lease of its launcher: one of them, or two where a runner gave up one that is still there. Each
 * is a process of its own, on a machine of its own.
 */
export class Committers {
  private readonly random: SeededRandom;
  private retired = false;

  constructor(private readonly settings: CommitterSettings) {
    this.random = settings.laboratory.random;
  }

  /** From now on launchers commit alone. */
  retire(): void {
    this.retired = true;
  }

  /** Publishes a run that the launcher would publish with `commit`. */
  async publish(
    launcher: SimulatedProcess,
    plan: Plan,
    manifests: readonly Manifest[],
    commit: () => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const { random } = this;
    if (this.retired || random.below(ONE_IN) > 0) {
      await commit();
      return;
    }
    const ends = Array.from({ length: 1 + random.below(2) }, async () => await this.start(plan, manifests));
    const { healed } = this.settings.laboratory.faults;
    const does = random.pick(healed ? LAUNCHERS.filter((what) => what !== 'dies') : LAUNCHERS);
    launcher.world.note(launcher.name, `${ends.length} committers of ${plan.context.runId}; it ${does}`);
    if (does === 'dies') launcher.kill();
    if (does === 'waits') {
      const patience = launcher.clock.sleep(this.settings.moment(), signal).then(() => 'gone' as const);
      const end = await Promise.race([...ends, patience]);
      if (end === undefined) return;
      if (end !== 'gone') throw end;
    }
    await commit();
  }

  /** Resolves when its process has ended; never, when it died. */
  private start(plan: Plan, manifests: readonly Manifest[]): Promise<CommitterEnd> {
    const { laboratory, began } = this.settings;
    const { random, world, faults } = laboratory;
    const name = `w${laboratory.processes.length + 1}`;
    const process = laboratory.newProcess(name, name);
    const delay = random.below(2) === 0 ? 0 : this.settings.moment() / 10;
    const ended = new Promise<CommitterEnd>((resolve, reject) => {
      process.deliver(world.now + delay, () => {
        this.commit(process, plan, manifests).then(resolve, reject);
      });
    });
    began(process, ended);
    if (random.below(8) === 0 && !faults.healed)
      world.schedule(world.now + this.settings.moment(), false, () => process.kill());
    return ended;
  }

  /** What a worker does. Rejects for defects only. */
  private async commit(
    process: SimulatedProcess,
    plan: Plan,
    manifests: readonly Manifest[],
  ): Promise<CommitterEnd> {
    const { laboratory } = this.settings;
    const { context } = plan;
    const stop = new AbortController();
    const loader = laboratory.loader(process, this.settings.interruptions(), (reason) => stop.abort(reason));
    try {
      const joined = await loader.recovery.joinRun(context, stop.signal);
      try {
        const signal = AbortSignal.any([stop.signal, joined.lost]);
        await retried(process, RETRY_POLICIES.commit, signal, () =>
          loader.commit(context, manifests, filesOf(plan), signal),
        );
      } finally {
        await joined.leave();
      }
    } catch (thrown) {
      const error = toBeamliftError(thrown);
      process.world.note(process.name, `gives up: ${error.code} ${error.what}`);
      if (error.code === 'INTERNAL') throw thrown;
      return error;
    }
    laboratory.ended({ job: context.job, runId: context.runId, kind: 'success', code: 'by a worker' });
    laboratory.reach('run published by a worker');
    return undefined;
  }
}
