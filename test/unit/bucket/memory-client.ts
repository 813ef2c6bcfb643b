import type {
  ListedObject,
  ObjectClient,
  ObjectPage,
  ObjectRange,
} from '../../../core/clients/object-client';
import { BeamliftError } from '../../../core/errors';

/** What a bucket in memory holds, and how it misbehaves. */
export class MemoryClient implements ObjectClient {
  readonly location = 's3://bucket';
  readonly reads: ObjectRange[] = [];
  readonly listed: string[] = [];
  closed = 0;
  /** Bytes after which the next requests break, one a request. */
  breaks: number[] = [];
  /** What requests throw before any byte, one a request. */
  failures: unknown[] = [];
  private readonly objects = new Map<string, { body: Buffer; version: string }>();

  constructor(
    entries: Readonly<Record<string, string | Buffer>> = {},
    private readonly pageSize = 3,
    private readonly pieceBytes = 7,
  ) {
    for (const [key, body] of Object.entries(entries)) this.put(key, body);
  }

  put(key: string, body: string | Buffer, version = `v-${key}`): void {
    this.objects.set(key, { body: Buffer.from(body), version });
  }

  listPage(prefix: string, page: string | undefined, signal: AbortSignal): Promise<ObjectPage> {
    signal.throwIfAborted();
    this.listed.push(prefix);
    const keys = [...this.objects.keys()]
      .filter((key) => key.startsWith(prefix))
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const start = page === undefined ? 0 : Number(page);
    const end = start + this.pageSize;
    const objects = keys.slice(start, end).map((key) => this.listedObject(key));
    return Promise.resolve({ objects, ...(end < keys.length ? { next: String(end) } : {}) });
  }

  find(key: string, signal: AbortSignal): Promise<ListedObject | undefined> {
    signal.throwIfAborted();
    return Promise.resolve(this.objects.has(key) ? this.listedObject(key) : undefined);
  }

  async *read(range: ObjectRange, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    this.reads.push(range);
    await Promise.resolve();
    if (this.failures.length > 0) throw this.failures.shift() as Error;
    const found = this.objects.get(range.key);
    if (found?.version !== range.version)
      throw new BeamliftError('SOURCE_CHANGED', { what: 'another version' });
    const breaksAt = this.breaks.shift() ?? Number.POSITIVE_INFINITY;
    const end = Math.min(range.end, range.start + breaksAt);
    for (let at = range.start; at < end; at += this.pieceBytes) {
      signal.throwIfAborted();
      yield found.body.subarray(at, Math.min(at + this.pieceBytes, end));
    }
    if (end < range.end) throw new BeamliftError('CONNECTION_LOST', { what: 'cut' });
  }

  close(): Promise<void> {
    this.closed++;
    return Promise.resolve();
  }

  private listedObject(key: string): ListedObject {
    const { body, version } = this.objects.get(key) ?? { body: Buffer.alloc(0), version: '' };
    return { key, bytes: body.length, version, lastModified: '2024-01-01T00:00:00.000Z' };
  }
}
