import { BeamliftError } from '../errors';
import type { Logger } from '../logger';
import { delayBeforeAttempt, RETRY_POLICIES, type RetryPolicy } from '../retry-policies';
import { serviceEndpointProblem } from '../service-endpoint';
import {
  beamliftErrorOf,
  GoogleServiceFailure,
  mayPass,
  neverConnected,
  type GoogleCall,
} from './google-failures';
import type { GoogleLogin } from './google-login';
import { describeAnswer, type GoogleAnswer } from './google-answers';
import { SYSTEM_CLOCK } from './system-clock';

/** What a slow line still carries, in bytes a millisecond: 1 Mbit/s. */
const SLOW_LINE = 125;

/** For one attempt that carries so many bytes, in milliseconds: half a minute, and what a slow line needs. */
export function transferTimeoutMs(bytes: number): number {
  return 30_000 + Math.ceil(bytes / SLOW_LINE);
}

/** For one attempt, in milliseconds: the services answer metadata calls within seconds. */
const CALL_TIMEOUT_MS = 60_000;
/** The longest answer that is read, in bytes: a page of 1,000 objects with names of 1,024 bytes is well below. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
const MAX_FAILURE_BYTES = 64 * 1024;
/** A `Retry-After` beyond this is not worth waiting for within one call, in milliseconds. */
const MAX_RETRY_AFTER_MS = 60_000;
/** Tries of a host that no connection was ever made to: a wrong address is told soon. */
const ATTEMPTS_WITHOUT_CONTACT = 3;

/** A token that was just given and is refused too will not get better. */
const MAX_RENEWALS = 1;
const USER_AGENT = 'beamlift';

export interface GoogleRequest {
  readonly call: GoogleCall;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** After the endpoint, with its query; or a whole address. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Pieces are sent one behind the other. Bytes stay as they are until there is an answer. */
  readonly body?: string | Uint8Array | readonly Uint8Array[];
  readonly timeoutMs?: number;
  readonly maxBytes?: number;
  /** Statuses that are answers to this request, beside 200 to 299. */
  readonly accepts?: readonly number[];
  /** Without credentials: the address itself is one. */
  readonly open?: boolean;
}

/** How a service is reached. */
export interface GoogleRestOptions {
  readonly service: string;
  /** Scheme, host and port, without a slash at its end. */
  readonly endpoint: string;
  readonly login: GoogleLogin;
  readonly log: Logger;
  readonly fetch?: typeof fetch;
  readonly retry?: RetryPolicy;
}

/**
 * The address of a service, checked. Throws CONFIG_INVALID: credentials go to https:// addresses alone, so http:// is for emulators,
 * with `credentials: anonymous`.
 */
export function checkEndpoint(endpoint: string, login: GoogleLogin): string {
  const problem = serviceEndpointProblem(endpoint);
  if (problem !== undefined) {
    throw new BeamliftError('CONFIG_INVALID', {
      what: `\`endpoint\` ${problem}`,
      hint: 'Write it as https://HOST, or http://127.0.0.1:PORT for an emulator; without it, Google is meant.',
    });
  }
  const { protocol, host } = new URL(endpoint);
  if (protocol === 'http:' && !login.isAnonymous) {
    throw new BeamliftError('CONFIG_INVALID', {
      what: 'Credentials are not sent to an endpoint without https://',
      where: { value: host },
      hint: 'Set `credentials: anonymous` for an emulator, or an https:// endpoint.',
    });
  }
  return endpoint.replace(/\/+$/, '');
}

/** Requests to one Google service: authorised, bounded in time and size, redirects never followed. */
export class GoogleRest {
  readonly endpoint: string;
  private reached = false;

  constructor(private readonly options: GoogleRestOptions) {
    this.endpoint = options.endpoint;
  }

  /** Attempts in all that a request is worth after this failure. */
  attemptsFor(failure: GoogleServiceFailure): number {
    const { attempts } = this.options.retry ?? RETRY_POLICIES.google;
    return this.reached || !neverConnected(failure) ? attempts : Math.min(attempts, ATTEMPTS_WITHOUT_CONTACT);
  }

  /**
   * A request that is safe to repeat, made until it is answered as it should be, or the policy is used up. What `read` throws as a
   * GoogleServiceFailure counts as a failure of the attempt. Throws BeamliftError by the table of failures, or the signal's reason.
   */
  async call<Result>(
    request: GoogleRequest,
    read: (answer: GoogleAnswer) => Result,
    signal: AbortSignal,
  ): Promise<Result> {
    let repeated = false;
    let renewals = 0;
    for (let attempt = 1; ; attempt++) {
      try {
        return read({ ...(await this.once(request, signal)), repeated });
      } catch (error) {
        if (!(error instanceof GoogleServiceFailure)) throw error;
        const renewed = error.renewed && ++renewals <= MAX_RENEWALS;
        if (!renewed && (!mayPass(error) || attempt >= this.attemptsFor(error))) {
          throw this.errorOf(error, request.call);
        }
        if (!neverConnected(error) && !renewed) repeated = true;
        if (!renewed) await this.pause(attempt, error, request.call, signal);
      }
    }
  }

