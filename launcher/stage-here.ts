import { availableParallelism } from 'node:os';
import type { Manifest } from '../core/manifest';
import type { Plan } from '../core/plan';
import { runDirect } from '../pipelines/beam/direct';
import { runInProcess } from '../pipelines/in-process';
import { chooseThreads } from '../pipelines/threads/choose-threads';
import { UnitThreads } from '../pipelines/threads/unit-threads';
import type { Execution } from './execute-plan';
import type { LaunchServices } from './launch-options';

/** Stages the units of a plan in this process, on threads where that is faster; none of them is left afterwards. */
export async function stageHere(
  { opened, options, services, lease }: Execution,
  { context, units, runner }: Plan,
): Promise<readonly Manifest[]> {
  const { extractor, loader, destination } = opened;
  const { listener, signal } = services;
  const equipment = { extractor, loader, target: destination, resumed: lease.unfinished !== null };
  const concurrency = Math.min(options.concurrency, context.source.maxConnections);
  if (runner === 'direct') {
    return (await runDirect({ context, units }, equipment, { concurrency, listener, signal })).manifests;
  }
  const threads = openThreads({ context, units }, concurrency, services);
  try {
    const on = threads === undefined ? {} : { threads };
    return await runInProcess(context, units, equipment, { concurrency, listener, signal, ...on });
  } finally {
    await threads?.close();
  }
}

function openThreads(
  { context, units }: Pick<Plan, 'context' | 'units'>,
  concurrency: number,
  { threadSecrets, environment, baseFolder, log }: LaunchServices,
): UnitThreads | undefined {
  const choice = chooseThreads(context, units, concurrency, availableParallelism());
  if (choice === undefined || threadSecrets === undefined) return undefined;
  log.debug('threads.chosen', { threads: choice.threads, units_per_thread: choice.unitsPerThread });
  return new UnitThreads({ ...choice, services: { ...threadSecrets, environment, baseFolder, log } });
}
