import { BeamliftError } from '../core/errors';
import type { SourceModule, SourceServices } from '../core/extractor';
import type { DestinationModule } from '../core/loader';
import type { RunContext } from '../core/plan';
import { SOURCES } from '../extractors';
import { DESTINATIONS } from '../loaders';
import { KeptEncoders } from './kept-encoders';
import type { UnitEquipment } from './run-unit';

/** Source and destination of a run, open until `close`, which never throws. */
export interface OpenEquipment extends UnitEquipment {
  close(): Promise<void>;
}

/**
 * Opens what a plan names, with what this machine resolves its references to. Whatever was opened is closed again when the other fails.
 * Throws RUNNER_UNUSABLE for a kind of source or destination that this build has not.
 */
export async function openEquipment(
  context: Pick<RunContext, 'source' | 'destination' | 'job'>,
  services: SourceServices,
  signal: AbortSignal,
): Promise<OpenEquipment> {
  const source = moduleOf<SourceModule>(SOURCES, context.source.type, context.job);
  const target = moduleOf<DestinationModule>(DESTINATIONS, context.destination.type, context.job);
  const extractor = await source.open(context.source, services);
  try {
    const loader = await target.open(context.destination, services, signal);
    const close = async (): Promise<void> => {
      await Promise.allSettled([extractor.close(), loader.close()]);
    };
    return { extractor, loader, target, encoders: new KeptEncoders(), resumed: true, close };
  } catch (error) {
    await extractor.close();
    throw error;
  }
}

function moduleOf<Module extends { readonly type: string }>(
  modules: readonly Module[],
  type: string,
  job: string,
): Module {
  const found = modules.find((module) => module.type === type);
  if (found !== undefined) return found;
  throw new BeamliftError('RUNNER_UNUSABLE', {
    what: `This worker knows nothing of ${type}`,
    where: { job },
    hint: 'Use the worker image that was made with the launcher’s version.',
  });
}
