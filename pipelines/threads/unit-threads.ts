import { lazyModules } from '../../core/lazy-modules';
import { BeamliftError, messageOf } from '../../core/errors';
import type { Logger } from '../../core/logger';
import type { Manifest } from '../../core/manifest';
import type { RunContext, WorkUnit } from '../../core/plan';
import { attemptUnit, type AttemptOptions } from '../unit-attempts';
import type { UnitRunner } from './hosted-run';
import { KnownRuns, type KnownRun } from './known-runs';
import type { MainThread } from './main-thread';
import type * as MainThreadModule from './main-thread';
import { ThreadSeats } from './thread-seats';
import type { ThreadBirth, ThreadServices } from './thread-services';
import { UnitThread } from './unit-thread';

export interface UnitThreadsOptions {
  readonly threads: number;
  /** Units at once of one thread. */
  readonly unitsPerThread: number;
  /** Units at once that whoever made them runs on its own thread, for which connections are left; absent: none. */
  readonly unitsHere?: number;
  readonly services: ThreadServices;
  /** What a thread's heap may have, in MB; absent: what Node.js takes. */
  readonly heapMb?: number;
  /** For tests: the path of a module with an `openEquipment` of its own. */
  readonly equipmentModule?: string;
  /** For tests. */
  readonly hearingPatienceMs?: number;
}

export interface StageOptions extends AttemptOptions {
  /** Whether the unit may have been staged before, so that its first attempt looks for that; absent: it may. */
  readonly resumed?: boolean;
}

/**
 * Threads that run units, started when they are needed. Source and destination of a run are opened once on each. A thread that dies, or
 * that a stalled unit keeps from reacting, is replaced; its units are tried again under their retry policy (THREAD_LOST is transient).
 * Where no thread can be had, units run on this one. To be closed by whoever made it.
 */
export class UnitThreads {
  private readonly threads: (UnitThread | undefined)[];
  private readonly seats: ThreadSeats;
  private readonly runs: KnownRuns;
  private readonly birth: ThreadBirth;
  private readonly closing = new AbortController();
  private readonly underway = new Set<Promise<unknown>>();
  /** Of threads that are there, or were replaced a moment ago. */
  private readonly ends = new Set<Promise<void>>();
  /** Units run on this thread since one could not be had. */
  private here: MainThread | undefined;
  private closed: Promise<void> | undefined;

  constructor(private readonly options: UnitThreadsOptions) {
    const { services, equipmentModule } = options;
    const threads = Math.max(1, options.threads);
    const unitsPerThread = Math.max(1, options.unitsPerThread);
    const { environment, baseFolder, inlineSecrets, sealedSecrets = new Map() } = services;
    this.birth = { environment, baseFolder, inlineSecrets, sealedSecrets, equipmentModule };
    this.threads = Array.from({ length: threads }, () => undefined);
    this.seats = new ThreadSeats(threads, unitsPerThread, (thread) => this.threads[thread] !== undefined);
    this.runs = new KnownRuns(threads, unitsPerThread, options.unitsHere ?? 0, (run) => this.forget(run));
  }

  /**
   * Stages one unit as soon as a thread is free for it; may be called for any number at once. Tells the same events as in process, and
   * throws the same errors, and CANCELLED after `close`.
   */
  async stage(context: RunContext, unit: WorkUnit, options: StageOptions): Promise<Manifest> {
    const signal = AbortSignal.any([options.signal, this.closing.signal]);
    signal.throwIfAborted();
    const run = this.runs.of(context);
    run.units++;
    const work = this.stageOn(run, unit, { ...options, signal });
    this.underway.add(work);
    try {
      return await work;
    } finally {
      this.underway.delete(work);
      run.units--;
    }
  }

  /** Stops what is under way, and ends all threads: none is left afterwards. Safe to call again. */
  async close(): Promise<void> {
    this.closed ??= this.shutDown();
    await this.closed;
  }

  private async stageOn(run: KnownRun, unit: WorkUnit, options: StageOptions): Promise<Manifest> {
    const { signal, resumed = true } = options;
    return await attemptUnit(
      run.context,
      unit,
      async (attempt, watched) => {
        const seat = await this.seats.take(run, signal);
        try {
          const runner = await this.runnerOf(seat.thread, signal);
          return await watched(
            async (onProgress, watchedSignal) =>
              await runner.stage(run, { unit, attempt, resumed }, onProgress, watchedSignal),
          );
        } finally {
          seat.leave();
        }
      },
      options,
    );
  }

  /** The thread of a seat: the one that runs, or a new one. */
  private async runnerOf(seat: number, signal: AbortSignal): Promise<UnitRunner> {
    if (this.here !== undefined && this.threads[seat] === undefined) return this.here;
    const { birth } = this;
    const { heapMb, hearingPatienceMs, services } = this.options;
    try {
      let thread = this.threads[seat];
      if (thread === undefined || thread.isGone) {
        thread = new UnitThread({ birth, heapMb, log: services.log, hearingPatienceMs });
        this.threads[seat] = thread;
        this.waitForEnd(thread.ended);
      }
      await thread.started(signal);
      return thread;
    } catch (error) {
      signal.throwIfAborted();
      this.threads[seat] = undefined;
      if (this.here === undefined) services.log.warn('threads.unavailable', { error: messageOf(error) });
      this.here ??= openHere(birth, services.log);
      return this.here;
    }
  }

  private waitForEnd(end: Promise<void>): void {
    this.ends.add(end);
    void end.then(() => this.ends.delete(end));
  }

  private forget(run: KnownRun): void {
    for (const thread of this.threads) thread?.forget(run);
    this.here?.forget(run);
  }

  private async shutDown(): Promise<void> {
    this.closing.abort(new BeamliftError('CANCELLED', { what: 'The threads were closed' }));
    await Promise.allSettled(this.underway);
    await Promise.allSettled(this.threads.map(async (thread) => await thread?.close()));
    await Promise.all(this.ends);
    await this.here?.close();
  }
}

/** Loaded only where it is needed, as it is nowhere else. */
function openHere(birth: ThreadBirth, log: Logger): MainThread {
  const load = lazyModules(__filename);
  const { MainThread } = load('./main-thread') as typeof MainThreadModule;
  return new MainThread(birth, log);
}
