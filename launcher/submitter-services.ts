import type { LaunchServices } from './launch-options';
import type { OpenedJob } from './open-job';
import type { SubmitterServices } from './runner-desk';
import { codeVersion } from './version';

/** What a runner may use of this process, which has the job open. */
export function submitterServices(
  { extractor, loader, destination }: OpenedJob,
  { secrets, environment, log, baseFolder, listener }: LaunchServices,
): SubmitterServices {
  const equipment = { extractor, loader, target: destination, resumed: true };
  return {
    secrets,
    environment,
    log,
    baseFolder,
    listener,
    codeVersion: codeVersion(),
    equipmentFor: async () => await Promise.resolve(equipment),
  };
}
