import type { StoredObject } from './gcs-bucket';
import { uploaded } from './gcs-objects';
import { GoogleServiceFailure, mayPass, type GoogleCall } from './google-failures';
import { describeAnswer, unreadable, type GoogleAnswer } from './google-answers';
import { transferTimeoutMs, type GoogleRest } from './google-rest';

/** A resumable upload at the store. */
export interface UploadSession {
  /** As good as a key: never shown. */
  readonly address: string;
  readonly call: GoogleCall;
}

export interface Chunk {
  readonly bytes: Uint8Array;
  /** Of its first byte in the object. */
  readonly start: number;
  /** Of the object; undefined: more chunks follow, and this one is a multiple of 256 KiB. */
  readonly total: number | undefined;
}

export type ChunkOutcome =
  | { readonly kind: 'stored' }
  | { readonly kind: 'complete'; readonly object: StoredObject }
  /** The store knows no such session (any more). */
  | { readonly kind: 'gone' }
  /** All came, and there is an object of that name. */
  | { readonly kind: 'taken' };

type Progress =
  { readonly kind: 'offset'; readonly offset: number } | Exclude<ChunkOutcome, { kind: 'stored' }>;

/**
 * Sends a chunk until the store has all of it. After a failure the store is asked how far it got, and the rest is sent; the policy's
 * attempts are counted from the last progress. Throws BeamliftError, or the signal's reason.
 */
export async function sendChunk(
  rest: GoogleRest,
  session: UploadSession,
  chunk: Chunk,
  signal: AbortSignal,
): Promise<ChunkOutcome> {
  const end = chunk.start + chunk.bytes.byteLength;
  let offset = chunk.start;
  let attempt = 1;
  let asks = false;
  for (;;) {
    let progress: Progress;
    try {
      progress = asks
        ? await askOffset(rest, session, chunk, signal)
        : await put(rest, session, chunk, offset, signal);
    } catch (error) {
      if (!(error instanceof GoogleServiceFailure)) throw error;
      if (!mayPass(error) || attempt >= rest.attemptsFor(error)) throw rest.errorOf(error, session.call);
      await rest.pause(attempt, error, session.call, signal);
      attempt++;
      asks = true;
      continue;
    }
    asks = false;
    if (progress.kind !== 'offset') return progress;
    if (progress.offset < offset || progress.offset > end) {
      throw rest.errorOf(
        unreadable(`the store has ${progress.offset} bytes, ${offset} to ${end} were sent`),
        session.call,
      );
    }
    if (progress.offset === end && chunk.total === undefined) return { kind: 'stored' };
    if (progress.offset > offset) {
      attempt = 1;
    } else {
      const failure = unreadable('the store takes no more bytes');
      if (++attempt > rest.attemptsFor(failure)) throw rest.errorOf(failure, session.call);
    }
    offset = progress.offset;
  }
}

async function put(
  rest: GoogleRest,
  session: UploadSession,
  chunk: Chunk,
  offset: number,
  signal: AbortSignal,
): Promise<Progress> {
  const end = chunk.start + chunk.bytes.byteLength;
  const total = chunk.total === undefined ? '*' : String(chunk.total);
  // Everything is there, and only the end was not heard.
  const range = offset === end ? `bytes */${total}` : `bytes ${offset}-${end - 1}/${total}`;
  const answer = await rest.once(
    {
      call: session.call,
      method: 'PUT',
      path: session.address,
      headers: { 'content-range': range },
      // Not copied: they stay as they are until there is an answer.
      body: chunk.bytes.subarray(offset - chunk.start),
      timeoutMs: transferTimeoutMs(end - offset),
      accepts: [308, 404, 410, 412],
      open: true,
    },
    signal,
  );
  return progressOf(answer);
}

async function askOffset(
  rest: GoogleRest,
  session: UploadSession,
  chunk: Chunk,
  signal: AbortSignal,
): Promise<Progress> {
  const answer = await rest.once(
    {
      call: session.call,
      method: 'PUT',
      path: session.address,
      headers: { 'content-range': `bytes */${chunk.total === undefined ? '*' : String(chunk.total)}` },
      accepts: [308, 404, 410, 412],
      open: true,
    },
    signal,
  );
  return progressOf(answer);
}

/** 308: go on after the last byte of `Range`, or from the beginning without one. */
function progressOf(answer: Omit<GoogleAnswer, 'repeated'>): Progress {
  switch (answer.status) {
    case 404:
    case 410:
      return { kind: 'gone' };
    case 412:
      return { kind: 'taken' };
    case 308: {
      const range = answer.headers.get('range');
      if (range === null) return { kind: 'offset', offset: 0 };
      const last = /^bytes=0-(\d+)$/.exec(range)?.[1];
      if (last === undefined) throw unreadable('its Range is not valid');
      return { kind: 'offset', offset: Number(last) + 1 };
    }
    case 200:
    case 201:
      return { kind: 'complete', object: uploaded(answer) };
    default:
      throw describeAnswer({ ...answer, status: 502 });
  }
}

/**
 * The address of a session is as good as a key to it, so it is used where it belongs alone: on the endpoint, or on Google's own hosts.
 * An emulator writes its own idea of its address; its path counts.
 */
export function sessionAddress(location: string | null, endpoint: string): string {
  if (location === null) throw unreadable('it names no session');
  let url: URL;
  try {
    url = new URL(location, endpoint);
  } catch {
    throw unreadable('its session is not an address');
  }
  const own = new URL(endpoint);
  if (own.protocol === 'http:') return `${own.origin}${url.pathname}${url.search}`;
  const trusted = url.host === own.host || url.hostname.endsWith('.googleapis.com');
  if (url.protocol !== 'https:' || !trusted) {
    throw new GoogleServiceFailure('the service named a session on a strange host', 502, 'notImplemented');
  }
  return url.href;
}
