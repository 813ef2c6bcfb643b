import type { Environment } from '../../../core/extractor';

/** The variables of this process as they are now: those of a worker's machine, which its references name. The only place of a worker that reads them. */
export function readEnvironment(): Environment {
  return Object.freeze(Object.assign(Object.create(null) as Record<string, string | undefined>, process.env));
}
