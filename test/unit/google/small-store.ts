import type { ServerResponse } from 'node:http';
import { crc32cText } from '../../../core/clients/gcs-objects';
import { crc32c } from '../../../core/crc32c';
import { sendError, UnrulyServer, type Asked } from './unruly-server';

/**
 * What goes wrong with a request. `drop`: the connection breaks, before or after the store did what was asked. `fault`: 503, before or
 * after. `hang-after`: no answer at all. `partial`: the store keeps a part of a chunk and the connection breaks. `cut`: the answer breaks off in its middle.
 */
export type Fault =
  'none' | 'drop-before' | 'drop-after' | 'fault-before' | 'fault-after' | 'hang-after' | 'partial' | 'cut';

interface Stored {
  readonly bytes: Buffer;
  readonly generation: string;
  readonly updated: string;
  readonly sum: string;
}

interface Session {
  readonly name: string;
  bytes: Buffer;
  complete?: Record<string, unknown>;
}

/** A bucket as the JSON API serves it, with the errors of the network and the service at will. */
export class SmallStore implements AsyncDisposable {
  readonly objects = new Map<string, Stored>();
  readonly sessions = new Map<string, Session>();
  /** Called before each request is looked at. */
  faultOf: (asked: Asked) => Fault = () => 'none';
  /** What the store says an object's sum is, where it differs from the truth. */
  wrongSum: string | undefined;
  /** The server keeps chunks in multiples of this. */
  granule = 256 * 1024;
  pageSize = 1_000;
  bucket: Record<string, unknown> = { location: 'EU' };
  private generations = 1_000;
  private constructor(readonly server: UnrulyServer) {}

  static async start(): Promise<SmallStore> {
    const server = await UnrulyServer.start((asked, response) => store.answer(asked, response));
    const store = new SmallStore(server);
    return store;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }

  put(name: string, body: string | Buffer): Stored {
    const bytes = Buffer.from(body);
    const generation = String(++this.generations);
    const object = { bytes, generation, updated: new Date().toISOString(), sum: crc32cText(crc32c(bytes)) };
    this.objects.set(name, object);
    return object;
  }

  private answer(asked: Asked, response: ServerResponse): void {
    const fault = this.faultOf(asked);
    switch (fault) {
      case 'drop-before':
        return void response.socket?.destroy();
      case 'fault-before': {
        sendError(response, 503, 'backendError');
        return;
      }
      case 'partial':
        this.keepPart(asked);
        return void response.socket?.destroy();
      default: {
        const { status, body, headers } = this.handle(asked);
        if (fault === 'hang-after') return;
        if (fault === 'drop-after') return void response.socket?.destroy();
        if (fault === 'fault-after') {
          sendError(response, 503, 'backendError');
          return;
        }
        response.writeHead(status, { ...headers, 'content-length': body.byteLength });
        if (fault !== 'cut' || body.byteLength === 0) return void response.end(body);
        response.write(body.subarray(0, body.byteLength >> 1), () => response.socket?.destroy());
      }
    }
  }

  private handle(asked: Asked): { status: number; body: Buffer; headers: Record<string, string> } {
    const { method, path, query } = asked;
    const json = (status: number, content: unknown, headers: Record<string, string> = {}) => ({
      status,
      body: Buffer.from(JSON.stringify(content)),
      headers: { 'content-type': 'application/json', ...headers },
    });
    const refused = (status: number, reason: string) =>
      json(status, { error: { code: status, message: reason, errors: [{ reason, message: reason }] } });
    if (path.startsWith('/session/')) return this.chunk(asked, json, refused);
    if (path === '/upload/storage/v1/b/b/o') {
      const wanted = query.get('ifGenerationMatch');
      if (query.get('uploadType') === 'resumable') {
        const { name } = JSON.parse(asked.body.toString()) as { name: string };
        if (wanted === '0' && this.objects.has(name)) return refused(412, 'conditionNotMet');
        const id = `/session/${this.sessions.size + 1}`;
        this.sessions.set(id, { name, bytes: Buffer.alloc(0) });
        return json(200, {}, { location: `http://elsewhere.example${id}?upload_id=x` });
      }
      const { description, content } = partsOf(asked);
      const there = this.objects.get(description.name)?.generation ?? '0';
      if (wanted !== there) return refused(412, 'conditionNotMet');
      if (description.crc32c !== crc32cText(crc32c(content))) return refused(400, 'invalid');
      return json(200, this.resource(description.name, this.put(description.name, content)));
    }
    if (path === '/storage/v1/b/b') return json(200, this.bucket);
    if (path === '/storage/v1/b/b/o') return json(200, this.page(query));
    const name = path.slice('/storage/v1/b/b/o/'.length);
    const object = path.startsWith('/storage/v1/b/b/o/') ? this.objects.get(name) : undefined;
    if (object === undefined) return refused(404, 'notFound');
    if (method === 'DELETE') {
      this.objects.delete(name);
      return { status: 204, body: Buffer.alloc(0), headers: {} };
    }
    if (query.get('alt') !== 'media') return json(200, this.resource(name, object));
    return {
      status: 200,
      body: object.bytes,
      headers: {
        'x-goog-generation': object.generation,
        'x-goog-hash': `crc32c=${this.wrongSum ?? object.sum},md5=x`,
        'last-modified': new Date(object.updated).toUTCString(),
      },
    };
  }

