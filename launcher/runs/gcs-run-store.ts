import { openGcsBucket } from '../../core/clients/gcs';
import type { GcsBucket } from '../../core/clients/gcs-bucket';
import { BeamliftError } from '../../core/errors';
import type { FileFilter, FileRecord } from './file-record';
import { GcsRunFiles } from './gcs-run-files';
import { runRecordSchema } from './record-json';
import { likelyBeginnings, parseRunObjectName, runObjectName, type RunObjectName } from './run-object-name';
import type { RunStoreServices } from './run-store-services';
import { objectPrefix, type GcsRunStoreConfig } from './run-store-spec';
import type { RunFilter, RunRecord, RunStore } from './run-store';
import { readPatience, writePatience } from './store-patience';

/** Of the JSON of one record; a report with losses of 10,000 columns has about one. */
const MAX_RECORD_BYTES = 8 * 1024 * 1024;

/** Objects that are read at the same time. */
const READS_AT_ONCE = 16;

/** How often a write meets somebody else's before it gives up. */
const MAX_CONFLICTS = 5;

/** What is in an object beside the record; a number above it was written by a newer version. */
const RECORD_VERSION = 1;

/** Opens the store in a bucket. Makes no request. Throws SECRET_UNRESOLVED, LOGIN_FAILED. */
export async function openGcsRunStore(
  config: GcsRunStoreConfig,
  services: RunStoreServices,
): Promise<RunStore> {
  const { signal, secrets, log, environment } = services;
  const { bucket, credentials, endpoint } = config;
  const opened = await openGcsBucket(
    {
      bucket,
      log,
      environment,
      ...(credentials === undefined ? {} : { credentials: await secrets.resolve(credentials, signal) }),
      ...(endpoint === undefined ? {} : { endpoint }),
    },
    signal,
  );
  return new GcsRunStore(opened, objectPrefix(config), signal);
}

interface Found extends RunObjectName {
  /** Of the object, with its folder. */
  readonly object: string;
  readonly generation: string;
}

/** One object a run, whose name says when it began, its id and its job: see `runObjectName`. Every write names the generation it replaces. */
export class GcsRunStore implements RunStore {
  /** Of the runs that were written here: the record at a run's end needs no look at what is there. */
  private readonly written = new Map<string, Found>();
  private readonly runFiles: GcsRunFiles;

  /** `folder`: of the records of runs, with a slash at its end; the files of runs are beside it. */
  constructor(
    private readonly bucket: GcsBucket,
    private readonly folder: string,
    private readonly signal: AbortSignal,
  ) {
    this.runFiles = new GcsRunFiles(bucket, folder.replace(/[^/]*\/$/, 'etl_run_files/'), signal);
  }

