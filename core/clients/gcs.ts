import { crc32c } from '../crc32c';
import { BeamliftError } from '../errors';
import type { Logger } from '../logger';
import { neverAborts } from '../never-aborts';
import type { RetryPolicy } from '../retry-policies';
import type {
  BucketSettings,
  Conflict,
  GcsBucket,
  ObjectUpload,
  ReadObject,
  StoredObject,
} from './gcs-bucket';
import { bucketSettings } from './gcs-settings';
import {
  crc32cText,
  OBJECT_FIELDS,
  objectPath,
  storedObject,
  storeTime,
  uploaded,
  wholeUpload,
} from './gcs-objects';
import { ChunkBuffers } from './chunk-buffers';
import { CHUNK_BYTES, startObjectUpload } from './gcs-upload';
import { describeAnswer, jsonOf, unreadable, type GoogleAnswer } from './google-answers';
import type { GoogleCall } from './google-failures';
import { openGoogleLogin, type GoogleLogin, type GoogleLoginOptions } from './google-login';
import { checkEndpoint, GoogleRest, transferTimeoutMs } from './google-rest';
import { asRecord } from './small-http';

const SERVICE = 'Cloud Storage';
const DEFAULT_ENDPOINT = 'https://storage.googleapis.com';
/** The most that the service gives at once. */
const PAGE_OBJECTS = 1_000;

export interface GcsBucketOptions extends GoogleLoginOptions {
  readonly bucket: string;
  /** `https://storage.googleapis.com` when absent; `http://` only with `credentials: anonymous`. */
  readonly endpoint?: string;
  /** Somebody who is logged in already; `credentials`, `impersonate` and `environment` are not looked at then. */
  readonly login?: GoogleLogin;
  readonly log: Logger;
  /** For tests. */
  readonly retry?: RetryPolicy;
  /** For tests: see UploadTarget. */
  readonly chunkBytes?: number;
}

/** A bucket by the JSON API. No request is made yet. Throws LOGIN_FAILED for credentials that cannot be read, CONFIG_INVALID for an endpoint that cannot be used. */
export async function openGcsBucket(
  options: GcsBucketOptions,
  signal: AbortSignal = neverAborts(),
): Promise<GcsBucket> {
  const login = options.login ?? (await openGoogleLogin(options, signal));
  const endpoint = checkEndpoint(options.endpoint ?? DEFAULT_ENDPOINT, login);
  const { log, fetch: fetchUrl, retry } = options;
  const rest = new GoogleRest({
    service: SERVICE,
    endpoint,
    login,
    log,
    ...(fetchUrl === undefined ? {} : { fetch: fetchUrl }),
    ...(retry === undefined ? {} : { retry }),
  });
  return new RestBucket(options.bucket, rest, new ChunkBuffers(options.chunkBytes ?? CHUNK_BYTES));
}

type JsonAnswer = Readonly<Record<string, unknown>>;

class RestBucket implements GcsBucket {
  constructor(
    readonly name: string,
    private readonly rest: GoogleRest,
    private readonly chunks: ChunkBuffers,
  ) {}

  async settings(signal: AbortSignal): Promise<BucketSettings> {
    return await this.rest.call(
      {
        call: this.about('read the settings of', undefined),
        method: 'GET',
        path: `/storage/v1/b/${encodeURIComponent(this.name)}?fields=location,lifecycle,retentionPolicy`,
      },
      (answer) => bucketSettings(jsonOf(answer), storeTime(answer, 0)),
      signal,
    );
  }

  async read(name: string, maxBytes: number, signal: AbortSignal): Promise<ReadObject | undefined> {
    return await this.rest.call(
      {
        call: this.about('read', name),
        method: 'GET',
        path: `${objectPath(this.name, name)}?alt=media`,
        headers: { 'accept-encoding': 'identity' },
        maxBytes,
        timeoutMs: transferTimeoutMs(maxBytes),
        accepts: [404],
      },
      (answer) => (answer.status === 404 ? absent(answer) : readObject(name, answer)),
      signal,
    );
  }

  async write(
    name: string,
    body: Uint8Array,
    ifGeneration: string,
    signal: AbortSignal,
  ): Promise<(StoredObject & { readonly storeTimeMs: number }) | Conflict> {
    const sum = crc32cText(crc32c(body));
    const contentType = name.endsWith('.json') ? 'application/json' : 'application/octet-stream';
    const written = await this.rest.call(
      {
        call: this.about('write', name),
        method: 'POST',
        ...wholeUpload({ bucket: this.name, name, contentType, ifGeneration }, body, sum),
        timeoutMs: transferTimeoutMs(body.byteLength),
        accepts: [412],
      },
      (answer) => {
        if (answer.status === 412) return { conflict: true, repeated: answer.repeated } as const;
        const object = uploaded(answer);
        if (object.crc32c !== sum || object.bytes !== body.byteLength)
          throw unreadable('the object is damaged');
        return { ...object, storeTimeMs: storeTime(answer, object.updatedMs) };
      },
      signal,
    );
    if (!('conflict' in written)) return written;
    if (!written.repeated) return 'conflict';
    // An attempt before may have written it, and only its answer was lost.
    const there = await this.readUpTo(name, body.byteLength, signal);
    if (there === undefined || !Buffer.from(body).equals(there.body)) return 'conflict';
    const { generation, bytes, crc32c: stored, updatedMs, storeTimeMs } = there;
    return { name, generation, bytes, crc32c: stored, updatedMs, storeTimeMs };
  }

