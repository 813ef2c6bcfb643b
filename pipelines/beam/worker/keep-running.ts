import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../../core/logger';

/** How often a worker is started again that failed; then the container fails, and its runner decides. */
const MAX_RESTARTS = 3;
/** Before a worker is started again, in milliseconds. */
const RESTART_DELAY_MS = 500;
/** How long a worker may take to stop after SIGTERM, in milliseconds; the runner kills a container that takes much longer. */
const STOP_MS = 8_000;

export interface WorkerProcesses {
  readonly ids: readonly string[];
  /** Starts a worker process. */
  readonly start: (id: string) => ChildProcess;
  readonly log: Logger;
  /** Stops them all. */
  readonly signal: AbortSignal;
  /** For tests. */
  readonly restartDelayMs?: number;
  readonly stopMs?: number;
}

/**
 * Runs one worker process for each id, and starts one again that fails, `MAX_RESTARTS` times each. True: all have ended well, or were
 * stopped. False: one has failed for good, and the others were stopped. In any case none is left.
 */
export async function keepRunning(workers: WorkerProcesses): Promise<boolean> {
  const failed = new AbortController();
  const signal = AbortSignal.any([workers.signal, failed.signal]);
  await Promise.all(
    workers.ids.map(async (id) => {
      if (!(await keepOneRunning(id, { ...workers, signal }))) failed.abort();
    }),
  );
  return !failed.signal.aborted;
}

async function keepOneRunning(id: string, workers: WorkerProcesses): Promise<boolean> {
  const { log, signal, restartDelayMs = RESTART_DELAY_MS } = workers;
  for (let restarts = 0; ; restarts++) {
    const { code, killedBy } = await runOnce(id, workers);
    if (code === 0 || signal.aborted) return true;
    if (restarts === MAX_RESTARTS) {
      log.error('worker.given-up', { worker: id, code, killedBy, starts: restarts + 1 });
      return false;
    }
    log.warn('worker.restarted', { worker: id, code, killedBy, restarts: restarts + 1 });
    try {
      await sleep(restartDelayMs, undefined, { signal });
    } catch {
      return true;
    }
  }
}

interface Exit {
  readonly code: number | null;
  readonly killedBy: string | null;
}

async function runOnce(id: string, { start, signal, stopMs = STOP_MS }: WorkerProcesses): Promise<Exit> {
  const child = start(id);
  let late: NodeJS.Timeout | undefined;
  const stop = (): void => {
    child.kill('SIGTERM');
    late = setTimeout(() => child.kill('SIGKILL'), stopMs);
  };
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  try {
    return await new Promise((resolve) => {
      child.once('exit', (code, killedBy) => resolve({ code, killedBy }));
      child.once('error', (error) => resolve({ code: null, killedBy: error.message }));
    });
  } finally {
    signal.removeEventListener('abort', stop);
    clearTimeout(late);
  }
}
