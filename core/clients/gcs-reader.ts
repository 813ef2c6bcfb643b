import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { crc32c } from '../crc32c';
import { BeamliftError } from '../errors';
import type { Logger } from '../logger';
import { neverAborts } from '../never-aborts';
import type { RetryPolicy } from '../retry-policies';
import { crc32cText, objectPath } from './gcs-objects';
import { asksForPayer, gcsReadError, type GcsReading } from './gcs-read-failures';
import { describeAnswer, jsonOf, textIn, unreadable, type GoogleAnswer } from './google-answers';
import { GoogleServiceFailure, mayPass, type GoogleCall } from './google-failures';
import { openGoogleLogin, type GoogleLogin, type GoogleLoginOptions } from './google-login';
import { checkEndpoint, GoogleRest } from './google-rest';
import type { ListedObject, ObjectClient, ObjectPage, ObjectRange } from './object-client';
import { asRecord } from './small-http';
import { BrokenTransfer, streamedGet, type StreamedAnswer } from './streamed-get';

const SERVICE = 'Cloud Storage';
const DEFAULT_ENDPOINT = 'https://storage.googleapis.com';
/** The most that the service gives at once. */
const PAGE_OBJECTS = 1_000;
const FIELDS = 'name,generation,size,updated';
/** Of an answer that is no success, in bytes. */
const MAX_FAILURE_BYTES = 64 * 1024;
/** A token that was just given and is refused too will not get better. */
const MAX_RENEWALS = 1;

export interface GcsReaderOptions extends GoogleLoginOptions {
  readonly bucket: string;
  /** Who pays for requests to a bucket whose readers pay; not named to others. */
  readonly project?: string;
  /** `https://storage.googleapis.com` when absent; `http://` only with `credentials: anonymous`. */
  readonly endpoint?: string;
  /** Somebody who is logged in already; `credentials`, `impersonate` and `environment` are not looked at then. */
  readonly login?: GoogleLogin;
  readonly log: Logger;
  /** For tests. */
  readonly retry?: RetryPolicy;
}

/**
 * A bucket by the JSON API, for reading; the version of an object is its generation. No request is made yet. Throws LOGIN_FAILED for credentials
 * that cannot be read, CONFIG_INVALID for an endpoint that cannot be used.
 */
export async function openGcsReader(
  options: GcsReaderOptions,
  signal: AbortSignal = neverAborts(),
): Promise<ObjectClient> {
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
  return new GcsReader(options, rest, login);
}

class GcsReader implements ObjectClient {
  readonly location: string;
  private readonly agent: HttpAgent | HttpsAgent;
  /** Whether the bucket has asked who pays. Unasked, naming a project would need a right in it, and cost it. */
  private pays = false;

  constructor(
    private readonly options: GcsReaderOptions,
    private readonly rest: GoogleRest,
    private readonly login: GoogleLogin,
  ) {
    this.location = `gs://${options.bucket}`;
    const settings = { keepAlive: true };
    this.agent = rest.endpoint.startsWith('http:') ? new HttpAgent(settings) : new HttpsAgent(settings);
  }

  async listPage(prefix: string, page: string | undefined, signal: AbortSignal): Promise<ObjectPage> {
    const call = this.about(`list ${this.location}/${prefix}`, `${this.location}/${prefix}`);
    const bucket = encodeURIComponent(this.options.bucket);
    return await this.translated(call, async () => {
      const query = this.query({
        prefix,
        maxResults: String(PAGE_OBJECTS),
        fields: `nextPageToken,items(${FIELDS})`,
        ...(page === undefined ? {} : { pageToken: page }),
      });
      const request = { call, method: 'GET', path: `/storage/v1/b/${bucket}/o?${query}` } as const;
      return await this.rest.call(request, pageOf, signal);
    });
  }

  async find(key: string, signal: AbortSignal): Promise<ListedObject | undefined> {
    const call = this.about(`look for ${this.location}/${key}`, `${this.location}/${key}`);
    return await this.translated(call, async () => {
      const path = `${objectPath(this.options.bucket, key)}?${this.query({ fields: FIELDS })}`;
      return await this.rest.call(
        { call, method: 'GET', path, accepts: [404] },
        (answer) => (answer.status === 404 ? absent(answer) : listedObject(jsonOf(answer))),
        signal,
      );
    });
  }