  startUpload(name: string, contentType: string, signal: AbortSignal): ObjectUpload {
    return startObjectUpload(
      this.rest,
      { bucket: this.name, name, contentType, call: this.about('upload', name), chunks: this.chunks },
      signal,
    );
  }

  async *list(prefix: string, signal: AbortSignal): AsyncGenerator<StoredObject> {
    const query = { prefix, fields: `nextPageToken,items(${OBJECT_FIELDS})` };
    const parse = (page: JsonAnswer): StoredObject[] =>
      listIn(page, 'items').map((item) => storedObject(asRecord(item)));
    for await (const objects of this.pages(query, parse, signal)) yield* objects;
  }

  async *listFolders(prefix: string, signal: AbortSignal): AsyncGenerator<string> {
    const query = { prefix, delimiter: '/', fields: 'nextPageToken,prefixes' };
    const parse = (page: JsonAnswer): string[] =>
      listIn(page, 'prefixes').filter((folder) => typeof folder === 'string');
    for await (const folders of this.pages(query, parse, signal)) yield* folders;
  }

  async delete(name: string, signal: AbortSignal): Promise<void> {
    await this.rest.call(
      {
        call: this.about('delete', name),
        method: 'DELETE',
        path: objectPath(this.name, name),
        accepts: [404],
      },
      () => undefined,
      signal,
    );
  }

  private async *pages<Item>(
    query: Readonly<Record<string, string>>,
    parse: (page: JsonAnswer) => Item[],
    signal: AbortSignal,
  ): AsyncGenerator<Item[]> {
    let token: string | undefined;
    do {
      const full = new URLSearchParams({
        ...query,
        maxResults: String(PAGE_OBJECTS),
        ...(token === undefined ? {} : { pageToken: token }),
      });
      const page = await this.rest.call(
        {
          call: this.about('list', query['prefix'] ?? ''),
          method: 'GET',
          path: `/storage/v1/b/${encodeURIComponent(this.name)}/o?${full.toString()}`,
        },
        (answer) => {
          const content = jsonOf(answer);
          return { items: parse(content), next: content['nextPageToken'] };
        },
        signal,
      );
      yield page.items;
      token = typeof page.next === 'string' && page.next !== '' ? page.next : undefined;
    } while (token !== undefined);
  }

  /** What was sent cannot be longer than what is compared with it. */
  private async readUpTo(name: string, bytes: number, signal: AbortSignal): Promise<ReadObject | undefined> {
    try {
      return await this.read(name, bytes, signal);
    } catch (error) {
      if (error instanceof BeamliftError && error.code === 'LIMIT_EXCEEDED') return undefined;
      throw error;
    }
  }

  private about(verb: string, name: string | undefined): GoogleCall {
    const object = name === undefined ? `gs://${this.name}` : `gs://${this.name}/${name}`;
    return { service: SERVICE, action: `${verb} ${object}`, object, missing: 'BUCKET_NOT_FOUND' };
  }
}

/** `notFound` is said of objects and of buckets; only the words differ. Where they say nothing, the next write finds out. */
function absent(answer: GoogleAnswer): undefined {
  const failure = describeAnswer(answer);
  if (/bucket does not exist/i.test(failure.message)) throw failure;
}

/** An object of a media request, described by headers. Throws GoogleServiceFailure without a status when it is not whole. */
function readObject(name: string, answer: GoogleAnswer): ReadObject {
  const { headers, body } = answer;
  const generation = headers.get('x-goog-generation');
  const updatedMs = Date.parse(headers.get('last-modified') ?? '');
  if (generation === null || Number.isNaN(updatedMs)) throw unreadable('it names no generation');
  const sum = crc32cText(crc32c(body));
  const said = /(?:^|,)\s*crc32c=([^,\s]+)/.exec(headers.get('x-goog-hash') ?? '')?.[1];
  if (said !== undefined && said !== sum) throw unreadable('the content does not match its checksum');
  return {
    name,
    generation,
    bytes: body.byteLength,
    crc32c: sum,
    updatedMs,
    body,
    storeTimeMs: storeTime(answer, updatedMs),
  };
}

function listIn(page: JsonAnswer, member: string): readonly unknown[] {
  const list = page[member];
  return Array.isArray(list) ? (list as readonly unknown[]) : [];
}
