import { access } from 'node:fs/promises';
import { lazyModules } from '../../core/lazy-modules';
import { BeamliftError, systemCode, toBeamliftError } from '../../core/errors';
import type { ProcessIdentity } from '../../loaders/process-identity';
import { redactValue, type Redact } from '../output/redaction';
import type { FileRecord } from './file-record';
import type * as Gcs from './gcs-run-store';
import { MemoryRunStore } from './memory-run-store';
import type * as Postgres from './postgres-run-store';
import type { RunRecord, RunStore } from './run-store';
import type { RunStoreServices } from './run-store-services';
import { describeRunStore, type RunStoreSpec } from './run-store-spec';
import { openSqliteRunStore } from './sqlite-run-store';

/**
 * Opens the store that `run_store` names. `create: false` is for those who only look: where nothing has been written yet they get an
 * empty store, and nothing is made. Throws RUN_STORE_FAILED and SECRET_UNRESOLVED; so do the calls of a store in a database or bucket.
 */
export async function openRunStore(
  spec: RunStoreSpec,
  services: RunStoreServices,
  options: { create: boolean },
): Promise<RunStore> {
  if (spec.type === 'sqlite') {
    const { path: file } = spec.config;
    if (!options.create && (await isAbsent(file))) return new MemoryRunStore();
    return await openSqliteRunStore(file, options);
  }
  const explained = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (error) {
      services.signal.throwIfAborted();
      throw explain(error, spec);
    }
  };
  const store = await explained(async () => await openRemote(spec, services, options));
  return {
    put: async (record) => await explained(async () => await store.put(record)),
    get: async (id) => await explained(async () => await store.get(id)),
    list: async (filter) => await explained(async () => await store.list(filter)),
    putFiles: async (records) => await explained(async () => await store.putFiles(records)),
    files: async (filter) => await explained(async () => await store.files(filter)),
    close: async () => await store.close(),
  };
}

/** With the clients of both, and most stores are files. */
const load = lazyModules(__filename);
const modules = {
  gcs: () => load('./gcs-run-store') as typeof Gcs,
  postgres: () => load('./postgres-run-store') as typeof Postgres,
};

type RemoteSpec = Exclude<RunStoreSpec, { type: 'sqlite' }>;

async function openRemote(
  spec: RemoteSpec,
  services: RunStoreServices,
  options: { create: boolean },
): Promise<RunStore> {
  switch (spec.type) {
    case 'postgresql':
      return (
        (await modules.postgres().openPostgresRunStore(spec.config, services, options)) ??
        new MemoryRunStore()
      );
    case 'gcs':
      return await modules.gcs().openGcsRunStore(spec.config, services);
  }
}

/** Whatever went wrong with a server or a bucket, it is the history of runs that cannot be had, and not a source or destination. */
function explain(thrown: unknown, spec: RemoteSpec): BeamliftError {
  const error = toBeamliftError(thrown);
  if (error.code === 'RUN_STORE_FAILED' || error.code === 'SECRET_UNRESOLVED') return error;
  const late = thrown instanceof Error && thrown.name === 'TimeoutError';
  const why = late ? 'It did not answer in time.' : [error.what, error.why].filter(Boolean).join(': ');
  const hint = error.code === 'RIGHTS_MISSING' ? RIGHTS[spec.type] : error.hint;
  return new BeamliftError('RUN_STORE_FAILED', {
    what: 'The run store cannot be used',
    where: { object: describeRunStore(spec) },
    why,
    ...(hint === undefined ? {} : { hint }),
    cause: thrown,
  });
}

const RIGHTS = {
  postgresql:
    'The login needs CREATE on the schema for the first use, and SELECT, INSERT and UPDATE on etl_runs and etl_run_files from then on.',
  gcs: 'The login needs to get, list, create and delete objects in the bucket (roles/storage.objectUser).',
} as const;

/** Writes in a row that failed, after which nothing is written for a while: a store that does not answer would hold up every run. */
const FAILURES_BEFORE_PAUSE = 3;
const PAUSE_MS = 300_000;

/**
 * The store for runs that are about to be made. History never stands in the way of a load: where the store cannot be opened
 * or written, that is logged as a warning and the run goes on. Records of running runs name their process, so that
 * `runs list` can tell which of them are lost; secrets are taken out of all of them.
 */
export async function openRunStoreForRuns(
  spec: RunStoreSpec,
  services: RunStoreServices,
  identity: ProcessIdentity,
  redact: Redact,
): Promise<RunStore> {
  const warn = (thrown: unknown): void => {
    const { code, what, why, hint } = toBeamliftError(thrown);
    services.log.warn('run_store.failed', {
      code,
      what,
      why,
      hint,
      consequence: 'the run is not kept in the history',
    });
  };
  let store: RunStore;
  try {
    store = await openRunStore(spec, services, { create: true });
  } catch (error) {
    warn(error);
    return new MemoryRunStore();
  }
  let failures = 0;
  let pauseUntil = 0;
  const unlessPaused = async (write: () => Promise<void>): Promise<void> => {
    if (Date.now() < pauseUntil) return;
    try {
      await write();
      failures = 0;
    } catch (error) {
      failures += 1;
      if (failures >= FAILURES_BEFORE_PAUSE) pauseUntil = Date.now() + PAUSE_MS;
      warn(error);
    }
  };
  return {
    put: async (record) =>
      await unlessPaused(async () => await store.put(withProcess(withoutSecrets(record, redact), identity))),
    get: async (id) => await store.get(id),
    list: async (filter) => await store.list(filter),
    putFiles: async (records) =>
      await unlessPaused(async () => await store.putFiles(records.map((file) => redactedFile(file, redact)))),
    files: async (filter) => await store.files(filter),
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

function redactedFile(file: FileRecord, redact: Redact): FileRecord {
  const { error_message: message } = file;
  return message === null ? file : { ...file, error_message: redact(message) };
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
