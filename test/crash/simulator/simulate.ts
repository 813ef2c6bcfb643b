import { SeededRandom } from '../seeded-random';
import type { JobResource } from '../../../core/clients/bigquery-api';
import { BeamliftError } from '../../../core/errors';
import { Committers } from './committers';
import { FaultPlan, INTERRUPTED_AT } from './fault-plan';
import { Laboratory, type Break, type Reachable, type RunOutcome } from './laboratory';
import { ModelStore } from './model-store';
import { keyOf, ModelTable, type ModelRow } from './model-table';
import { ModelWarehouse } from './model-warehouse';
import { Oracle } from './oracle';
import { TABLE, type SimulatedJob } from './planned-run';
import { withSeededTokens } from './seeded-tokens';
import { SimulatedLauncher, type LaunchResult } from './simulated-launcher';
import type { SimulatedProcess } from './simulated-process';
import { KINDS, SourceModel } from './source-model';
import { BEGINNING, World } from './world';
import type { Interruption } from './wire';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A launcher without faults that has not succeeded after so many tries never will. */
const LAST_LAUNCHES = 40;
/** Longer than any request is late. */
const ALL_ARRIVED = 2 * HOUR;
/** Longer than the grace of orphans. */
const GRACE = 25 * HOUR;
/** Longer than temporary tables live. */
const TABLES_EXPIRED = 9 * DAY;
/** Longer than an intent may be sent again, and than temporary tables live: nobody runs the job meanwhile. */
const LONG_SILENCE = 8.5 * DAY;
/** No launcher takes so long. */
const PATIENCE = 3 * DAY;

/** What a seed did. */
export interface Story {
  readonly events: number;
  readonly outcomes: readonly RunOutcome[];
  readonly reached: ReadonlyMap<Reachable, number>;
}

/** Runs one seed. Throws what the oracle found, with the trace in its message where `tracing` asks for it. */
export async function simulate(seed: number, weaken?: Break, tracing = false): Promise<Story> {
  const scenario = new Scenario(seed, weaken, tracing);
  try {
    return await withSeededTokens(new SeededRandom(seed * 31 + 7), () => scenario.run());
  } catch (thrown) {
    if (!tracing) throw thrown;
    const { stack, message } = thrown instanceof Error ? thrown : new Error(String(thrown));
    const told = thrown instanceof BeamliftError || !(thrown instanceof Error) ? (stack ?? message) : message;
    throw new Error(`seed ${seed}: ${told}\n${scenario.trace.join('\n')}`, { cause: thrown });
  }
}

class Scenario {
  private readonly random: SeededRandom;
  private readonly scattering: SeededRandom;
  private readonly world: World;
  private readonly laboratory: Laboratory;
  private readonly oracle: Oracle;
  private readonly running = new Set<SimulatedProcess>();
  private readonly committers: Committers;
  private crashed: Error | undefined;

  constructor(seed: number, weaken: Break | undefined, tracing: boolean) {
    const random = new SeededRandom(seed * 31 + 1);
    const faults = new FaultPlan(new SeededRandom(seed * 31 + 2), BEGINNING);
    this.random = random;
    this.scattering = new SeededRandom(seed * 31 + 3);
    this.world = new World(tracing, () => this.oracle.check());
    const storeSkew = Math.round((random.next() - 0.5) * 10 * MINUTE);
    const store = new ModelStore('staging', () => this.world.now + storeSkew);
    const warehouse = new ModelWarehouse(this.world, store, faults);
    const jobs = this.newJobs();
    const laboratory = new Laboratory(this.world, random, faults, store, warehouse, jobs, weaken);
    this.laboratory = laboratory;
    this.world.note(
      'seed',
      jobs.map(({ name, source, verify }) => `${name}: ${source.kind} ${verify}`).join(', '),
    );
    const before = jobs.flatMap(({ source }) => source.before);
    if (before.length > 0) this.makeTable(before);
    this.oracle = new Oracle(laboratory);
    this.committers = new Committers({
      laboratory,
      interruptions: () => this.interruptions(),
      moment: () => this.moment(),
      began: (process, ended) => this.follow(process, ended),
    });
  }

  get trace(): readonly string[] {
    return this.world.trace;
  }