  /** A failure as an error for people; once the service was reached, a connection that cannot be made is an outage. */
  errorOf(failure: GoogleServiceFailure, call: GoogleCall): BeamliftError {
    if (!this.reached || !neverConnected(failure)) return beamliftErrorOf(failure, call);
    return beamliftErrorOf(new GoogleServiceFailure(failure.message, undefined, undefined), call);
  }

  /** The wait before the next attempt: growing and jittered, or what the service asked for. */
  async pause(
    attempt: number,
    failure: GoogleServiceFailure,
    call: GoogleCall,
    signal: AbortSignal,
  ): Promise<void> {
    const grown = delayBeforeAttempt(this.options.retry ?? RETRY_POLICIES.google, attempt);
    const jittered = grown * (0.5 + Math.random() / 2);
    const asked = Math.min(failure.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS);
    const waitMs = Math.round(Math.max(jittered, asked));
    this.options.log.debug('google.retry', {
      service: call.service,
      action: call.action,
      attempt,
      status: failure.status,
      reason: failure.reason,
      wait_ms: waitMs,
    });
    await SYSTEM_CLOCK.sleep(waitMs, signal);
  }

  /** Exactly one request. Throws GoogleServiceFailure (without a status: there was no usable answer), BeamliftError for unusable credentials, or the signal's reason. */
  async once(request: GoogleRequest, signal: AbortSignal): Promise<Omit<GoogleAnswer, 'repeated'>> {
    signal.throwIfAborted();
    const { login } = this.options;
    const identity = request.open === true ? {} : await login.headers(signal);
    const answer = await this.exchange(
      request,
      { 'user-agent': USER_AGENT, ...request.headers, ...identity },
      signal,
    );
    this.reached = true;
    const { status } = answer;
    const refused = status === 401 && request.open !== true;
    if (!refused && request.open !== true) login.confirm(identity);
    if ((status >= 200 && status < 300) || request.accepts?.includes(status) === true) return answer;
    throw describeAnswer(answer, refused && login.renew(identity));
  }

  private async exchange(
    request: GoogleRequest,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Omit<GoogleAnswer, 'repeated'>> {
    const timeoutMs = request.timeoutMs ?? CALL_TIMEOUT_MS;
    const inner = new AbortController();
    const timeout = { passed: false };
    const timer = setTimeout(() => {
      timeout.passed = true;
      inner.abort();
    }, timeoutMs);
    try {
      const response = await (this.options.fetch ?? fetch)(
        request.path.startsWith('/') ? `${this.endpoint}${request.path}` : request.path,
        {
          method: request.method,
          // Not `error`: a session of an upload answers 308 for "go on". Nothing is followed, whatever the answer.
          redirect: 'manual',
          // Not a listener of each request at the run's signal: from the eleventh on, Node.js warns of a leak.
          signal: AbortSignal.any([signal, inner.signal]),
          ...bodyOf(request.body, headers),
        },
      );
      const body = response.ok
        ? await readBounded(response, request.maxBytes ?? MAX_ANSWER_BYTES)
        : await readBeginning(response);
      return { status: response.status, headers: response.headers, body };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof GoogleServiceFailure) throw error;
      const why = timeout.passed ? `no answer within ${timeoutMs / 1000} s` : causeOf(error);
      throw new GoogleServiceFailure(`${new URL(this.endpoint).host}: ${why}`, undefined, undefined, {
        cause: error,
      });
    } finally {
      clearTimeout(timer);
      inner.abort();
    }
  }
}

/** Bytes from so many on are not copied before they are sent. */
const LARGE_BODY_BYTES = 64 * 1024;

/**
 * fetch copies bytes that it is given two or three times before it sends them, but not what a stream of its own gives: 150 MB of uploads cost
 * 0.15 s of a core less, and no memory for copies (measured).
 */
function bodyOf(
  body: GoogleRequest['body'],
  headers: Readonly<Record<string, string>>,
): Pick<RequestInit, 'body' | 'headers' | 'duplex'> {
  if (body === undefined) return { headers };
  if (typeof body === 'string') return { headers, body };
  const pieces = body instanceof Uint8Array ? [body] : body;
  const bytes = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  if (bytes < LARGE_BODY_BYTES) return { headers, body: Buffer.concat(pieces) };
  const rest = pieces.values();
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      const next = rest.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
  });
  return { headers: { ...headers, 'content-length': String(bytes) }, body: stream, duplex: 'half' };
}

async function readBounded(response: Response, maxBytes: number): Promise<Buffer> {
  if (response.body === null) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) {
      throw new GoogleServiceFailure(
        `the answer is longer than ${maxBytes} bytes`,
        undefined,
        'answerTooLong',
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

/** An answer of failure is a few hundred bytes; of a longer one, the beginning says enough. */
async function readBeginning(response: Response): Promise<Buffer> {
  if (response.body === null) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes >= MAX_FAILURE_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_FAILURE_BYTES);
}

/** `fetch failed` says nothing; its cause does (`connect ECONNREFUSED 127.0.0.1:80`). */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'the connection failed';
  const { cause } = error;
  if (cause instanceof AggregateError && cause.errors[0] instanceof Error) return cause.errors[0].message;
  if (cause instanceof Error) return cause.message === '' ? cause.name : cause.message;
  return error.message;
}
