import { BeamliftError } from '../core/errors';
import type { Extractor, SourceModule } from '../core/extractor';
import type { DestinationModule, Loader } from '../core/loader';
import { SOURCES } from '../extractors';
import { DESTINATIONS } from '../loaders';
import type { JobSpec } from './config/job-spec';
import type { LaunchServices } from './launch-options';

/** A job with its source and destination open. */
export interface OpenedJob {
  readonly job: JobSpec;
  readonly extractor: Extractor;
  readonly loader: Loader;
  readonly destination: DestinationModule;
}

/** Opens source and destination of a job; whatever was opened is closed again when the other fails. End with `closeJob`. */
export async function openJob(job: JobSpec, services: LaunchServices): Promise<OpenedJob> {
  const source = sourceOfType(job.source.type);
  const destination = destinationOfType(job.destination.type);
  const extractor = await source.open(job.source, services);
  try {
    const loader = await destination.open(job.destination, services, services.signal);
    return { job, extractor, destination, loader };
  } catch (error) {
    await extractor.close();
    throw error;
  }
}

/** Never throws: what was read or written is decided by then. */
export async function closeJob({ extractor, loader }: OpenedJob): Promise<void> {
  await Promise.allSettled([extractor.close(), loader.close()]);
}

/** The module of a connection that the configuration has accepted. */
export function sourceOfType(type: string): SourceModule {
  return moduleOfType<SourceModule>(SOURCES, type);
}

/** The module of a destination that the configuration has accepted. */
export function destinationOfType(type: string): DestinationModule {
  return moduleOfType<DestinationModule>(DESTINATIONS, type);
}

function moduleOfType<Module extends { readonly type: string }>(
  modules: readonly Module[],
  type: string,
): Module {
  const found = modules.find((module) => module.type === type);
  if (found === undefined) throw new BeamliftError('INTERNAL', { what: `No module of type ${type}` });
  return found;
}
