import { BeamliftError, toBeamliftError } from '../core/errors';
import { bytesToRead, filesOfUnit } from '../core/files-of-unit';
import type { Manifest } from '../core/manifest';
import type { RunContext, WorkUnit } from '../core/plan';
import { rejectsExceededTogether } from './reject-errors';
import { runUnit, type UnitEquipment } from './run-unit';
import type { UnitThreads } from './threads/unit-threads';
import { attemptUnit, type AttemptOptions } from './unit-attempts';

export interface InProcessOptions extends AttemptOptions {
  /** Units at once. */
  readonly concurrency: number;
  /** Where the units are run; absent: on this thread. Whoever made them closes them. */
  readonly threads?: Pick<UnitThreads, 'stage'>;
  /** Units at once that are run on this thread where there are others; absent: none. */
  readonly unitsHere?: number;
}

/**
 * Stages all units of a plan in this process, the largest first, `concurrency` at a time; on threads, `equipment` is used for `unitsHere` of them at a time.
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
  const rejectFiles: string[] = [];
  if (options.threads !== undefined) await equipment.extractor.releaseIdle?.();

  const work = async (threads: InProcessOptions['threads']): Promise<void> => {
    for (let unit = queue.shift(); unit !== undefined; unit = queue.shift()) {
      const manifest = await stageOne(context, unit, equipment, threads, { ...options, signal });
      manifests.set(unit.id, manifest);
      rejected += manifest.counts.rowsRejected;
      if (manifest.rejectFile !== undefined) rejectFiles.push(manifest.rejectFile);
      if (rejected > context.maxRejects) throw rejectsExceededTogether(context, rejected, rejectFiles);
    }
  };
  const workers = Array.from(
    { length: Math.max(1, Math.min(options.concurrency, units.length)) },
    async (_, index) => {
      try {
        await work(index < (options.unitsHere ?? 0) ? undefined : options.threads);
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
  const size = (unit: WorkUnit): number => unit.estimatedRows ?? bytesToRead(filesOfUnit(unit));
  return [...units].sort((a, b) => size(b) - size(a));
}

async function stageOne(
  context: RunContext,
  unit: WorkUnit,
  equipment: UnitEquipment,
  threads: InProcessOptions['threads'],
  options: AttemptOptions,
): Promise<Manifest> {
  if (threads !== undefined) {
    return await threads.stage(context, unit, { ...options, resumed: equipment.resumed });
  }
  return await attemptUnit(
    context,
    unit,
    async (attempt, watched) =>
      await watched(
        async (onProgress, signal) => await runUnit(context, unit, attempt, equipment, onProgress, signal),
      ),
    options,
  );
}
