/** What an asynchronous step is told about the bundle it works on. */
export interface BundleContext {
  /** As the runner calls the bundle; a retried bundle has another id. */
  readonly bundleId: string;
  /**
   * Aborted when the bundle fails, here or in any other step of it, and when the worker is told to stop. Everything awaited must end soon
   * after: the bundle's failure is not told to the runner before.
   */
  readonly signal: AbortSignal;
  /** Adds to a counter that the runner shows and sums up over all bundles that succeed. Whole numbers of at most 64 bits. */
  count(name: string, by: number): void;
}

/** Hands an element to the next step. To be awaited: that is the backpressure, and how a failure of a later step is heard. */
export type Emit<Output> = (element: Output) => Promise<void>;

/**
 * A function over elements that may await. One object serves the bundles of one step one after another, never two at once.
 *
 * Elements are given in any order, and again with every retry of a bundle: also those that were done when the bundle failed. What
 * `process` does must therefore be safe to repeat, and safe to be done twice at the same time, as a runner may run a bundle it takes for lost.
 */
export interface AsyncDoFn<Input, Output> {
  /** Before the first element. */
  startBundle?(bundle: BundleContext): Promise<void> | void;
  /** Up to `concurrency` calls run at once. A rejection fails the bundle. */
  process(element: Input, emit: Emit<Output>, bundle: BundleContext): Promise<void>;
  /** After the last element is done, and only where none failed. */
  finishBundle?(emit: Emit<Output>, bundle: BundleContext): Promise<void> | void;
  /** Instead of the end, where the bundle failed: releases what it holds. Called when nothing of this step runs any more. */
  abortBundle?(error: unknown): Promise<void> | void;
}

/** What a worker process has for a step that pipelines name. */
export interface AsyncDoFnEntry {
  /** `config` is what the pipeline gives: plain JSON, to be checked like anything that comes from elsewhere. */
  readonly make: (config: unknown) => AsyncDoFn<never, unknown>;
  /** Stops the bundles of this step when it aborts; they fail with its reason. */
  readonly signal?: AbortSignal;
}
