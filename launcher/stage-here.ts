import { availableParallelism, totalmem } from 'node:os';
import { constrainedMemory } from 'node:process';
import { lazyModules } from '../core/lazy-modules';
import type { Manifest } from '../core/manifest';
import type { Plan } from '../core/plan';
import type * as Direct from '../pipelines/beam/direct';
import { machineShare, usableMemory } from '../pipelines/beam/worker/machine-shares';
import { runInProcess } from '../pipelines/in-process';
import { KeptEncoders } from '../pipelines/kept-encoders';
import { chooseThreads } from '../pipelines/threads/choose-threads';
import type * as Threads from '../pipelines/threads/unit-threads';
import type { UnitThreads } from '../pipelines/threads/unit-threads';
import type { Execution } from './execute-plan';
import type { LaunchServices } from './launch-options';

/** Read where they are needed: most runs need neither. */
const load = lazyModules(__filename);

/** Stages the units of a plan in this process, on threads where that is faster; none of them is left afterwards. */
export async function stageHere(
  { opened, options, services, lease }: Execution,
  { context, units, runner }: Plan,
): Promise<readonly Manifest[]> {
  const { extractor, loader, destination } = opened;
  const { listener, signal } = services;
  const encoders = new KeptEncoders();
  const resumed = lease.unfinished !== null;
  const equipment = { extractor, loader, target: destination, encoders, resumed };
  const concurrency = Math.min(options.concurrency, context.source.maxConnections);
  if (runner === 'direct') {
    const { runDirect } = load('../pipelines/beam/direct') as typeof Direct;
    return (await runDirect({ context, units }, equipment, { concurrency, listener, signal })).manifests;
  }
  const threads = openThreads({ context, units }, concurrency, services);
  try {
    const on = threads ?? {};
    return await runInProcess(context, units, equipment, { concurrency, listener, signal, ...on });
  } finally {
    await threads?.threads.close();
  }
}

function openThreads(
  { context, units }: Pick<Plan, 'context' | 'units'>,
  concurrency: number,
  { threadSecrets, environment, baseFolder, log }: LaunchServices,
): { readonly threads: UnitThreads; readonly unitsHere: number } | undefined {
  const choice = chooseThreads(context, units, concurrency, availableParallelism());
  if (choice === undefined || threadSecrets === undefined) return undefined;
  const { threads, unitsPerThread, unitsHere } = choice;
  log.debug('threads.chosen', { threads: threads + 1, units_per_thread: unitsPerThread });
  // One that goes astray ends with an error, before the system ends the process.
  const memoryBytes = usableMemory(totalmem(), constrainedMemory());
  const { threadHeapMb: heapMb } = machineShare({ memoryBytes, cores: threads + 1 }, 1);
  const { UnitThreads: Pool } = load('../pipelines/threads/unit-threads') as typeof Threads;
  const services = { ...threadSecrets, environment, baseFolder, log };
  return { threads: new Pool({ ...choice, heapMb, services }), unitsHere };
}
