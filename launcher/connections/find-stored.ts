import { toBeamliftError } from '../../core/errors';
import type { CommandContext } from '../command';
import type { FindStored } from '../config/stored-endpoints';
import type { CommandOutput } from '../output/command-output';

/** Asks the run store of a configuration for connections. */
export function storedFinder({ host, engine, redactor }: CommandContext, output: CommandOutput): FindStored {
  return async (place, names) => {
    try {
      const store = await engine.openConnections(
        place.runStore,
        {
          secrets: engine.createSecrets(place, host.environment, redactor),
          environment: host.environment,
          log: await output.log(),
          baseFolder: place.baseFolder,
          signal: host.signal,
        },
        { create: false },
      );
      try {
        const all = await store.list();
        return {
          found: all.filter(({ name }) => names.includes(name)),
          names: all.map(({ name }) => name),
          failure: undefined,
        };
      } finally {
        await store.close();
      }
    } catch (error) {
      host.signal.throwIfAborted();
      return { found: [], names: [], failure: toBeamliftError(error) };
    }
  };
}