  async *read(range: ObjectRange, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const { key, start, end } = range;
    const call = this.about(`read ${this.location}/${key}`, `${this.location}/${key}`);
    const answer = await this.translated(call, async () => this.begin(range, call, signal));
    const whole = wholeSum(answer.headers, start, end);
    let bytes = 0;
    let sum = 0;
    try {
      for await (const piece of answer.body) {
        bytes += piece.byteLength;
        if (bytes > end - start) throw new BrokenTransfer('more bytes came than were asked for');
        if (whole !== undefined) sum = crc32c(piece, sum);
        yield piece;
      }
      if (bytes < end - start) throw new BrokenTransfer('the connection was closed within the answer');
    } catch (error) {
      if (!(error instanceof BrokenTransfer)) throw error;
      throw this.lost(call, `${error.message}, after ${bytes} of ${end - start} bytes`, error);
    }
    if (whole !== undefined && crc32cText(sum) !== whole) {
      throw new BeamliftError('SOURCE_INCOMPLETE', {
        what: `${SERVICE}: ${call.object} came damaged`,
        where: { object: call.object },
        why: `The CRC-32C of what was read is ${crc32cText(sum)}, that of the object ${whole}.`,
      });
    }
  }

  close(): Promise<void> {
    this.agent.destroy();
    return Promise.resolve();
  }

  /** The answer to a request of a range, as soon as its headers are here. Throws BeamliftError. */
  private async begin(range: ObjectRange, call: GoogleCall, signal: AbortSignal): Promise<StreamedAnswer> {
    let renewals = 0;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.beginOnce(range, call, signal);
      } catch (error) {
        if (!(error instanceof GoogleServiceFailure)) throw error;
        if (error.renewed && ++renewals <= MAX_RENEWALS) continue;
        if (!mayPass(error) || attempt >= this.rest.attemptsFor(error)) throw this.rest.errorOf(error, call);
        await this.rest.pause(attempt, error, call, signal);
      }
    }
  }

  private async beginOnce(
    { key, version, start, end }: ObjectRange,
    call: GoogleCall,
    signal: AbortSignal,
  ): Promise<StreamedAnswer> {
    const query = this.query({ alt: 'media', generation: version });
    const url = `${this.rest.endpoint}${objectPath(this.options.bucket, key)}?${query}`;
    const identity = await this.login.headers(signal);
    const headers = {
      'user-agent': 'beamlift',
      // Else an object that is stored compressed comes decompressed, whole, and without the length that was listed.
      'accept-encoding': 'gzip',
      range: `bytes=${start}-${end - 1}`,
      ...identity,
    };
    const answer = await streamedGet({ url, headers, agent: this.agent }, signal).catch((error: unknown) => {
      if (!(error instanceof BrokenTransfer)) throw error;
      const { host } = new URL(this.rest.endpoint);
      throw new GoogleServiceFailure(`${host}: ${error.message}`, undefined, undefined, { cause: error });
    });
    const { status } = answer;
    if (status !== 401) this.login.confirm(identity);
    if (isRange(answer, start, end)) return answer;
    const body = await beginningOf(answer);
    if (status === 200 || status === 206) {
      throw new BeamliftError('SOURCE_REFUSED', {
        what: `${SERVICE}: could not ${call.action}`,
        where: { object: call.object },
        why: 'the answer is not the range that was asked for',
        hint: 'Check `endpoint`: is it a service that answers requests for ranges?',
      });
    }
    if (status === 404 && isOfBucket(body)) throw describeAnswer({ status, headers: answer.headers, body });
    if (status === 404 || status === 412 || status === 416) {
      throw new BeamliftError('SOURCE_CHANGED', {
        what: `${call.object} was replaced or deleted since it was listed`,
        where: { object: call.object },
        why: `Generation ${version} of it is not there any more.`,
        hint: 'Run the job again: it takes what is there now. Load files that are written under a new name each time.',
      });
    }
    throw describeAnswer(
      { status, headers: answer.headers, body },
      status === 401 && this.login.renew(identity),
    );
  }

  private query(parameters: Readonly<Record<string, string>>): string {
    const { project } = this.options;
    const paid = project === undefined || !this.pays ? {} : { userProject: project };
    return new URLSearchParams({ ...parameters, ...paid }).toString();
  }

  private about(action: string, object: string): GoogleCall {
    return { service: SERVICE, action, object, missing: 'BUCKET_NOT_FOUND' };
  }

  private lost(call: GoogleCall, why: string, cause: Error): BeamliftError {
    return this.translate(
      this.rest.errorOf(new GoogleServiceFailure(why, undefined, undefined, { cause }), call),
      call,
    );
  }

  private async translated<Result>(call: GoogleCall, ask: () => Promise<Result>): Promise<Result> {
    try {
      return await ask();
    } catch (error) {
      if (!this.pays && this.options.project !== undefined && asksForPayer(error)) {
        this.pays = true;
        return await this.translated(call, ask);
      }
      throw error instanceof BeamliftError ? this.translate(error, call) : error;
    }
  }

  private translate(error: BeamliftError, call: GoogleCall): BeamliftError {
    const { bucket, endpoint } = this.options;
    const reading: GcsReading = {
      object: call.object,
      bucket,
      anonymous: this.login.isAnonymous,
      ownEndpoint: endpoint !== undefined,
    };
    return gcsReadError(error, reading);
  }
}

