import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { BeamliftError } from '../../core/errors';
import { bundleInUse } from '../../core/lazy-modules';
import type { Logger } from '../../core/logger';
import { manifestSchema, type Manifest } from '../../core/manifest';
import type { ProgressListener } from '../encode-rows';
import type { HostedRun, UnitRunner } from './hosted-run';
import { brokenThread, endedThread, hungThread, outOfThread } from './lost-thread';
import { receiveError } from './sent-error';
import { YOUNG_GENERATION_MB } from './thread-memory';
import type { ThreadOrder, ThreadReport } from './thread-messages';
import type { ThreadBirth, ThreadStart } from './thread-services';
import type { HostedAttempt } from './unit-host';
import { untilAborted } from './until-aborted';

/** Loading the code takes less than a quarter of a second; this is for machines that do much else. In milliseconds. */
const START_PATIENCE_MS = 60_000;
/** A thread that does not even hear within so long that a unit is to be stopped is in an endless loop. In milliseconds. */
const HEARING_PATIENCE_MS = 10_000;
/** Stopping a unit may remove what it has staged, over a network that does not answer. In milliseconds. */
const STOPPING_PATIENCE_MS = 60_000;
/** Closing connections politely, at the end. In milliseconds. */
const END_PATIENCE_MS = 5_000;

interface Call {
  readonly resolve: (manifest: string) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: ProgressListener;
  /** The thread has heard that it is to stop. */
  readonly onHeard: () => void;
}

export interface ThreadOptions {
  readonly birth: ThreadBirth;
  readonly heapMb: number | undefined;
  readonly log: Logger;
  /** For tests. */
  readonly hearingPatienceMs: number | undefined;
}

/** One thread that runs units, from this side. When it is gone, all its calls fail with THREAD_LOST. */
export class UnitThread implements UnitRunner {
  /** Resolves when the thread is gone. */
  readonly ended: Promise<void>;
  private readonly worker: Worker;
  private readonly calls = new Map<number, Call>();
  private readonly known = new Set<number>();
  private nextCall = 0;
  private isLoaded = false;
  private lost: BeamliftError | undefined;
  private readonly ready: Promise<void>;

  /** Throws where no thread can be had at all. */
  constructor(private readonly options: ThreadOptions) {
    this.worker = startWorker(options);
    this.ready = new Promise((resolve, reject) => {
      const late = setTimeout(() => this.stop(hungThread(START_PATIENCE_MS)), START_PATIENCE_MS);
      this.worker.on('message', (report: ThreadReport) => {
        if (report.kind === 'ready') {
          clearTimeout(late);
          this.isLoaded = true;
          resolve();
        } else this.receive(report);
      });
      this.worker.on('exit', () => {
        clearTimeout(late);
        reject(this.lost ?? endedThread(1));
      });
    });
    this.ready.catch(() => undefined);
    this.worker.on('error', (error) => this.lose(outOfThread(error, options.heapMb)));
    this.ended = new Promise((resolve) => {
      this.worker.on('exit', (code) => {
        this.lose(endedThread(code));
        resolve();
      });
    });
  }

  get isGone(): boolean {
    return this.lost !== undefined;
  }

  /** Waits until its code is loaded. Throws THREAD_LOST where that fails: then no other thread would be any better. */
  async started(signal: AbortSignal): Promise<void> {
    await untilAborted(this.ready, signal);
  }

  async stage(
    run: HostedRun,
    { unit, attempt, resumed }: Omit<HostedAttempt, 'context'>,
    onProgress: ProgressListener,
    signal: AbortSignal,
  ): Promise<Manifest> {
    this.tell(run);
    const text = JSON.stringify(unit);
    const manifest = await this.call(
      (call) => ({ kind: 'stage', call, context: run.id, unit: text, attempt, resumed }),
      onProgress,
      signal,
    );
    return manifestSchema.parse(JSON.parse(manifest));
  }

  forget({ id }: HostedRun): void {
    if (this.known.delete(id)) this.post({ kind: 'forget', context: id });
  }

  /** Closes what the thread has open, and ends it; after a while by force. One that is still loading has nothing open. */
  async close(): Promise<void> {
    if (!this.isLoaded) this.stop(endedThread(0));
    const late = setTimeout(() => this.stop(endedThread(0)), END_PATIENCE_MS);
    this.post({ kind: 'end' });
    await this.ended;
    clearTimeout(late);
  }

  private tell({ id, json }: HostedRun): void {
    if (this.known.has(id)) return;
    this.known.add(id);
    this.post({ kind: 'context', context: id, json });
  }

  private async call(
    order: (call: number) => ThreadOrder,
    onProgress: ProgressListener,
    signal: AbortSignal,
  ): Promise<string> {
    signal.throwIfAborted();
    if (this.lost !== undefined) throw this.lost;
    const id = this.nextCall++;
    const { hearingPatienceMs = HEARING_PATIENCE_MS } = this.options;
    let patience: NodeJS.Timeout | undefined;
    const stopAfter = (ms: number): void => {
      clearTimeout(patience);
      patience = setTimeout(() => this.stop(hungThread(ms)), ms);
    };
    const onAbort = (): void => {
      this.post({ kind: 'abort', call: id });
      stopAfter(hearingPatienceMs);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await new Promise<string>((resolve, reject) => {
        const onHeard = (): void => stopAfter(STOPPING_PATIENCE_MS);
        this.calls.set(id, { resolve, reject, onProgress, onHeard });
        this.post(order(id));
      });
    } finally {
      clearTimeout(patience);
      signal.removeEventListener('abort', onAbort);
      this.calls.delete(id);
    }
  }

  private receive(report: Exclude<ThreadReport, { readonly kind: 'ready' }>): void {
    switch (report.kind) {
      case 'log':
        this.options.log[report.level](report.event, JSON.parse(report.fields) as Record<string, unknown>);
        return;
      case 'broken':
        this.lose(brokenThread(report.error));
        return;
      case 'progress':
        this.calls.get(report.call)?.onProgress(report.rows, report.sourceBytes, report.stagedBytes);
        return;
      case 'aborting':
        this.calls.get(report.call)?.onHeard();
        return;
      case 'failed':
        this.calls.get(report.call)?.reject(receiveError(report.error));
        return;
      case 'staged':
        this.calls.get(report.call)?.resolve(report.manifest);
    }
  }

  private stop(why: BeamliftError): void {
    this.lose(why);
    void this.worker.terminate();
  }

  /** The first reason counts: the others follow from it. */
  private lose(why: BeamliftError): void {
    this.lost ??= why;
    for (const call of this.calls.values()) call.reject(this.lost);
  }

  private post(order: ThreadOrder): void {
    this.worker.postMessage(order);
  }
}

/** The thread's file is beside this one; as TypeScript it needs the loader that this one was loaded with. */
function startWorker({ birth, heapMb }: ThreadOptions): Worker {
  const extension = extname(__filename);
  const execArgv = extension === '.ts' ? ['--require', createRequire(__filename).resolve('tsx/cjs')] : [];
  return new Worker(join(__dirname, `unit-thread-entry${extension}`), {
    execArgv,
    workerData: { birth, bundle: bundleInUse() } satisfies ThreadStart,
    name: 'beamlift units',
    resourceLimits: {
      maxYoungGenerationSizeMb: YOUNG_GENERATION_MB,
      ...(heapMb === undefined ? {} : { maxOldGenerationSizeMb: heapMb }),
    },
  });
}
