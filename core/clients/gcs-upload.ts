import { crc32c } from '../crc32c';
import { BeamliftError } from '../errors';
import { neverAborts } from '../never-aborts';
import type { ChunkBuffers } from './chunk-buffers';
import type { ObjectUpload, StoredObject } from './gcs-bucket';
import {
  crc32cText,
  OBJECT_FIELDS,
  objectPath,
  storedObject,
  uploaded,
  uploadPath,
  wholeUpload,
} from './gcs-objects';
import { jsonOf, type GoogleAnswer } from './google-answers';
import type { GoogleCall } from './google-failures';
import { transferTimeoutMs, type GoogleRest } from './google-rest';
import { sendChunk, sessionAddress, type ChunkOutcome, type UploadSession } from './gcs-session';

/** Bytes of one request, and of memory of one upload: 32 times the 256 KiB that chunks of a session are multiples of. */
export const CHUNK_BYTES = 8 * 1024 * 1024;
/** The buffer begins with this many bytes and doubles: most rejects and small units never need a chunk. */
const FIRST_BUFFER_BYTES = 64 * 1024;
/** For telling the store that a session is given up. */
const ABORT_TIMEOUT_MS = 5_000;

/** The object that is to be. */
export interface UploadTarget {
  readonly bucket: string;
  readonly name: string;
  readonly contentType: string;
  readonly call: GoogleCall;
  /** Of a multiple of 256 KiB; `CHUNK_BYTES` but for tests. */
  readonly chunks: ChunkBuffers;
}

/**
 * An upload of a new object. Up to a chunk it is one request when it ends; beyond, a session of the store, whose offset is asked for after
 * every failure. What the store has confirmed is not kept, so an upload whose session is gone fails with DESTINATION_UNAVAILABLE.
 */
export function startObjectUpload(rest: GoogleRest, target: UploadTarget, signal: AbortSignal): ObjectUpload {
  return new RestUpload(rest, target, signal);
}

