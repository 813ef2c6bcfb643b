import { type Agent as HttpAgent, type IncomingMessage, request as requestPlain } from 'node:http';
import { type Agent as HttpsAgent, request as requestEncrypted } from 'node:https';

/** Until the headers of an answer are here, in milliseconds. */
const ANSWER_TIMEOUT_MS = 60_000;
/** The longest silence within a body while somebody waits for it, in milliseconds. */
const SILENCE_TIMEOUT_MS = 60_000;

/** A connection that could not be made, broke, or was silent for too long. `code` is that of Node.js, where there is one. */
export class BrokenTransfer extends Error {
  readonly code: string | undefined;

  constructor(message: string, cause?: Error & { readonly code?: string }) {
    super(message, { cause });
    this.name = 'BrokenTransfer';
    this.code = cause?.code;
  }
}

export interface StreamedAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The body as it was sent: never decompressed, whatever its Content-Encoding. To be read to its end or ended (`return`), else the connection stays. */
  readonly body: AsyncGenerator<Uint8Array, void, undefined>;
}

export interface StreamedRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of the scheme of the URL. */
  readonly agent: HttpAgent | HttpsAgent;
  readonly answerTimeoutMs?: number;
  readonly silenceTimeoutMs?: number;
}

/**
 * A GET whose body is read as it comes, with backpressure. Not `fetch`: that decompresses a body that says `Content-Encoding: gzip`, so that neither
 * lengths nor ranges hold. Redirects are not followed. Throws BrokenTransfer, or the signal's reason; so does the body.
 */
export async function streamedGet(request: StreamedRequest, signal: AbortSignal): Promise<StreamedAnswer> {
  signal.throwIfAborted();
  const url = new URL(request.url);
  // Not the run's signal itself: from the eleventh listener on, Node.js warns of a leak.
  const aborted = AbortSignal.any([signal]);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const send = url.protocol === 'http:' ? requestPlain : requestEncrypted;
    const call = send(url, { method: 'GET', headers: request.headers, agent: request.agent });
    const timeoutMs = request.answerTimeoutMs ?? ANSWER_TIMEOUT_MS;
    const timer = setTimeout(() => {
      call.destroy(new BrokenTransfer(`no answer within ${timeoutMs / 1000} s`));
    }, timeoutMs);
    const stop = (): void => void call.destroy(new BrokenTransfer('aborted'));
    aborted.addEventListener('abort', stop, { once: true });
    call.once('response', resolve);
    // Stays: an error after the answer is the answer's, too.
    call.on('error', (error) => reject(brokenBy(error)));
    call.once('close', () => {
      clearTimeout(timer);
      aborted.removeEventListener('abort', stop);
      reject(new BrokenTransfer('the connection was closed before an answer'));
    });
    call.once('response', () => clearTimeout(timer));
    call.end();
  }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw error;
  });
  const headers = new Headers();
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  const silenceMs = request.silenceTimeoutMs ?? SILENCE_TIMEOUT_MS;
  return { status: response.statusCode ?? 0, headers, body: piecesOf(response, silenceMs, signal) };
}

async function* piecesOf(
  response: IncomingMessage,
  silenceMs: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const pieces = response[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  try {
    for (;;) {
      // Only while somebody waits: a slow reader is not a silent service.
      const timer = setTimeout(() => {
        response.destroy(new BrokenTransfer(`nothing came for ${silenceMs / 1000} s`));
      }, silenceMs);
      let next: IteratorResult<Uint8Array, unknown>;
      try {
        next = await pieces.next();
      } catch (error) {
        signal.throwIfAborted();
        throw brokenBy(error);
      } finally {
        clearTimeout(timer);
      }
      if (next.done === true) break;
      yield next.value;
    }
    signal.throwIfAborted();
    // Node.js ends a body without an error where the connection ends it and no length was said.
    if (!response.complete) throw new BrokenTransfer('the connection was closed within the answer');
  } finally {
    // A connection with a body that nobody reads cannot be used again.
    if (!response.complete) response.destroy();
  }
}

function brokenBy(error: unknown): BrokenTransfer {
  if (error instanceof BrokenTransfer) return error;
  if (!(error instanceof Error)) return new BrokenTransfer('the connection failed');
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const cause = first instanceof Error ? first : error;
  const { code } = cause as Error & { code?: unknown };
  // `aborted` is how Node.js calls a body that the other side ended too early.
  const message = cause.message === 'aborted' ? 'the connection was closed within the answer' : cause.message;
  return new BrokenTransfer(
    message === '' ? cause.name : message,
    typeof code === 'string' ? Object.assign(cause, { code }) : cause,
  );
}
