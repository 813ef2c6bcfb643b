import type {
  BucketSettings,
  Conflict,
  GcsBucket,
  ObjectUpload,
  ReadObject,
  StoredObject,
} from '../../../core/clients/gcs-bucket';
import { BeamliftError } from '../../../core/errors';
import { ModelClient } from './model-client';
import { checksum, type ModelStore } from './model-store';
import type { Wire } from './wire';

/** A process's client of the model bucket. */
export class ModelBucket extends ModelClient implements GcsBucket {
  readonly name: string;

  constructor(
    wire: Wire,
    private readonly store: ModelStore,
  ) {
    super(wire, 'Cloud Storage');
    this.name = store.name;
  }

  async settings(_signal: AbortSignal): Promise<BucketSettings> {
    return { location: 'EU', deletesAfterDays: () => undefined, retentionSeconds: undefined };
  }

  async read(name: string, maxBytes: number, signal: AbortSignal): Promise<ReadObject | undefined> {
    const { value } = await this.ask(isState(name) ? 'state.get' : 'objects.get', name, signal, () =>
      this.store.get(name),
    );
    if (value !== undefined && value.bytes > maxBytes) {
      throw new BeamliftError('LIMIT_EXCEEDED', { what: `${name} has more than ${maxBytes} bytes` });
    }
    return value;
  }

  async write(
    name: string,
    body: Uint8Array,
    ifGeneration: string,
    signal: AbortSignal,
  ): Promise<(StoredObject & { readonly storeTimeMs: number }) | Conflict> {
    const copy = Uint8Array.from(body);
    const operation = isState(name) ? 'state.insert' : 'objects.insert';
    const { value, unclear } = await this.ask(operation, `${name} @${ifGeneration}`, signal, () =>
      this.store.insert(name, copy, ifGeneration),
    );
    if (value !== 'conflict' || !unclear) return value;
    const { value: there } = await this.ask('objects.get', name, signal, () => this.store.get(name));
    if (there === undefined || there.bytes !== copy.length || there.crc32c !== checksum(copy))
      return 'conflict';
    return there;
  }

  startUpload(name: string, _contentType: string, signal: AbortSignal): ObjectUpload {
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    return {
      write: (piece) => {
        pieces.push(Uint8Array.from(piece));
        bytes += piece.length;
        return Promise.resolve();
      },
      get bytes() {
        return bytes;
      },
      finish: () => this.finishUpload(name, Buffer.concat(pieces), signal),
      abort: () => Promise.resolve(),
    };
  }

  async *list(prefix: string, signal: AbortSignal): AsyncIterable<StoredObject> {
    const size = this.wire.faults.page;
    for (let after = ''; ;) {
      const { value: page } = await this.ask('objects.list', prefix, signal, () =>
        this.store.page(prefix, after, size),
      );
      yield* page;
      if (page.length < size) return;
      after = page.at(-1)?.name ?? '';
    }
  }

  async *listFolders(prefix: string, signal: AbortSignal): AsyncIterable<string> {
    let last: string | undefined;
    for await (const { name } of this.list(prefix, signal)) {
      const slash = name.indexOf('/', prefix.length);
      if (slash < 0) continue;
      const folder = name.slice(0, slash + 1);
      if (folder !== last) yield folder;
      last = folder;
    }
  }

  async delete(name: string, signal: AbortSignal): Promise<void> {
    await this.ask('objects.delete', name, signal, () => this.store.delete(name));
  }

  private async finishUpload(name: string, body: Uint8Array, signal: AbortSignal): Promise<StoredObject> {
    const { value, unclear } = await this.ask('objects.upload', name, signal, () =>
      this.store.insert(name, body, '0'),
    );
    if (value !== 'conflict') return value;
    const { value: there } = await this.ask('objects.get', name, signal, () => this.store.get(name));
    if (unclear && there?.crc32c === checksum(body)) return there;
    throw new BeamliftError('DESTINATION_FAILED', { what: `There is another object named ${name}` });
  }
}

function isState(name: string): boolean {
  return name.includes('/state/');
}
