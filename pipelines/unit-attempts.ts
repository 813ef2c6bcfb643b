import { BeamliftError, toBeamliftError } from '../core/errors';
import type { Manifest } from '../core/manifest';
import type { RunContext, WorkUnit } from '../core/plan';
import { RETRY_POLICIES, type RetryPolicy } from '../core/retry-policies';
import { withRetries } from '../core/with-retries';
import type { ProgressListener } from './encode-rows';
import type { RunListener } from './run-events';

/** A unit whose source or staging gives nothing for so long is stopped and tried again. */
const UNIT_STALL_MS = 5 * 60 * 1000;

/** How the attempts at a unit are made and told. */
export interface AttemptOptions {
  readonly listener: RunListener;
  readonly signal: AbortSignal;
  /** For tests. */
  readonly stallMs?: number;
  readonly retries?: RetryPolicy;
}

/** Runs `work` under the watchdog: it is aborted when it tells no progress for too long, and then that is its error. */
export type Watched = (
  work: (onProgress: ProgressListener, signal: AbortSignal) => Promise<Manifest>,
) => Promise<Manifest>;

/** One attempt at a unit; `attempt` is 1 for the first. What is done outside of `watched` may take any time. */
export type UnitAttempt = (attempt: number, watched: Watched) => Promise<Manifest>;

/**
 * Stages a unit with the retries that its kind of failure is worth, and tells what happens. Throws the last attempt's error with the unit's
 * place, or the signal's reason.
 */
export async function attemptUnit(
  context: RunContext,
  unit: WorkUnit,
  stage: UnitAttempt,
  { listener, signal, stallMs = UNIT_STALL_MS, retries = RETRY_POLICIES.unit }: AttemptOptions,
): Promise<Manifest> {
  try {
    const manifest = await withRetries(
      retries,
      signal,
      async (attempt) => {
        listener({ kind: 'unit.started', unit: unit.id, attempt });
        return await stage(attempt, async (work) => await watch(unit, work, listener, stallMs, signal));
      },
      (attempt, error) => listener({ kind: 'unit.retried', unit: unit.id, attempt, error: error.message }),
    );
    listener({
      kind: 'unit.completed',
      unit: unit.id,
      rows: manifest.counts.rowsStaged,
      rejected: manifest.counts.rowsRejected,
      stagedBytes: manifest.bytesStaged,
    });
    return manifest;
  } catch (thrown) {
    signal.throwIfAborted();
    throw toBeamliftError(thrown, { job: context.job, unit: unit.id });
  }
}

/** Each progress report resets the watchdog. */
async function watch(
  unit: WorkUnit,
  work: Parameters<Watched>[0],
  listener: RunListener,
  stallMs: number,
  signal: AbortSignal,
): Promise<Manifest> {
  const stall = new AbortController();
  const timer = setTimeout(() => stall.abort(stalled(unit, stallMs)), stallMs);
  const onProgress: ProgressListener = (rows, sourceBytes, stagedBytes) => {
    timer.refresh();
    listener({ kind: 'unit.progress', unit: unit.id, rows, sourceBytes, stagedBytes });
  };
  try {
    return await work(onProgress, AbortSignal.any([signal, stall.signal]));
  } catch (thrown) {
    if (!stall.signal.aborted || signal.aborted || isLostThread(thrown)) throw thrown;
    throw stall.signal.reason;
  } finally {
    clearTimeout(timer);
  }
}

/** Says more than that nothing came: the thread was busy, or dead. */
function isLostThread(thrown: unknown): boolean {
  return thrown instanceof BeamliftError && thrown.code === 'THREAD_LOST';
}

function stalled(unit: WorkUnit, stallMs: number): BeamliftError {
  return new BeamliftError('SOURCE_INCOMPLETE', {
    what: `Unit ${unit.id} made no progress for ${stallMs / 1000} s`,
    why: 'The source sends nothing, or the staging folder takes nothing.',
    hint: 'Look for locks or a saturated disk at the source.',
  });
}
