import type {
  BucketSettings,
  Conflict,
  GcsBucket,
  ObjectUpload,
  ReadObject,
  StoredObject,
} from '../../../core/clients/gcs-bucket';
import { crc32c } from '../../../core/crc32c';

/** What is done to an object, for faults and for counting. */
export interface BucketCall {
  readonly verb: 'read' | 'write' | 'upload' | 'finish' | 'abort' | 'list' | 'folders' | 'delete';
  readonly name: string;
}

/** A bucket in memory that keeps its promises: no object is seen before it is finished, and none is written over unseen. */
export class MemoryBucket implements GcsBucket {
  readonly name = 'staging';
  readonly objects = new Map<string, { body: Buffer; object: StoredObject }>();
  readonly calls: BucketCall[] = [];
  /** Throws to make a call fail. `done` runs after the effect: an answer that is lost. */
  before: (call: BucketCall) => void | Promise<void> = () => undefined;
  done: (call: BucketCall) => void = () => undefined;
  /** The store's clock. */
  nowMs = 1_000;
  private generations = 0;

  get names(): string[] {
    return [...this.objects.keys()].sort();
  }

  count(verb: BucketCall['verb']): number {
    return this.calls.filter((call) => call.verb === verb).length;
  }

  text(name: string): string {
    return this.objects.get(name)?.body.toString('utf8') ?? '';
  }

  /** Puts an object there, whatever was there. */
  put(name: string, body: Uint8Array | string): StoredObject {
    const bytes = Buffer.from(body as string);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32c(bytes));
    const object: StoredObject = {
      name,
      generation: String(++this.generations),
      bytes: bytes.length,
      crc32c: sum.toString('base64'),
      updatedMs: this.nowMs,
    };
    this.objects.set(name, { body: bytes, object });
    return object;
  }

  settings(): Promise<BucketSettings> {
    return Promise.resolve({
      location: 'EU',
      deletesAfterDays: () => undefined,
      retentionSeconds: undefined,
    });
  }

  async read(name: string, maxBytes: number, signal: AbortSignal): Promise<ReadObject | undefined> {
    await this.called({ verb: 'read', name }, signal);
    const found = this.objects.get(name);
    if (found !== undefined && found.body.length > maxBytes) throw new Error(`${name} is too long`);
    return found && { ...found.object, body: found.body, storeTimeMs: this.nowMs };
  }

  async write(
    name: string,
    body: Uint8Array,
    ifGeneration: string,
    signal: AbortSignal,
  ): Promise<(StoredObject & { readonly storeTimeMs: number }) | Conflict> {
    const call: BucketCall = { verb: 'write', name };
    await this.called(call, signal);
    if ((this.objects.get(name)?.object.generation ?? '0') !== ifGeneration) return 'conflict';
    const object = this.put(name, body);
    this.done(call);
    return { ...object, storeTimeMs: this.nowMs };
  }

  startUpload(name: string, contentType: string, signal: AbortSignal): ObjectUpload {
    const pieces: Buffer[] = [];
    let isOpen = true;
    const call = async (verb: 'upload' | 'finish' | 'abort'): Promise<void> => {
      await this.called({ verb, name }, verb === 'abort' ? new AbortController().signal : signal);
    };
    const upload = {
      bytes: 0,
      write: async (bytes: Uint8Array): Promise<void> => {
        if (!isOpen) throw new Error('the upload is closed');
        await call('upload');
        pieces.push(Buffer.from(bytes));
        upload.bytes += bytes.length;
      },
      finish: async (): Promise<StoredObject> => {
        if (!isOpen || contentType === '') throw new Error('the upload is closed');
        await call('finish');
        if (this.objects.has(name)) throw new Error(`${name} would be written over`);
        isOpen = false;
        const object = this.put(name, Buffer.concat(pieces));
        this.done({ verb: 'finish', name });
        return object;
      },
      abort: async (): Promise<void> => {
        isOpen = false;
        await call('abort').catch(() => undefined);
      },
    };
    return upload;
  }

  async *list(prefix: string, signal: AbortSignal): AsyncGenerator<StoredObject> {
    await this.called({ verb: 'list', name: prefix }, signal);
    for (const name of this.names) {
      const found = this.objects.get(name);
      if (found !== undefined && name.startsWith(prefix)) yield found.object;
    }
  }

  async *listFolders(prefix: string, signal: AbortSignal): AsyncGenerator<string> {
    await this.called({ verb: 'folders', name: prefix }, signal);
    const inside = this.names.filter((name) => name.startsWith(prefix));
    const folders = inside.flatMap((name) => {
      const end = name.indexOf('/', prefix.length);
      return end < 0 ? [] : [name.slice(0, end + 1)];
    });
    yield* new Set(folders);
  }

  async delete(name: string, signal: AbortSignal): Promise<void> {
    await this.called({ verb: 'delete', name }, signal);
    this.objects.delete(name);
  }

  private async called(call: BucketCall, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.calls.push(call);
    await this.before(call);
  }
}
