import pRetry from 'p-retry';
import type { RetryPolicy } from '../retry-policies';

/** The longest answer that is read, in bytes: a Secret Manager payload has at most 64 KiB, 88 KiB in base64. */
const MAX_ANSWER_BYTES = 256 * 1024;

/** A call that did not give an answer of success. `message` is for people and holds nothing of the request. */
export class HttpFailure extends Error {
  constructor(
    message: string,
    /** Undefined: there was no answer. */
    readonly status: number | undefined,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'HttpFailure';
  }

  /** Whether the same call may succeed later: no answer, too many requests, or a fault of the server. */
  get transient(): boolean {
    return this.status === undefined || this.status === 429 || this.status >= 500;
  }
}

export interface SmallRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For each attempt, in milliseconds. */
  readonly timeoutMs: number;
}

/** How small calls are made; tests bring their own. */
export interface SmallHttp {
  readonly fetch: typeof fetch;
  readonly retry: RetryPolicy;
}

/**
 * A call with a JSON answer of bounded size, made again as the policy says. Redirects are refused: they would carry credentials elsewhere.
 * Throws HttpFailure, or the signal's reason.
 */
export async function requestJson(
  http: SmallHttp,
  request: SmallRequest,
  signal: AbortSignal,
): Promise<unknown> {
  const { attempts, minDelayMs, maxDelayMs, factor } = http.retry;
  return await pRetry(async () => await requestOnce(http.fetch, request, signal), {
    retries: attempts - 1,
    minTimeout: minDelayMs,
    maxTimeout: maxDelayMs,
    factor,
    randomize: true,
    signal,
    shouldRetry: ({ error }) => error instanceof HttpFailure && error.transient,
  });
}

async function requestOnce(
  fetchUrl: typeof fetch,
  { url, method, headers, body, timeoutMs }: SmallRequest,
  signal: AbortSignal,
): Promise<unknown> {
  const timeout = AbortSignal.timeout(timeoutMs);
  let response: Response;
  let text: string;
  try {
    response = await fetchUrl(url, {
      method,
      headers,
      redirect: 'error',
      signal: AbortSignal.any([signal, timeout]),
      ...(body === undefined ? {} : { body }),
    });
    text = await readBounded(response);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof HttpFailure) throw error;
    const { host } = new URL(url);
    const why = timeout.aborted ? `no answer within ${timeoutMs / 1000} s` : causeOf(error);
    throw new HttpFailure(`${host}: ${why}`, undefined, { cause: error });
  }
  if (!response.ok) throw new HttpFailure(describeFailure(response.status, text), response.status);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The parser's message quotes the answer, which may hold a secret.
    throw new HttpFailure('the answer is not JSON', response.status);
  }
}

async function readBounded(response: Response): Promise<string> {
  if (response.body === null) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES) {
      throw new HttpFailure(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`, response.status);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** `fetch failed` says nothing; its cause does (`connect ECONNREFUSED 127.0.0.1:80`). */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error) return cause.message === '' ? cause.name : cause.message;
  return error.message;
}

/** Google's services answer with `error.message`, its token service with `error_description` or `error`. */
function describeFailure(status: number, text: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return `HTTP ${status}`;
  }
  const { error, error_description: description } = asRecord(parsed);
  const said = typeof description === 'string' ? description : (asRecord(error)['message'] ?? error);
  return typeof said === 'string' ? `HTTP ${status}: ${oneLine(said)}` : `HTTP ${status}`;
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

/** The members of a parsed JSON object; of anything else: none. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