  async put(record: RunRecord): Promise<void> {
    const signal = writePatience();
    const place = { id: record.id, startedMs: Date.parse(record.started_at), job: record.job };
    const object = `${this.folder}${runObjectName(place)}`;
    const body = Buffer.from(JSON.stringify({ record_version: RECORD_VERSION, ...record }));
    let known = this.written.get(record.id);
    for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts++) {
      // A run that begins is not there yet; the conflict tells if it is.
      if (known === undefined && (record.status !== 'running' || conflicts > 0)) {
        known = await this.find(record.id, signal, likelyBeginnings(record.id));
      }
      const replaced = known?.object === object ? known.generation : '0';
      const stored = await this.bucket.write(object, body, replaced, signal);
      if (stored !== 'conflict') {
        this.written.set(record.id, { ...place, object, generation: stored.generation });
        if (known !== undefined && known.object !== object) await this.bucket.delete(known.object, signal);
        return;
      }
      known = undefined;
    }
    throw new BeamliftError('RUN_STORE_FAILED', {
      what: `The record of run ${record.id} is being written by others all the time`,
      where: { object: this.shown(object) },
    });
  }

  async get(id: string): Promise<RunRecord | undefined> {
    const signal = readPatience(this.signal);
    const likely = likelyBeginnings(id);
    let found = await this.find(id, signal, likely);
    if (found === undefined && likely.length > 0) found = await this.find(id, signal, []);
    return found === undefined ? undefined : await this.read(found, signal);
  }

  async list({ job, status, idPrefix = '', limit }: RunFilter): Promise<RunRecord[]> {
    const signal = readPatience(this.signal);
    const chosen = (record: RunRecord): boolean =>
      (job === undefined || record.job === job) && (status === undefined || record.status === status);
    const records: RunRecord[] = [];
    let batch: Found[] = [];
    let lastMs: number | undefined;
    // A run whose beginning was written anew has two objects for a moment; the newer name counts.
    const seen = new Set<string>();
    const readBatch = async (): Promise<void> => {
      const read = await Promise.all(batch.map(async (found) => await this.read(found, signal)));
      for (const record of read) if (record !== undefined && chosen(record)) records.push(record);
      batch = [];
    };
    for await (const found of this.names('', signal)) {
      const mayFit = found.id.startsWith(idPrefix) && (job === undefined || (found.job ?? job) === job);
      if (!mayFit || seen.has(found.id)) continue;
      seen.add(found.id);
      // Runs of the same millisecond are in the order of their ids in the bucket, and in the reverse of it here.
      const tied = found.startedMs === lastMs;
      const full = !tied && status === undefined && records.length + batch.length >= limit;
      if (full || batch.length >= READS_AT_ONCE) await readBatch();
      if (!tied && records.length >= limit) break;
      batch.push(found);
      lastMs = found.startedMs;
    }
    await readBatch();
    return records.sort(newestFirst).slice(0, limit);
  }

  async putFiles(records: readonly FileRecord[]): Promise<void> {
    await this.runFiles.put(records);
  }

  async files(filter: FileFilter): Promise<FileRecord[]> {
    return await this.runFiles.list(filter);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Among the names that begin so; `beginnings` empty: among all names. */
  private async find(
    id: string,
    signal: AbortSignal,
    beginnings: readonly string[],
  ): Promise<Found | undefined> {
    for (const beginning of beginnings.length === 0 ? [''] : beginnings) {
      for await (const found of this.names(beginning, signal)) if (found.id === id) return found;
    }
    return undefined;
  }

  private async *names(beginning: string, signal: AbortSignal): AsyncGenerator<Found, void, undefined> {
    for await (const { name, generation } of this.bucket.list(`${this.folder}${beginning}`, signal)) {
      const parsed = parseRunObjectName(name.slice(this.folder.length));
      if (parsed !== undefined) yield { ...parsed, object: name, generation };
    }
  }

  /** Undefined: it is gone by now. */
  private async read({ object }: Found, signal: AbortSignal): Promise<RunRecord | undefined> {
    const stored = await this.bucket.read(object, MAX_RECORD_BYTES, signal);
    if (stored === undefined) return undefined;
    let content: unknown;
    try {
      content = JSON.parse(Buffer.from(stored.body).toString('utf8'));
    } catch (cause) {
      throw this.unreadable(object, 'It is not JSON.', cause);
    }
    const { record_version: version, ...record } = (content ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof version === 'number' && version > RECORD_VERSION) {
      throw this.unreadable(
        object,
        `Its version is ${version}: it was written by a newer beamlift. Upgrade this one.`,
      );
    }
    const parsed = runRecordSchema.safeParse(record);
    if (parsed.success) return parsed.data;
    throw this.unreadable(object, 'Its fields are not those of a run.', parsed.error);
  }

  private unreadable(object: string, why: string, cause?: unknown): BeamliftError {
    return new BeamliftError('RUN_STORE_FAILED', {
      what: 'An object of the run store is not the record of a run',
      where: { object: this.shown(object) },
      why,
      hint: 'If something else wrote it there, delete it: no data depends on it.',
      ...(cause === undefined ? {} : { cause }),
    });
  }

  private shown(object: string): string {
    return `gs://${this.bucket.name}/${object}`;
  }
}

function newestFirst(a: RunRecord, b: RunRecord): number {
  if (a.started_at !== b.started_at) return a.started_at < b.started_at ? 1 : -1;
  return a.id < b.id ? 1 : -1;
}
