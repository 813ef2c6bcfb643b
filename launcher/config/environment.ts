import type { Environment } from '../../core/extractor';

/** The variables of this process as they are now. The only place that reads them; everything else is given them as a value. */
export function readEnvironment(): Environment {
  return Object.freeze(Object.assign(Object.create(null) as Record<string, string | undefined>, process.env));
}