  async run(): Promise<Story> {
    const { random, world, laboratory } = this;
    for (const job of laboratory.jobs) job.source.grow(random, world.now - SECOND);
    const launches = 2 + random.below(4);
    const silence = random.below(5) === 0 ? random.below(launches) : -1;
    for (let launch = 0; launch < launches; launch++) {
      this.scheduleLaunch();
      if (random.below(4) === 0) this.scheduleCommand();
      await this.pass(launch === silence ? LONG_SILENCE : this.gap());
      if (launch === silence) laboratory.mayNeedAttention = true;
      for (const job of laboratory.jobs) if (random.below(2) === 0) job.source.grow(random, world.now);
    }
    laboratory.faults.healed = true;
    world.note('world', 'HEALED');
    // A launcher among the late requests, or one that finds everything at rest.
    if (random.below(3) === 0) await this.bringUpToDate();
    await this.pass(ALL_ARRIVED);
    await this.untilAllEnded();
    await this.pass(GRACE);
    for (const job of laboratory.jobs) job.source.grow(random, world.now);
    await this.pass(MINUTE);
    // What committers write for a run that another has published meanwhile is swept a day later: nobody is left to do that.
    this.committers.retire();
    await this.bringUpToDate();
    await this.untilAllEnded();
    await this.pass(TABLES_EXPIRED);
    this.oracle.checkEnd();
    return { events: world.events, outcomes: laboratory.outcomes, reached: this.reached() };
  }

  private reached(): Map<Reachable, number> {
    const { laboratory } = this;
    const { reached, warehouse, processes } = laboratory;
    const set = (place: Reachable, count: number): void => void reached.set(place, count);
    const jobs = [...warehouse.jobs.values()].map(({ resource }) => resource);
    set('id of a job burnt', jobs.filter(isBurnt).length);
    set('job failed', jobs.filter(({ status }) => status.errorResult !== undefined).length);
    set('second attempt of a publishing job', jobs.filter(isSecondAttempt).length);
    set('job found under its id', warehouse.refusedIds);
    set('late job came', laboratory.faults.lateJobs);
    set('job failed after it had published', laboratory.faults.unsaidMoves);
    set('process killed', processes.filter(({ isDead }) => isDead).length);
    return reached;
  }

  /** Launches every job, without faults, until a run of it succeeds. */
  private async bringUpToDate(): Promise<void> {
    for (const job of this.laboratory.jobs) {
      let result: LaunchResult = 'failed';
      for (let tries = 0; result !== 'done'; tries++) {
        if (tries === LAST_LAUNCHES)
          throw new Error(`${job.name} does not succeed though nothing fails any more`);
        const launcher = this.newLauncher(job, 'last', []);
        let ended: LaunchResult | undefined;
        launcher.process.deliver(this.world.now, () => {
          launcher.run().then(
            (how) => (ended = how),
            (thrown: unknown) => this.fail(thrown),
          );
        });
        await this.passUntil(() => ended !== undefined, PATIENCE);
        if (ended === undefined) throw new Error(`${launcher.process.name} does not end`);
        result = ended;
        if (result === 'skipped') tries--;
        if (result !== 'done') await this.pass(20 * SECOND + this.random.next() * 5 * MINUTE);
      }
    }
  }

  private scheduleLaunch(): void {
    const { random, world, laboratory } = this;
    const job = random.pick(laboratory.jobs);
    const hosts = ['alpha', 'beta', 'gamma'];
    const launcher = this.newLauncher(job, random.pick(hosts), this.interruptions());
    const { process } = launcher;
    this.running.add(process);
    process.deliver(world.now, () => this.follow(process, launcher.run()));
    if (random.below(8) === 0) world.schedule(world.now + this.moment(), false, () => process.kill());
    if (random.below(8) === 0)
      world.schedule(world.now + this.moment(), false, () => process.pause(this.moment()));
  }

  /** Somebody cancels or resumes a run, in progress or not. */
  private scheduleCommand(): void {
    const { random, world, laboratory } = this;
    const job = random.pick(laboratory.jobs);
    const launcher = this.newLauncher(job, random.pick(['alpha', 'delta']), this.interruptions());
    this.running.add(launcher.process);
    launcher.process.deliver(world.now + this.moment(), () => {
      const runs = [...laboratory.plans.values()].map(({ context }) => context);
      const last = runs.filter((run) => run.job === job.name).slice(-2);
      const runId = last.length === 0 ? 'run-00' : random.pick(last).runId;
      const work = random.below(2) === 0 ? launcher.cancel(runId) : launcher.resume(runId);
      this.follow(launcher.process, work);
    });
  }

