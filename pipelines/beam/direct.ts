import { lazyModules } from '../../core/lazy-modules';
import type { LoadReport } from '../../core/loader';
import type { Manifest } from '../../core/manifest';
import type { Plan } from '../../core/plan';
import type { RetryListener } from '../../core/with-retries';
import type { InProcessOptions } from '../in-process';
import type { UnitEquipment } from '../run-unit';
import type * as DirectPipeline from './direct-pipeline';
import { checkSdkVersion, installedSdkVersion } from './sdk-version';

export interface DirectOptions extends InProcessOptions {
  /** Given: the pipeline's last step publishes what was staged. Absent: the caller does. */
  readonly commit?: { readonly retried: RetryListener };
}

/** What a pipeline on the direct runner did. */
export interface DirectRun {
  /** In the order of the plan's units. */
  readonly manifests: readonly Manifest[];
  /** Of the commit; undefined where the pipeline does none. */
  readonly report: LoadReport | undefined;
  /** As the runner counted: `rows_read`, `rows_staged`, `rows_rejected`, `bytes_staged`, `units_done`, `losses_RULE`, `rows_loaded`. */
  readonly counters: ReadonlyMap<string, number>;
}

/**
 * Runs the pipeline of a plan in this process, on the Beam SDK's own direct runner: the graph that the other runners get, with the
 * manifests, errors and cancelling of `runInProcess`. A plan without units gives no manifests, and nothing is committed for it.
 *
 * The direct runner is one bundle without retries, so what helps against a failing unit is the step's own. This module does not load the
 * SDK, which takes a second; calling this does. Throws RUNNER_UNUSABLE where the SDK is not there in the right version.
 */
export async function runDirect(
  plan: Pick<Plan, 'context' | 'units'>,
  equipment: UnitEquipment,
  options: DirectOptions,
): Promise<DirectRun> {
  checkSdkVersion(await installedSdkVersion());
  options.signal.throwIfAborted();
  const load = lazyModules(__filename);
  const { runDirectPipeline } = load('./direct-pipeline') as typeof DirectPipeline;
  return await runDirectPipeline(plan, equipment, options);
}
