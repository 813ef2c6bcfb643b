import { formatCounted } from '../core/counted';
import { BeamliftError, toBeamliftError } from '../core/errors';
import type { Manifest } from '../core/manifest';
import type { RunContext, WorkUnit } from '../core/plan';
import { RETRY_POLICIES, type RetryPolicy } from '../core/retry-policies';
import { withRetries } from '../core/with-retries';
import type { ProgressListener } from './encode-rows';
import type { RunListener } from './run-events';
import { runUnit, type UnitEquipment } from './run-unit';

/** A unit whose source or staging gives nothing for so long is stopped and tried again. */
const UNIT_STALL_MS = 5 * 60 * 1000;

export interface InProcessOptions {
  /** Units at once. */
  readonly concurrency: number;
  readonly listener: RunListener;
  readonly signal: AbortSignal;
  /** For tests. */
  readonly stallMs?: number;
  readonly retries?: RetryPolicy;
}

/**
 * Stages all units of a plan in this process, the largest first, `concurrency` at a time.
 * The first final failure aborts the other units and is thrown. Manifests come back in the order of `units`.
 */
export async function runInProcess(
  context: RunContext,
  units: readonly WorkUnit[],
  equipment: UnitEquipment,
  options: InProcessOptions,
): Promise<Manifest[]> {
  const failure = new AbortController();
  const signal = AbortSignal.any([options.signal, failure.signal]);
  const queue = largestFirst(units);
  const manifests = new Map<string, Manifest>();
  let rejected = 0;

  const work = async (): Promise<void> => {
    for (let unit = queue.shift(); unit !== undefined; unit = queue.shift()) {
      const manifest = await runWithRetries(context, unit, equipment, options, signal);
      manifests.set(unit.id, manifest);
      rejected += manifest.counts.rowsRejected;
      if (rejected > context.maxRejects) throw tooManyRejects(context, rejected);
    }
  };
  const workers = Array.from(
    { length: Math.max(1, Math.min(options.concurrency, units.length)) },
    async () => {
      try {
        await work();
      } catch (thrown) {
        const error = signal.aborted ? thrown : toBeamliftError(thrown, { job: context.job });
        failure.abort(error);
        throw error;
      }
    },
  );
  const results = await Promise.allSettled(workers);
  options.signal.throwIfAborted();
  if (failure.signal.aborted) throw failure.signal.reason;
  for (const result of results) if (result.status === 'rejected') throw result.reason;

  return units.map((unit) => {
    const manifest = manifests.get(unit.id);
    if (manifest === undefined) throw new BeamliftError('INTERNAL', { what: `Unit ${unit.id} was not run` });
    return manifest;
  });
}

/** Long units started last would leave the other workers idle at the end. */
export function largestFirst(units: readonly WorkUnit[]): WorkUnit[] {
  const size = (unit: WorkUnit): number => unit.estimatedRows ?? (unit.kind === 'file' ? unit.bytes : 0);
  return [...units].sort((a, b) => size(b) - size(a));
}

async function runWithRetries(
  context: RunContext,
  unit: WorkUnit,
  equipment: UnitEquipment,
  { listener, stallMs = UNIT_STALL_MS, retries = RETRY_POLICIES.unit }: InProcessOptions,
  signal: AbortSignal,
): Promise<Manifest> {
  const place = { job: context.job, unit: unit.id };
  try {
    const manifest = await withRetries(
      retries,
      signal,
      async (attempt) => {
        listener({ kind: 'unit.started', unit: unit.id, attempt });
        return await runWatched(context, unit, attempt, equipment, listener, stallMs, signal);
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
    throw toBeamliftError(thrown, place);
  }
}

/** One attempt, under a watchdog that each progress report resets. */
async function runWatched(
  context: RunContext,
  unit: WorkUnit,
  attempt: number,
  equipment: UnitEquipment,
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
    return await runUnit(
      context,
      unit,
      attempt,
      equipment,
      onProgress,
      AbortSignal.any([signal, stall.signal]),
    );
  } catch (thrown) {
    if (stall.signal.aborted && !signal.aborted) throw stall.signal.reason;
    throw thrown;
  } finally {
    clearTimeout(timer);
  }
}

function stalled(unit: WorkUnit, stallMs: number): BeamliftError {
  return new BeamliftError('SOURCE_INCOMPLETE', {
    what: `Unit ${unit.id} made no progress for ${stallMs / 1000} s`,
    why: 'The source sends nothing, or the staging folder takes nothing.',
    hint: 'Look for locks or a saturated disk at the source.',
  });
}

function tooManyRejects(context: RunContext, rejected: number): BeamliftError {
  return new BeamliftError('REJECTS_EXCEEDED', {
    what: `${formatCounted(rejected, 'row')} cannot be loaded into ${context.destination.table}; rejects.max is ${context.maxRejects}`,
    where: { job: context.job },
    hint: `The rejected rows read so far are in ${context.rejectFolder}.`,
  });
}