function pageOf(answer: Pick<GoogleAnswer, 'body'>): ObjectPage {
  const page = jsonOf(answer);
  const items: unknown = page['items'];
  const next = page['nextPageToken'];
  return {
    objects: Array.isArray(items) ? items.map((item) => listedObject(asRecord(item))) : [],
    ...(typeof next === 'string' && next !== '' ? { next } : {}),
  };
}

function listedObject(resource: Readonly<Record<string, unknown>>): ListedObject {
  const updated = new Date(textIn(resource, 'updated'));
  const bytes = Number(resource['size'] ?? Number.NaN);
  if (Number.isNaN(updated.getTime()) || !Number.isSafeInteger(bytes))
    throw unreadable('size or updated is not valid');
  const version = textIn(resource, 'generation');
  return { key: textIn(resource, 'name'), bytes, version, lastModified: updated.toISOString() };
}

/** `notFound` is said of objects and of buckets; only the words differ. */
function absent(answer: GoogleAnswer): undefined {
  if (isOfBucket(answer.body)) throw describeAnswer(answer);
}

function isOfBucket(body: Buffer): boolean {
  return /bucket does not exist/i.test(body.toString('utf8'));
}

/** Whether it is exactly these bytes: 206 that says so, or 200 of a whole object of that length. */
function isRange({ status, headers }: StreamedAnswer, start: number, end: number): boolean {
  if (status === 206) {
    const said = /^bytes (\d+)-(\d+)\//.exec(headers.get('content-range') ?? '');
    return Number(said?.[1]) === start && Number(said?.[2]) === end - 1;
  }
  return status === 200 && start === 0 && headers.get('content-length') === String(end);
}

/** The CRC-32C of the whole object, where that is what comes. */
function wholeSum(headers: Headers, start: number, end: number): string | undefined {
  if (start !== 0 || headers.get('x-goog-stored-content-length') !== String(end)) return undefined;
  return /(?:^|,)\s*crc32c=([^,\s]+)/.exec(headers.get('x-goog-hash') ?? '')?.[1];
}

async function beginningOf({ body }: StreamedAnswer): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const piece of body) {
      pieces.push(piece);
      bytes += piece.byteLength;
      if (bytes >= MAX_FAILURE_BYTES) break;
    }
  } catch (error) {
    // The status says enough.
    if (!(error instanceof BrokenTransfer)) throw error;
  }
  return Buffer.concat(pieces).subarray(0, MAX_FAILURE_BYTES);
}
