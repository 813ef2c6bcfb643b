import { GoogleServiceFailure } from './google-failures';
import { asRecord } from './small-http';

export interface GoogleAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
  /** An attempt before this one was not answered as it should be: it may have had its effect. */
  readonly repeated: boolean;
}

/** The longest text of a service that an error shows, in characters. */
const MAX_MESSAGE = 500;

/** The JSON object of an answer. Throws GoogleServiceFailure without a status when it is damaged: what was asked for may have happened. */
export function jsonOf(answer: Pick<GoogleAnswer, 'body'>): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(answer.body.toString('utf8'));
  } catch {
    throw unreadable('it is not whole JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw unreadable('it is not a JSON object');
  }
  return asRecord(parsed);
}

/** A text member that the service always sends. Throws as `jsonOf` does when it is not there. */
export function textIn(record: Readonly<Record<string, unknown>>, name: string): string {
  const value = record[name];
  if (typeof value === 'string') return value;
  throw unreadable(`${name} is missing`);
}

/** An answer that was no use, as a failure without a status. */
export function unreadable(why: string): GoogleServiceFailure {
  return new GoogleServiceFailure(`the answer cannot be used: ${why}`, undefined, undefined);
}

/** An answer that is no success, as a failure: Google's JSON errors, or the text of media requests. `renewed`: see GoogleServiceFailure. */
export function describeAnswer(
  answer: Omit<GoogleAnswer, 'repeated'>,
  renewed = false,
): GoogleServiceFailure {
  const retryAfterMs = retryAfterOf(answer.headers);
  const text = answer.body.toString('utf8');
  const { message, reason } = partsOf(text);
  const said = (message ?? (looksLikeMarkup(text) ? '' : text)).replace(/\s+/g, ' ').trim();
  const shown = said.length > MAX_MESSAGE ? `${said.slice(0, MAX_MESSAGE)}…` : said;
  return new GoogleServiceFailure(
    shown === '' ? `HTTP ${answer.status}` : `HTTP ${answer.status}: ${shown}`,
    answer.status,
    reason,
    { retryAfterMs, renewed },
  );
}

function partsOf(text: string): { message: string | undefined; reason: string | undefined } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { message: undefined, reason: undefined };
  }
  const { error } = asRecord(parsed);
  if (typeof error === 'string') {
    const { error_description: description } = asRecord(parsed);
    return { message: typeof description === 'string' ? description : error, reason: error };
  }
  const { message, errors } = asRecord(error);
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  const { reason, message: firstMessage } = asRecord(first);
  const said = message ?? firstMessage;
  return {
    message: typeof said === 'string' ? said : undefined,
    reason: typeof reason === 'string' && reason !== '' ? reason : undefined,
  };
}

function looksLikeMarkup(text: string): boolean {
  return /^\s*</.test(text);
}

/** Seconds, or a date by the server's own clock (RFC 9110, 10.2.3). */
function retryAfterOf(headers: Headers): number | undefined {
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  if (/^\d+$/.test(value.trim())) return Number(value) * 1000;
  const until = Date.parse(value);
  const now = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(until) || Number.isNaN(now) ? undefined : Math.max(0, until - now);
}