class RestUpload implements ObjectUpload {
  private buffer: Buffer = Buffer.allocUnsafeSlow(FIRST_BUFFER_BYTES);
  private filled = 0;
  private confirmed = 0;
  private sum = 0;
  private session: UploadSession | undefined;
  private state: 'open' | 'finished' | 'failed' | 'aborted' = 'open';
  /** The request that makes the object may have been sent. */
  private ending = false;
  private readonly stop = new AbortController();
  private readonly signal: AbortSignal;
  private running: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly rest: GoogleRest,
    private readonly target: UploadTarget,
    private readonly outer: AbortSignal,
  ) {
    this.signal = AbortSignal.any([outer, this.stop.signal]);
  }

  get bytes(): number {
    return this.confirmed + this.filled;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.mustBeOpen();
    this.sum = crc32c(bytes, this.sum);
    let from = 0;
    while (from < bytes.byteLength) {
      // A full chunk waits for the byte after it: the last chunk of an upload is never empty.
      if (this.filled === this.target.chunks.bytes) await this.track(this.sendFull());
      const count = Math.min(bytes.byteLength - from, this.target.chunks.bytes - this.filled);
      this.grow(this.filled + count);
      this.buffer.set(bytes.subarray(from, from + count), this.filled);
      this.filled += count;
      from += count;
    }
  }

  async finish(): Promise<StoredObject> {
    this.mustBeOpen();
    this.ending = true;
    const object = await this.track(
      this.session === undefined ? this.sendWhole() : this.sendLast(this.session),
    );
    this.state = 'finished';
    this.target.chunks.giveBack(this.buffer);
    this.release();
    return object;
  }

  async abort(): Promise<void> {
    if (this.state === 'finished' || this.state === 'aborted') return;
    this.state = 'aborted';
    this.stop.abort(new DOMException('the upload was given up', 'AbortError'));
    await this.running.catch(() => undefined);
    const { session } = this;
    this.release();
    // Whatever the store says: nobody goes on with the session, and it forgets it after a week.
    if (session !== undefined) await this.tell('DELETE', session.address, true).catch(() => undefined);
    if (this.ending) await this.removeWhatEnded().catch(() => undefined);
  }

  /** The answer to the last request was not heard: what it made is taken away, where it is ours. */
  private async removeWhatEnded(): Promise<void> {
    const path = objectPath(this.target.bucket, this.target.name);
    const answer = await this.tell('GET', `${path}?fields=${OBJECT_FIELDS}`, false);
    if (answer.status === 404) return;
    const object = storedObject(jsonOf(answer));
    if (this.isWhole(object)) await this.tell('DELETE', `${path}?generation=${object.generation}`, false);
  }

  /** One request while giving up: its own time limit, and no second try. */
  private async tell(
    method: 'GET' | 'DELETE',
    path: string,
    open: boolean,
  ): Promise<Pick<GoogleAnswer, 'status' | 'body'>> {
    return await this.rest.once(
      { call: this.target.call, method, path, open, accepts: [404, 410, 499], timeoutMs: ABORT_TIMEOUT_MS },
      neverAborts(),
    );
  }

  private mustBeOpen(): void {
    this.outer.throwIfAborted();
    if (this.state !== 'open') throw new Error(`the upload of ${this.target.call.object} is ${this.state}`);
  }

  /** Remembers what is on its way, for abort() to wait for; after a failure the sum and the buffer no longer agree, so nothing goes on. */
  private track<Result>(call: Promise<Result>): Promise<Result> {
    this.running = call.catch((error: unknown) => {
      if (this.state === 'open') this.state = 'failed';
      throw error;
    });
    return this.running as Promise<Result>;
  }

  private release(): void {
    this.buffer = Buffer.alloc(0);
    this.session = undefined;
  }

  private grow(bytes: number): void {
    if (bytes <= this.buffer.byteLength) return;
    const { chunks } = this.target;
    let size = this.buffer.byteLength;
    while (size < bytes) size *= 2;
    const larger = chunks.take() ?? Buffer.allocUnsafeSlow(Math.min(size, chunks.bytes));
    this.buffer.copy(larger, 0, 0, this.filled);
    this.buffer = larger;
  }

  private async sendFull(): Promise<void> {
    this.session ??= await this.startSession();
    const outcome = await this.send(this.session, undefined);
    if (outcome.kind !== 'stored') throw this.broken('the store ended the upload early');
    this.confirmed += this.filled;
    this.filled = 0;
  }

  private async sendLast(session: UploadSession): Promise<StoredObject> {
    const total = this.bytes;
    const outcome = await this.send(session, total);
    switch (outcome.kind) {
      case 'complete':
        return await this.checked(outcome.object);
      case 'gone':
      case 'taken': {
        // Also the answers for a session that was completed when only the answer was lost.
        const object = await this.describe();
        if (object !== undefined && this.isWhole(object)) return object;
        throw outcome.kind === 'taken' ? this.taken() : this.broken('the session of the upload is gone');
      }
      case 'stored':
        throw this.broken('the store did not end the upload');
    }
  }

  private async send(session: UploadSession, total: number | undefined): Promise<ChunkOutcome> {
    const chunk = { bytes: this.buffer.subarray(0, this.filled), start: this.confirmed, total };
    const outcome = await sendChunk(this.rest, session, chunk, this.signal);
    if (outcome.kind === 'gone' && total === undefined)
      throw this.broken('the session of the upload is gone');
    return outcome;
  }

  private async startSession(): Promise<UploadSession> {
    const { bucket, name, contentType, call } = this.target;
    const address = await this.rest.call(
      {
        call,
        method: 'POST',
        path: uploadPath(bucket, 'resumable', '0'),
        headers: { 'content-type': 'application/json; charset=UTF-8', 'x-upload-content-type': contentType },
        body: JSON.stringify({ name, contentType }),
        accepts: [412],
      },
      ({ status, headers }) => {
        if (status === 412) throw this.taken();
        return sessionAddress(headers.get('location'), this.rest.endpoint);
      },
      this.signal,
    );
    return { address, call };
  }

  private async sendWhole(): Promise<StoredObject> {
    const { bucket, name, contentType, call } = this.target;
    const body = this.buffer.subarray(0, this.filled);
    const object = await this.rest.call(
      {
        call,
        method: 'POST',
        ...wholeUpload({ bucket, name, contentType, ifGeneration: '0' }, body, crc32cText(this.sum)),
        timeoutMs: transferTimeoutMs(body.byteLength),
        accepts: [412],
      },
      (answer) => {
        if (answer.status !== 412) return uploaded(answer);
        if (!answer.repeated) throw this.taken();
        return undefined;
      },
      this.signal,
    );
    if (object !== undefined) return await this.checked(object);
    // An attempt before may have made it, and only its answer was lost.
    const there = await this.describe();
    if (there === undefined || !this.isWhole(there)) throw this.taken();
    return there;
  }

  private async describe(): Promise<StoredObject | undefined> {
    const { bucket, name, call } = this.target;
    return await this.rest.call(
      { call, method: 'GET', path: `${objectPath(bucket, name)}?fields=${OBJECT_FIELDS}`, accepts: [404] },
      (answer) => (answer.status === 404 ? undefined : storedObject(jsonOf(answer))),
      this.signal,
    );
  }

  private isWhole(object: StoredObject): boolean {
    return object.bytes === this.bytes && object.crc32c === crc32cText(this.sum);
  }

  /** Length and sum are ours; a damaged object is removed, for nobody may find it. */
  private async checked(object: StoredObject): Promise<StoredObject> {
    if (this.isWhole(object)) return object;
    const { bucket, name, call } = this.target;
    await this.rest.call(
      {
        call,
        method: 'DELETE',
        path: `${objectPath(bucket, name)}?generation=${object.generation}`,
        accepts: [404],
      },
      () => undefined,
      this.signal,
    );
    throw this.broken('what was stored is not what was sent: length or CRC-32C differ');
  }

  private broken(why: string): BeamliftError {
    const { object } = this.target.call;
    return new BeamliftError('DESTINATION_UNAVAILABLE', {
      what: `The upload of ${object} broke off`,
      where: { object },
      why,
      hint: 'The unit is read and uploaded again.',
    });
  }

  private taken(): BeamliftError {
    const { object } = this.target.call;
    return new BeamliftError('DESTINATION_FAILED', {
      what: `${object} is there already and is not written over`,
      where: { object },
      hint: 'Staged files have names of their own: look for another program that writes to this prefix.',
    });
  }
}
