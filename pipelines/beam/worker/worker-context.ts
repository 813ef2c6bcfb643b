import path from 'node:path';
import type { RunContext } from '../../../core/plan';
import type { StepConfig } from '../run-steps';

/** The machine of a worker, as far as units depend on it. */
export interface WorkerPlace {
  /** Worker processes of the container that this one is one of. */
  readonly processes: number;
  /** A temporary folder of this process; absolute. */
  readonly folder: string;
}

/**
 * The context that a worker process runs units with: folders of its own, since those of the launcher are on another machine, and its share
 * of the source's connections.
 */
export function workerContext(
  { context, concurrency, workers = 1 }: StepConfig,
  { processes, folder }: WorkerPlace,
): RunContext {
  return {
    ...sharedConnections(context, concurrency, workers * processes),
    stagingFolder: path.join(folder, 'staging'),
    rejectFolder: path.join(folder, 'rejects'),
  };
}

/**
 * The context with at most one process' share of the source's connections, which also bounds the units that it runs at once, over all
 * bundles: `concurrency` and connections are promises for the run, and a runner gives a process as many bundles as it likes.
 *
 * With a pin, one connection is the launcher's, which holds it. Where there are more processes than connections, each has one.
 */
export function sharedConnections(context: RunContext, concurrency: number, processes: number): RunContext {
  const { source, pin } = context;
  const held = pin === undefined ? 0 : 1;
  const share = Math.max(1, Math.floor((source.maxConnections - held) / processes));
  return { ...context, source: { ...source, maxConnections: Math.min(share, concurrency) + held } };
}
