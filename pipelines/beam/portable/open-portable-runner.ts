import { lazyModules } from '../../../core/lazy-modules';
import type { RunContext } from '../../../core/plan';
import type { PipelineRunner } from '../../pipeline-runner';
import type { RunListener } from '../../run-events';
import type { UnitEquipment } from '../../run-unit';
import type { ThreadServices } from '../../threads/thread-services';
import { checkSdkVersion, installedSdkVersion } from '../sdk-version';
import type { PortableOptions } from './options';
import type * as PortableRunnerModule from './portable-runner';

/** What workers in this process (the environment `loopback`) are given. */
export interface PortableServices {
  readonly codeVersion: string;
  /** What the process has open for the job. Whoever opened it closes it, after the runner. */
  readonly equipmentFor: (context: RunContext, signal: AbortSignal) => Promise<UnitEquipment>;
  /** Told of the units of such workers. */
  readonly listener: RunListener;
  /** What threads open source and destination with, to run units; absent: units run on this thread, with what `equipmentFor` has. */
  readonly threads?: ThreadServices;
  /** For tests. */
  readonly stallMs?: number;
}

/**
 * A runner behind a Beam job service, as the options describe it. Nothing is asked of the service yet: that is `preflight`'s. This module
 * does not load the SDK, which takes a second; calling this does. Throws RUNNER_UNUSABLE where the SDK is not there in the right version.
 */
export async function openPortableRunner(
  options: PortableOptions,
  { codeVersion, equipmentFor, listener, threads, stallMs }: PortableServices,
): Promise<PipelineRunner> {
  checkSdkVersion(await installedSdkVersion());
  const load = lazyModules(__filename);
  const { PortableRunner } = load('./portable-runner') as typeof PortableRunnerModule;
  return new PortableRunner(options, {
    codeVersion,
    equipmentFor,
    listener,
    ...(threads === undefined ? {} : { threads }),
    ...(stallMs === undefined ? {} : { stallMs }),
  });
}
