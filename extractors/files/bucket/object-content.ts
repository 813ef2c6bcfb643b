import type { ObjectClient, ObjectRange } from '../../../core/clients/object-client';
import type { ErrorCode } from '../../../core/error-codes';
import { BeamliftError } from '../../../core/errors';
import { BATCH_BYTES, type FileEntry } from '../../../core/extractor';
import { RETRY_POLICIES, type RetryPolicy } from '../../../core/retry-policies';
import { withRetries } from '../../../core/with-retries';
import type { FileContent } from '../../formats/format-reader';

/** How a content is read; tests bring their own. */
export interface ReadPatience {
  /** Counts anew with each piece that came. */
  readonly retry: RetryPolicy;
  /** Milliseconds without a byte, while one is waited for, until a request is given up and made again. */
  readonly stallMs: number;
}

/** A minute: a store that throttles answers or breaks off within seconds. */
const PATIENCE: ReadPatience = { retry: RETRY_POLICIES.objectRead, stallMs: 60_000 };

/**
 * An object at the version of its entry. A request that breaks is made again from the byte reached, always of the same version; a
 * stream that ends without an error had exactly the listed bytes.
 */
export class ObjectContent implements FileContent {
  readonly uri: string;
  readonly bytes: number;
  readonly seekable = true;

  /** `prefix`: what the key has before the name of the entry. */
  constructor(
    private readonly client: ObjectClient,
    private readonly prefix: string,
    private readonly entry: FileEntry,
    private readonly patience: ReadPatience = PATIENCE,
  ) {
    this.uri = entry.uri;
    this.bytes = entry.bytes;
  }

  stream(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    return this.batches(0, this.bytes, signal);
  }

  async slice(start: number, end: number, signal: AbortSignal): Promise<Uint8Array> {
    const last = Math.min(end, this.bytes);
    const slice = Buffer.allocUnsafeSlow(Math.max(0, last - start));
    let filled = 0;
    for await (const piece of this.pieces(start, last, signal)) {
      slice.set(piece, filled);
      filled += piece.length;
    }
    return slice;
  }

  /** Of about BATCH_BYTES: sockets give pieces of 16 KiB and less, and every piece costs whoever decodes it. */
  private async *batches(start: number, end: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    let gathered: Uint8Array[] = [];
    let bytes = 0;
    for await (const piece of this.pieces(start, end, signal)) {
      gathered.push(piece);
      bytes += piece.length;
      if (bytes < BATCH_BYTES) continue;
      yield Buffer.concat(gathered);
      gathered = [];
      bytes = 0;
    }
    if (bytes > 0) yield Buffer.concat(gathered);
  }

  private async *pieces(start: number, end: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const reading = new Reading(this.client, this.patience, {
      key: this.prefix + this.uri,
      version: this.entry.version,
      start,
      end,
    });
    try {
      while (reading.position < end) yield await reading.next(signal);
      await reading.finish();
    } finally {
      reading.stop();
    }
  }
}

/** What no longer matters when all bytes are there. */
const CONNECTION_ENDED: readonly ErrorCode[] = [
  'CONNECTION_LOST',
  'CONNECTION_TIMEOUT',
  'CONNECTION_REFUSED',
];

/** Reads one range, with as many requests as it takes. */
class Reading {
  position: number;
  private current: Request | undefined;

  constructor(
    private readonly client: ObjectClient,
    private readonly patience: ReadPatience,
    private readonly range: ObjectRange,
  ) {
    this.position = range.start;
  }

  /** The next piece, never empty. Throws SOURCE_CHANGED at once, and what may pass after as many tries as the policy has. */
  async next(signal: AbortSignal): Promise<Uint8Array> {
    const piece = await this.tryNext(signal).catch(
      async (thrown: unknown) => await this.again(thrown, signal),
    );
    this.position += piece.length;
    return piece;
  }

