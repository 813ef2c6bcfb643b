import { existsSync } from 'node:fs';
import { BeamliftError, toBeamliftError } from '../../core/errors';
import type { RunStoreServices } from '../runs/run-store-services';
import { describeRunStore, type RunStoreSpec } from '../runs/run-store-spec';
import { EmptyConnectionStore, type ConnectionStore } from './connection-store';
import { openGcsConnectionStore } from './gcs-connection-store';
import { openPostgresConnectionStore } from './postgres-connection-store';
import { openSqliteConnectionStore } from './sqlite-connection-store';

/**
 * Opens the connections that the run store keeps. `create: false` is for those who only look: where nothing has been written yet they
 * get an empty store, and nothing is made. Throws RUN_STORE_FAILED and SECRET_UNRESOLVED; so do the calls of the store.
 */
export async function openConnectionStore(
  spec: RunStoreSpec,
  services: RunStoreServices,
  options: { create: boolean },
): Promise<ConnectionStore> {
  const explained = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (error) {
      services.signal.throwIfAborted();
      throw explain(error, spec);
    }
  };
  const store = await explained(async () => await open(spec, services, options));
  return {
    get: async (name) => await explained(async () => await store.get(name)),
    list: async () => await explained(async () => await store.list()),
    put: async (...request) => await explained(async () => await store.put(...request)),
    delete: async (...request) => await explained(async () => await store.delete(...request)),
    close: async () => await store.close(),
  };
}

async function open(
  spec: RunStoreSpec,
  services: RunStoreServices,
  options: { create: boolean },
): Promise<ConnectionStore> {
  switch (spec.type) {
    case 'sqlite':
      return !options.create && !existsSync(spec.config.path)
        ? new EmptyConnectionStore()
        : await openSqliteConnectionStore(spec.config.path, options);
    case 'postgresql':
      return (
        (await openPostgresConnectionStore(spec.config, services, options)) ?? new EmptyConnectionStore()
      );
    case 'gcs':
      return await openGcsConnectionStore(spec.config, services);
  }
}

/** Whatever went wrong with a server or a bucket, it is the run store that cannot be used, and not a source or destination. */
function explain(thrown: unknown, spec: RunStoreSpec): BeamliftError {
  const error = toBeamliftError(thrown);
  if (error.code === 'RUN_STORE_FAILED' || error.code === 'SECRET_UNRESOLVED') return error;
  const late = thrown instanceof Error && thrown.name === 'TimeoutError';
  const why = late ? 'It did not answer in time.' : [error.what, error.why].filter(Boolean).join(': ');
  return new BeamliftError('RUN_STORE_FAILED', {
    what: 'The connections in the run store cannot be used',
    where: { object: describeRunStore(spec) },
    why,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause: thrown,
  });
}