  private chunk(
    { method, path, headers, body }: Asked,
    json: (
      status: number,
      content: unknown,
    ) => { status: number; body: Buffer; headers: Record<string, string> },
    refused: (
      status: number,
      reason: string,
    ) => { status: number; body: Buffer; headers: Record<string, string> },
  ) {
    const session = this.sessions.get(path);
    if (session === undefined) return refused(410, 'gone');
    if (method === 'DELETE') {
      this.sessions.delete(path);
      return { status: 499, body: Buffer.alloc(0), headers: {} };
    }
    if (session.complete !== undefined) return json(200, session.complete);
    const { start, total } = rangeOf(headers['content-range']);
    if (start !== undefined && start !== session.bytes.byteLength) return refused(400, 'wrongOffset');
    session.bytes = Buffer.concat([session.bytes, body]);
    if (total === session.bytes.byteLength && start !== undefined) {
      if (this.objects.has(session.name)) return refused(412, 'conditionNotMet');
      session.complete = this.resource(session.name, this.put(session.name, session.bytes));
      return json(200, session.complete);
    }
    if (session.bytes.byteLength % this.granule !== 0) return refused(400, 'granule');
    const last = session.bytes.byteLength - 1;
    return { status: 308, body: Buffer.alloc(0), headers: last < 0 ? {} : { range: `bytes=0-${last}` } };
  }

  private keepPart({ path, headers, body }: Asked): void {
    const session = this.sessions.get(path);
    if (headers['content-range'] === undefined) return;
    const { start } = rangeOf(headers['content-range']);
    if (session === undefined || start !== session.bytes.byteLength || session.complete !== undefined) return;
    const kept = Math.floor(body.byteLength / 2 / this.granule) * this.granule;
    session.bytes = Buffer.concat([session.bytes, body.subarray(0, kept)]);
  }

  private page(query: URLSearchParams): unknown {
    const prefix = query.get('prefix') ?? '';
    const under = [...this.objects.keys()].filter((name) => name.startsWith(prefix)).sort();
    if (query.get('delimiter') === '/') {
      const folders = new Set<string>();
      for (const name of under) {
        const slash = name.indexOf('/', prefix.length);
        if (slash >= 0) folders.add(name.slice(0, slash + 1));
      }
      return { prefixes: [...folders] };
    }
    const from = Number(query.get('pageToken') ?? 0);
    const names = under.slice(from, from + this.pageSize);
    const next = from + this.pageSize < under.length ? { nextPageToken: String(from + this.pageSize) } : {};
    const items = names.flatMap((name) => {
      const object = this.objects.get(name);
      return object === undefined ? [] : [this.resource(name, object)];
    });
    return { ...(items.length === 0 ? {} : { items }), ...next };
  }

  private resource(name: string, { bytes, generation, updated, sum }: Stored): Record<string, unknown> {
    return { name, generation, size: String(bytes.byteLength), crc32c: this.wrongSum ?? sum, updated };
  }
}

function rangeOf(header: string | undefined): { start: number | undefined; total: number | undefined } {
  const found = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(header ?? '');
  if (found === null) throw new Error(`content-range ${header}`);
  return {
    start: found[1] === undefined ? undefined : Number(found[1]),
    total: found[2] === '*' ? undefined : Number(found[2]),
  };
}

function partsOf({ headers, body }: Asked): {
  description: { name: string; crc32c: string };
  content: Buffer;
} {
  const boundary = /boundary=(.+)$/.exec(headers['content-type'] ?? '')?.[1] ?? '';
  const first = body.indexOf('\r\n\r\n') + 4;
  const second = body.indexOf(`\r\n--${boundary}`, first);
  const content = body.indexOf('\r\n\r\n', second) + 4;
  return {
    description: JSON.parse(body.subarray(first, second).toString()) as { name: string; crc32c: string },
    content: body.subarray(content, body.lastIndexOf(`\r\n--${boundary}--`)),
  };
}
