import type { JobState } from '../../../core/loader';
import { PREFIX, type Laboratory } from './laboratory';
import { shownRows } from './model-table';
import { extentAfter, snapshotOf, TABLE, type SimulatedJob } from './planned-run';
import { extentOf, NOTHING, type Extent } from './source-model';

/** What went wrong, in a sentence. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** As far as the oracle looks at it. */
interface SeenState extends Pick<JobState, 'watermark' | 'files' | 'lastCommit' | 'fence'> {
  readonly run: { readonly id: string; readonly state: string; readonly intent: unknown } | null;
}

/** What the oracle remembers of one job. */
interface Watched {
  readonly job: SimulatedJob;
  readonly objectName: string;
  generation: string;
  state: SeenState | undefined;
  extent: Extent;
  /** What the table must hold; the second one, once the run in progress has published. */
  before: string;
  after: string | undefined;
  /** The run in progress whose rows were seen in the table. */
  visible: string | undefined;
}

/**
 * Looks at the state objects and the table after every event: the table holds what the state says and nothing else, each row once; while a
 * commit is in progress it may hold that run's rows too, all of them, and never loses them again.
 */
export class Oracle {
  /** Runs that a state has called committed. */
  private readonly committed = new Set<string>();
  private readonly watched: Watched[];
  private seenStore = -1;
  private seenTables = -1;

  constructor(private readonly laboratory: Laboratory) {
    this.watched = laboratory.jobs.map((job) => ({
      job,
      objectName: `${PREFIX}state/${job.name}.json`,
      generation: '0',
      state: undefined,
      extent: NOTHING,
      before: shownRows(job.source.published(NOTHING)),
      after: undefined,
      visible: undefined,
    }));
    laboratory.isVisible = (runId) => this.watched.some(({ visible }) => visible === runId);
  }

  /** Throws a Violation. */
  check(): void {
    const { store, warehouse } = this.laboratory;
    if (store.changes === this.seenStore && warehouse.changes === this.seenTables) return;
    this.seenStore = store.changes;
    this.seenTables = warehouse.changes;
    for (const watched of this.watched) {
      this.look(watched);
      this.compare(watched);
    }
  }

  /** After everything has come to rest: what was reported is so, and nothing is left but states and the table. */
  checkEnd(): void {
    const { laboratory } = this;
    this.check();
    for (const { runId, kind, code } of laboratory.outcomes) {
      const isCommitted = this.committed.has(runId);
      if (kind === 'success' && !isCommitted)
        throw new Violation(`${runId} was reported as a success and is not published`);
      if (kind !== 'success' && kind !== 'open' && isCommitted) {
        throw new Violation(`${runId} was reported as ${kind} (${code}) and is published`);
      }
    }
    for (const { job, state, extent } of this.watched) {
      const run = state?.run ?? null;
      if (run !== null && ['staging', 'committing', 'needs_attention'].includes(run.state)) {
        throw new Violation(`${run.id} of ${job.name} is left ${run.state}`);
      }
      const everything = shownRows(job.source.published(everythingOf(job)));
      if (shownRows(job.source.published(extent)) !== everything)
        throw new Violation(`${job.name} is not up to date`);
    }
    for (const name of laboratory.store.objects.keys()) {
      if (name.startsWith(`${PREFIX}state/`) || name.startsWith(`${PREFIX}tables/`)) continue;
      throw new Violation(`${name} is left behind`);
    }
    for (const name of laboratory.warehouse.tableNames()) {
      if (name !== TABLE) throw new Violation(`the temporary table ${name} is left behind`);
    }
  }

  private look(watched: Watched): void {
    const { store, plans } = this.laboratory;
    const object = store.objects.get(watched.objectName);
    if ((object?.generation ?? '0') === watched.generation) return;
    if (object === undefined) throw new Violation(`the state of ${watched.job.name} is gone`);
    const state = JSON.parse(Buffer.from(object.body).toString('utf8')) as SeenState;
    const last = watched.state;
    const { source, name } = watched.job;
    if (last !== undefined && state.fence < last.fence) throw new Violation(`the fence of ${name} went back`);
    const { mayNeedAttention, faults } = this.laboratory;
    if (state.run?.state === 'needs_attention' && !mayNeedAttention && faults.miscounts === 0) {
      throw new Violation(`${state.run.id} needs attention, and nothing made it necessary`);
    }
    if (state.lastCommit !== null && state.lastCommit.runId !== last?.lastCommit?.runId) {
      const { runId } = state.lastCommit;
      if (this.committed.has(runId)) throw new Violation(`${runId} was committed twice`);
      if (last?.run?.id !== runId) throw new Violation(`${runId} was committed and was not in progress`);
      this.committed.add(runId);
    }
    watched.generation = object.generation;
    watched.state = state;
    watched.extent = extentOf(state, (runId) => {
      const plan = plans.get(runId);
      return plan === undefined ? 0 : snapshotOf(plan.context);
    });
    if (watched.extent.upTo < (last === undefined ? 0 : extentOf(last, () => 0).upTo)) {
      throw new Violation(`the watermark of ${name} went back`);
    }
    watched.before = shownRows(source.published(watched.extent));
    const plan = state.run === null ? undefined : plans.get(state.run.id);
    watched.after =
      plan !== undefined && ['committing', 'needs_attention'].includes(state.run?.state ?? '')
        ? shownRows(source.published(extentAfter(plan, watched.extent)))
        : undefined;
    if (watched.after === undefined || watched.visible !== state.run?.id) watched.visible = undefined;
  }

  private compare(watched: Watched): void {
    const { job, before, after, state } = watched;
    const { prefix } = job.source;
    const table = [...this.laboratory.warehouse.tables.values()].find(
      ({ reference }) => reference.tableId === TABLE,
    );
    const rows = shownRows((table?.rows ?? []).filter(({ k }) => k.startsWith(prefix)));
    if (rows === after) {
      watched.visible = state?.run?.id;
      return;
    }
    const inProgress = state?.run ?? null;
    const run = inProgress === null ? 'no run' : `${inProgress.id} ${inProgress.state}`;
    if (rows !== before) {
      throw new Violation(
        `the table does not hold what the state of ${job.name} says (${run}, watermark ${state?.watermark ?? '-'})\n` +
          `  it holds   ${rows}\n  must hold  ${before}${after === undefined ? '' : `\n  or         ${after}`}`,
      );
    }
    if (watched.visible !== undefined)
      throw new Violation(`rows of ${watched.visible} were visible and are gone`);
  }
}

function everythingOf({ source }: SimulatedJob): Extent {
  return {
    upTo: Number.MAX_SAFE_INTEGER,
    files: new Set(source.files.map(({ uri }) => uri)),
    snapshot: source.snapshots.length,
  };
}