  /** Only once a piece has failed: a hundred gigabytes have millions of them, and what a retry leaves at the signal adds up. */
  private async again(first: unknown, signal: AbortSignal): Promise<Uint8Array> {
    const piece = await withRetries(this.patience.retry, signal, async (attempt) => {
      try {
        if (attempt === 1) throw first;
        return await this.tryNext(signal);
      } catch (thrown) {
        this.stop();
        // The same request would find the same other version.
        if (thrown instanceof BeamliftError && thrown.code === 'SOURCE_CHANGED') return thrown;
        throw thrown;
      }
    });
    if (piece instanceof BeamliftError) throw piece;
    return piece;
  }

  /** After the last byte: what the client has to say about the whole, and its connection is free for the next request. */
  async finish(): Promise<void> {
    if (this.current === undefined) return;
    try {
      const result = await this.unlessStalled(this.current);
      if (result.done !== true && result.value.length > 0) throw this.tooMuch();
    } catch (thrown) {
      if (!(thrown instanceof BeamliftError) || !CONNECTION_ENDED.includes(thrown.code)) throw thrown;
    }
  }

  stop(): void {
    const { current } = this;
    this.current = undefined;
    if (current === undefined) return;
    current.stalled.abort();
    // Not awaited: a generator that waits for a byte ends when its request does, which is the client's part.
    void current.pieces.return?.().catch(() => undefined);
  }

  private async tryNext(signal: AbortSignal): Promise<Uint8Array> {
    this.current ??= this.open(signal);
    for (;;) {
      const result = await this.unlessStalled(this.current);
      if (result.done === true) throw this.ended();
      const piece = result.value;
      if (piece.length > this.range.end - this.position) throw this.tooMuch();
      if (piece.length > 0) return piece;
    }
  }

  private open(signal: AbortSignal): Request {
    const stalled = new AbortController();
    const either = AbortSignal.any([signal, stalled.signal]);
    const pieces = this.client.read({ ...this.range, start: this.position }, either);
    return { pieces: pieces[Symbol.asyncIterator](), stalled, signal: either };
  }

  /** Only waiting counts: whoever takes long over a piece does not end the request by it. */
  private async unlessStalled({ pieces, stalled, signal }: Request): Promise<IteratorResult<Uint8Array>> {
    let timer: NodeJS.Timeout | undefined;
    let onAbort: (() => void) | undefined;
    const aborted = new Promise<never>((_, reject) => {
      // one listener for each wait, taken away after it: races with one promise for all would add up in its memory
      onAbort = () => {
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      timer = setTimeout(() => {
        stalled.abort(this.stalledError());
      }, this.patience.stallMs);
    });
    try {
      signal.throwIfAborted();
      return await Promise.race([pieces.next(), aborted]);
    } catch (thrown) {
      signal.throwIfAborted();
      throw thrown;
    } finally {
      clearTimeout(timer);
      if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
    }
  }

  private stalledError(): BeamliftError {
    return this.broken('CONNECTION_TIMEOUT', `no byte came for ${this.patience.stallMs / 1000} seconds`);
  }

  private ended(): BeamliftError {
    return this.broken('SOURCE_INCOMPLETE', `it ended at byte ${this.position} of ${this.range.end}`);
  }

  private tooMuch(): BeamliftError {
    return this.broken('SOURCE_INCOMPLETE', 'the service sent more bytes than were asked for');
  }

  private broken(code: 'CONNECTION_TIMEOUT' | 'SOURCE_INCOMPLETE', why: string): BeamliftError {
    return new BeamliftError(code, {
      what: 'The object could not be read to its end',
      where: { object: `${this.client.location}/${this.range.key}` },
      why,
      hint: 'Run the job again; if that does not help, check the network between here and the service.',
    });
  }
}

/** A range being read, from the byte reached when it was asked for. */
interface Request {
  readonly pieces: AsyncIterator<Uint8Array>;
  readonly stalled: AbortController;
  readonly signal: AbortSignal;
}