  private newLauncher(
    job: SimulatedJob,
    host: string,
    interruptions: readonly Interruption[],
  ): SimulatedLauncher {
    const name = `p${this.laboratory.processes.length + 1}@${host.slice(0, 2)}`;
    const process = this.laboratory.newProcess(name, host);
    return new SimulatedLauncher(this.laboratory, process, job, interruptions, this.committers);
  }

  /** Until it has ended, the story has not. */
  private follow(process: SimulatedProcess, ended: Promise<unknown>): void {
    this.running.add(process);
    ended.catch((thrown: unknown) => this.fail(thrown)).finally(() => this.running.delete(process));
  }

  private interruptions(): Interruption[] {
    const { random } = this;
    const interruptions: Interruption[] = [];
    while (random.below(3) > 0 && interruptions.length < 3) {
      const isAimed = random.below(4) > 0;
      const isFirst = interruptions.length === 0;
      const effect = this.interruption();
      interruptions.push({
        operation: isAimed ? random.pick(INTERRUPTED_AT) : undefined,
        countdown: 1 + random.below(isAimed ? 2 : isFirst ? 30 : 6),
        effect,
      });
      if (effect.kind === 'crash') break;
    }
    return interruptions;
  }

  private interruption(): Interruption['effect'] {
    const { random } = this;
    switch (random.below(6)) {
      case 0:
        return { kind: 'pause', ms: this.moment() };
      case 1:
      case 2: {
        const code = random.pick(['TIMED_OUT', 'CANCELLED'] as const);
        const reason = new BeamliftError(code, { what: `${code} by the simulation` });
        return { kind: 'stop', reason, request: random.pick(['served', 'unsent', 'late'] as const) };
      }
      default:
        return { kind: 'crash', phase: random.pick(['before', 'after', 'late'] as const) };
    }
  }

  /** Some seconds, or up to an hour. */
  private moment(): number {
    return SECOND * 3_600 ** this.random.next();
  }

  private gap(): number {
    return this.random.below(5) === 0 ? this.random.next() * 5 * SECOND : 10 * SECOND + this.moment();
  }

  private async pass(milliseconds: number): Promise<void> {
    await this.passUntil(() => false, milliseconds);
  }

  private async passUntil(done: () => boolean, milliseconds: number): Promise<void> {
    await this.world.runUntil(() => this.crashed !== undefined || done(), this.world.now + milliseconds);
    if (this.crashed !== undefined) throw this.crashed;
  }

  private async untilAllEnded(): Promise<void> {
    const ended = (): boolean => [...this.running].every(({ isDead }) => isDead);
    await this.passUntil(ended, PATIENCE);
    if (!ended()) throw new Error('a launcher does not end');
  }

  private fail(thrown: unknown): void {
    this.crashed ??= thrown instanceof Error ? thrown : new Error(String(thrown));
  }

  private newJobs(): SimulatedJob[] {
    const { random } = this;
    const kind = random.pick(KINDS);
    const hasTable = random.below(3) > 0;
    const isShared = kind !== 'replace' && random.below(4) === 0;
    const kinds = isShared ? [kind, random.pick(['append', 'files', 'merge'] as const)] : [kind];
    return kinds.map((each, index) => ({
      name: index === 0 ? 'first' : 'second',
      source: new SourceModel(
        each,
        index === 0 ? 'a' : 'b',
        hasTable ? this.rowsBefore(index === 0 ? 'a' : 'b') : [],
      ),
      verify: random.below(3) === 0 ? 'strict' : 'counts',
      units: 1 + random.below(3),
      isScattered: (each === 'append' || each === 'files') && this.scattering.below(3) === 0,
    }));
  }

  private rowsBefore(prefix: string): ModelRow[] {
    return [0, 1].map((n) => ({ k: `${prefix}${1000 + n}`, v: 0, ts: 0 }));
  }

  private makeTable(rows: readonly ModelRow[]): void {
    const { warehouse } = this.laboratory;
    const reference = { projectId: warehouse.project, datasetId: 'd', tableId: TABLE };
    const fields = [
      { name: 'k', type: 'STRING' },
      { name: 'v', type: 'INTEGER' },
      { name: 'ts', type: 'TIMESTAMP' },
    ];
    const table = new ModelTable(reference, {}, fields, undefined);
    table.replaceRows(rows);
    warehouse.tables.set(keyOf(reference), table);
  }
}

function isBurnt({ configuration }: JobResource): boolean {
  return JSON.stringify(configuration['query'] ?? {}).includes('"SELECT 1"');
}

function isSecondAttempt({ jobReference }: JobResource): boolean {
  return jobReference.jobId.endsWith('_publish_1');
}
