import './sdk-entry';
import { randomUUID } from 'node:crypto';
import { directRunner } from 'apache-beam/runners/direct_runner';
import { BeamliftError } from '../../core/errors';
import type { LoadReport } from '../../core/loader';
import type { Manifest } from '../../core/manifest';
import type { Plan } from '../../core/plan';
import type { UnitEquipment } from '../run-unit';
import type { DirectOptions, DirectRun } from './direct';
import { runGraph } from './graph';
import { applySdkRepairs } from './repairs/apply-sdk-repairs';
import { registerRunSteps } from './run-steps';

/** `runDirect`, once it is known that the SDK can be loaded. */
export async function runDirectPipeline(
  plan: Pick<Plan, 'context' | 'units'>,
  equipment: UnitEquipment,
  options: DirectOptions,
): Promise<DirectRun> {
  applySdkRepairs();
  const { units } = plan;
  const { concurrency, listener, signal, commit, stallMs, retries } = options;
  const manifests = new Map<string, Manifest>();
  if (units.length === 0) return { manifests: [], report: undefined, counters: new Map() };

  let report: LoadReport | undefined;
  const scope = randomUUID();
  const unregister = registerRunSteps(
    scope,
    {
      codeVersion: plan.context.codeVersion,
      equipmentFor: async () => await Promise.resolve(equipment),
      listener,
      commitRetried: commit?.retried ?? (() => undefined),
      staged: (manifest) => manifests.set(manifest.unit, manifest),
      reported: (committed) => (report = committed),
      ...(stallMs === undefined ? {} : { stallMs }),
      ...(retries === undefined ? {} : { retries }),
    },
    signal,
  );
  try {
    const graph = runGraph(plan, {
      scope,
      commits: commit !== undefined,
      concurrency: Math.max(1, concurrency),
    });
    const result = await directRunner({}).run(graph);
    const counters: Record<string, number> = await result.counters();
    return { manifests: inOrder(plan, manifests), report, counters: new Map(Object.entries(counters)) };
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown;
  } finally {
    unregister();
  }
}

function inOrder({ units }: Pick<Plan, 'units'>, manifests: ReadonlyMap<string, Manifest>): Manifest[] {
  return units.map(({ id }) => {
    const manifest = manifests.get(id);
    if (manifest === undefined) throw new BeamliftError('INTERNAL', { what: `Unit ${id} was not run` });
    return manifest;
  });
}
