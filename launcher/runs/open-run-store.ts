import { access } from 'node:fs/promises';
import { BeamliftError, systemCode, toBeamliftError } from '../../core/errors';
import type { Logger } from '../../core/logger';
import type { ProcessIdentity } from '../../loaders/process-identity';
import { redactValue, type Redact } from '../output/redaction';
import { MemoryRunStore } from './memory-run-store';
import type { RunRecord, RunStore } from './run-store';
import { openSqliteRunStore } from './sqlite-run-store';

/**
 * Opens the store that `run_store` names: `sqlite:` and a path. `create: false` is for those who only look: where nothing
 * has been written yet they get an empty store, and nothing is made. Throws RUN_STORE_FAILED.
 */
export async function openRunStore(url: string, options: { create: boolean }): Promise<RunStore> {
  const file = /^sqlite:(.+)$/.exec(url)?.[1];
  if (file === undefined) {
    throw new BeamliftError('RUN_STORE_FAILED', {
      what: 'This run store is of an unknown kind',
      where: { object: url.replace(/:.*$/, ':…') },
      hint: 'Write run_store as sqlite: and a path, as in "sqlite:.beamlift/runs.db".',
    });
  }
  if (!options.create && (await isAbsent(file))) return new MemoryRunStore();
  return await openSqliteRunStore(file, options);
}

/**
 * The store for runs that are about to be made. History never stands in the way of a load: where the store cannot be opened
 * or written, that is logged as a warning and the run goes on. Records of running runs name their process, so that
 * `runs list` can tell which of them are lost; secrets are taken out of all of them.
 */
export async function openRunStoreForRuns(
  url: string,
  identity: ProcessIdentity,
  log: Logger,
  redact: Redact,
): Promise<RunStore> {
  const warn = (thrown: unknown): void => {
    const { code, what, why, hint } = toBeamliftError(thrown);
    log.warn('run_store.failed', {
      code,
      what,
      why,
      hint,
      consequence: 'the run is not kept in the history',
    });
  };
  let store: RunStore;
  try {
    store = await openRunStore(url, { create: true });
  } catch (error) {
    warn(error);
    return new MemoryRunStore();
  }
  return {
    put: async (record) => {
      try {
        await store.put(withProcess(withoutSecrets(record, redact), identity));
      } catch (error) {
        warn(error);
      }
    },
    get: async (id) => await store.get(id),
    list: async (filter) => await store.list(filter),
    close: async () => await store.close(),
  };
}

/** What went wrong is often told in the words of the other side, which may repeat what it was sent. */
function withoutSecrets(record: RunRecord, redact: Redact): RunRecord {
  const { error_message: message, report } = record;
  return {
    ...record,
    error_message: message === null ? null : redact(message),
    report: redactValue(report, redact) as RunRecord['report'],
  };
}

function withProcess(record: RunRecord, { host, pid, started }: ProcessIdentity): RunRecord {
  if (record.status !== 'running') return record;
  return { ...record, report: { ...record.report, process: { host, pid, started } } };
}

/** Only what is surely not there is empty: a file that may not be read is a failure, told by the one who opens it. */
async function isAbsent(file: string): Promise<boolean> {
  try {
    await access(file);
    return false;
  } catch (error) {
    return systemCode(error) === 'ENOENT';
  }
}
