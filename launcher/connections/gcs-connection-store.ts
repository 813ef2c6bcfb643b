import { openGcsBucket } from '../../core/clients/gcs';
import type { GcsBucket } from '../../core/clients/gcs-bucket';
import { BeamliftError } from '../../core/errors';
import type { RunStoreServices } from '../runs/run-store-services';
import { objectPrefix, type GcsRunStoreConfig } from '../runs/run-store-spec';
import { readPatience, writePatience } from '../runs/store-patience';
import {
  byName,
  storedConnectionSchema,
  type ConnectionStore,
  type StoredConnection,
} from './connection-store';

/** Of the JSON of one connection: a few key files of 64 KiB, encrypted and in base64. */
const MAX_CONNECTION_BYTES = 1024 * 1024;

const ENDING = '.json';

/** What is in an object beside the connection; a number above it was written by a newer version. */
const RECORD_VERSION = 1;

/** Opens the connections in the bucket of a run store. Makes no request. Throws SECRET_UNRESOLVED, LOGIN_FAILED. */
export async function openGcsConnectionStore(
  config: GcsRunStoreConfig,
  services: RunStoreServices,
): Promise<ConnectionStore> {
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
  const folder = objectPrefix(config).replace(/etl_runs\/$/, 'etl_connections/');
  return new GcsConnectionStore(opened, folder, signal);
}

interface Found {
  /** Undefined: it was deleted, and the object is about to go. */
  readonly connection: StoredConnection | undefined;
  readonly generation: string;
}

/**
 * One object a connection, called by its name, which has no characters that objects' names may not have. Every write names the
 * generation that it replaces. Deleting writes that it is deleted first, so that nobody's change is deleted unseen.
 */
export class GcsConnectionStore implements ConnectionStore {
  /** `folder`: with a slash at its end. */
  constructor(
    private readonly bucket: GcsBucket,
    private readonly folder: string,
    private readonly signal: AbortSignal,
  ) {}

  async get(name: string): Promise<StoredConnection | undefined> {
    return (await this.read(this.objectOf(name), readPatience(this.signal)))?.connection;
  }

  async list(): Promise<StoredConnection[]> {
    const signal = readPatience(this.signal);
    const connections: StoredConnection[] = [];
    for await (const { name } of this.bucket.list(this.folder, signal)) {
      if (!name.endsWith(ENDING)) continue;
      const found = await this.read(name, signal);
      if (found?.connection !== undefined) connections.push(found.connection);
    }
    return connections.sort(byName);
  }

  async put(connection: StoredConnection, replaces: string | undefined): Promise<boolean> {
    const signal = writePatience();
    const object = this.objectOf(connection.name);
    const found = await this.read(object, signal);
    if (found?.connection?.revision !== replaces) return false;
    const body = Buffer.from(JSON.stringify({ record_version: RECORD_VERSION, ...connection }));
    return (await this.bucket.write(object, body, found?.generation ?? '0', signal)) !== 'conflict';
  }

  async delete(name: string, revision: string): Promise<boolean> {
    const signal = writePatience();
    const object = this.objectOf(name);
    const found = await this.read(object, signal);
    if (found?.connection?.revision !== revision) return false;
    const body = Buffer.from(JSON.stringify({ record_version: RECORD_VERSION, deleted: true }));
    if ((await this.bucket.write(object, body, found.generation, signal)) === 'conflict') return false;
    await this.bucket.delete(object, signal);
    return true;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private objectOf(name: string): string {
    return `${this.folder}${name}${ENDING}`;
  }

  private async read(object: string, signal: AbortSignal): Promise<Found | undefined> {
    const stored = await this.bucket.read(object, MAX_CONNECTION_BYTES, signal);
    if (stored === undefined) return undefined;
    const { generation } = stored;
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
    if (record['deleted'] === true) return { connection: undefined, generation };
    const parsed = storedConnectionSchema.safeParse(record);
    if (!parsed.success)
      throw this.unreadable(object, 'Its fields are not those of a connection.', parsed.error);
    return { connection: parsed.data, generation };
  }

  private unreadable(object: string, why: string, cause?: unknown): BeamliftError {
    return new BeamliftError('RUN_STORE_FAILED', {
      what: 'An object of the run store is not a connection',
      where: { object: `gs://${this.bucket.name}/${object}` },
      why,
      hint: 'If something else wrote it there, delete it.',
      ...(cause === undefined ? {} : { cause }),
    });
  }
}
