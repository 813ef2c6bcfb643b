import './sdk-entry';
import { setMaxListeners } from 'node:events';
import { PaneInfoCoder } from 'apache-beam/coders/standard_coders';
import { GlobalWindow, type WindowedValue } from 'apache-beam/values';
import { loggingLocalStorage } from 'apache-beam/worker/logging';
import { NonPromise } from 'apache-beam/worker/operators';
import type { OperatorContext, ProcessResult, Receiver } from 'apache-beam/worker/operators';
import Long from 'long';
import type { AsyncDoFn, BundleContext, Emit } from './async-do-fn';
import type { AbortableOperator } from './repairs/bundle-lifecycle';
import { COUNTER_URN } from './repairs/metric-cells';

/** The timestamp of elements that have none, in milliseconds: the least that Beam knows. */
const MIN_TIMESTAMP = Long.fromString('-9223372036854775');

/** What an operator is made from. */
export interface AsyncParDoParts {
  readonly doFn: AsyncDoFn<unknown, unknown>;
  /** Elements at once. */
  readonly concurrency: number;
  /** Stops bundles when it aborts. */
  readonly signal: AbortSignal | undefined;
  readonly receiver: Receiver;
  readonly context: OperatorContext;
}

/**
 * Runs the elements of one asynchronous step, at most `concurrency` at once.
 *
 * The SDK hands an element over by a synchronous call, and waits only where it is given a promise. So the call returns at once while
 * there is room for another element, which is what lets elements run side by side, and returns a promise once there is none, which holds
 * the source back. A synchronous step in between hands over all its outputs before it waits for any: those wait here, in order.
 */
export class AsyncParDoOperator implements AbortableOperator {
  private readonly waiting: WindowedValue<unknown>[] = [];
  private readonly running = new Set<Promise<void>>();
  private heldBack: { readonly goOn: () => void; readonly fail: (error: unknown) => void }[] = [];
  private failure: { readonly error: unknown } | undefined;
  private abort = new AbortController();
  private bundle: BundleContext | undefined;
  private aborting: Promise<void> | undefined;
  private readonly stop = (): void => this.fail(this.parts.signal?.reason);

  constructor(
    readonly transformId: string,
    private readonly parts: AsyncParDoParts,
  ) {}

  async startBundle(): Promise<void> {
    const { doFn, signal, context } = this.parts;
    this.failure = undefined;
    this.aborting = undefined;
    this.abort = new AbortController();
    // Each element under way listens: many are no leak.
    setMaxListeners(0, this.abort.signal);
    const bundle: BundleContext = {
      bundleId: context.getBundleId(),
      signal: this.abort.signal,
      count: (name, by) => {
        context.metricsContainer
          .getMetric(this.transformId, undefined, { metricType: COUNTER_URN, name })
          .update(by);
      },
    };
    this.bundle = bundle;
    signal?.throwIfAborted();
    signal?.addEventListener('abort', this.stop);
    await this.logged(async () => await doFn.startBundle?.(bundle));
  }

  process(element: WindowedValue<unknown>): ProcessResult {
    this.throwIfFailed();
    this.waiting.push(element);
    this.startWaiting();
    if (this.running.size < this.parts.concurrency) return NonPromise;
    const held = new Promise<void>((goOn, fail) => {
      this.heldBack.push({ goOn, fail });
    });
    // The SDK drops a promise here and there; finishBundle tells the failure in any case.
    held.catch(() => undefined);
    return held;
  }

  async finishBundle(): Promise<void> {
    await this.settled();
    this.throwIfFailed();
    const { bundle } = this;
    const { doFn, signal } = this.parts;
    if (bundle === undefined) return;
    const emit = this.emitter({
      windows: [new GlobalWindow()],
      timestamp: MIN_TIMESTAMP,
      pane: PaneInfoCoder.ONE_AND_ONLY_FIRING,
    });
    await this.logged(async () => await doFn.finishBundle?.(emit, bundle));
    this.throwIfFailed();
    signal?.removeEventListener('abort', this.stop);
    this.bundle = undefined;
  }

  async abortBundle(error: unknown): Promise<void> {
    if (this.bundle === undefined) return;
    this.fail(error);
    this.aborting ??= this.release(error);
    await this.aborting;
  }

  private async release(error: unknown): Promise<void> {
    await this.settled();
    this.parts.signal?.removeEventListener('abort', this.stop);
    // What cannot be released fails nothing: the bundle has failed.
    await this.logged(async () => await this.parts.doFn.abortBundle?.(error)).catch(() => undefined);
    this.bundle = undefined;
  }

  private startWaiting(): void {
    while (this.running.size < this.parts.concurrency) {
      const element = this.waiting.shift();
      if (element === undefined) break;
      const work = this.run(element)
        .catch((error: unknown) => this.fail(error))
        .finally(() => {
          this.running.delete(work);
          this.startWaiting();
          if (this.running.size < this.parts.concurrency) this.letGoOn();
        });
      this.running.add(work);
    }
  }

  private async run({ value, ...rest }: WindowedValue<unknown>): Promise<void> {
    const { bundle } = this;
    if (bundle === undefined) throw new Error('an element outside of a bundle');
    await this.logged(async () => await this.parts.doFn.process(value, this.emitter(rest), bundle));
  }

  private emitter(rest: Omit<WindowedValue<unknown>, 'value'>): Emit<unknown> {
    return async (value) => {
      await this.parts.receiver.receive({ ...rest, value });
    };
  }

  /** Log entries written in `work` carry this step's name, whatever else runs meanwhile. */
  private async logged(work: () => Promise<void>): Promise<void> {
    const origin = { transformId: this.transformId, instructionId: this.bundle?.bundleId };
    await loggingLocalStorage.run(origin, work);
  }

  private letGoOn(): void {
    for (const { goOn } of this.heldBack.splice(0)) goOn();
  }

  /** The first failure counts: what fails after it does so because of it. */
  private fail(error: unknown): void {
    if (this.failure !== undefined) return;
    this.failure = { error };
    this.waiting.length = 0;
    for (const { fail } of this.heldBack.splice(0)) fail(error);
    this.abort.abort(error);
  }

  private throwIfFailed(): void {
    if (this.failure !== undefined) throw this.failure.error;
  }

  private async settled(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }
}
