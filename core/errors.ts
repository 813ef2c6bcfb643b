import { ERROR_CODES, type ErrorCode } from './error-codes';

/** Where an error happened; what is not known is left out. */
export interface ErrorPlace {
  job?: string;
  connection?: string;
  unit?: string;
  /** A file, table, or `file:line:column` of the configuration. */
  object?: string;
  /** The key of the row, or its line or record number. */
  row?: string;
  column?: string;
  /** The value, shortened; never a secret. */
  value?: string;
}

export interface ErrorDetails {
  /** One sentence: what is wrong. */
  what: string;
  where?: ErrorPlace;
  /** The cause, often the other side's own words. */
  why?: string;
  /** What to do now. */
  hint?: string;
  cause?: unknown;
}

/** The error object of a `--json` report. */
export interface ErrorReport {
  code: ErrorCode;
  what: string;
  where: ErrorPlace;
  why?: string;
  hint?: string;
}

/** The one error class: everything a user can meet has a code of `ERROR_CODES`. */
export class BeamliftError extends Error {
  readonly code: ErrorCode;
  readonly what: string;
  readonly where: ErrorPlace;
  readonly why: string | undefined;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, details: ErrorDetails) {
    super(details.what, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'BeamliftError';
    this.code = code;
    this.what = details.what;
    this.where = details.where ?? {};
    this.why = details.why;
    this.hint = details.hint;
  }

  /** Whether the same call may succeed when made again. */
  get transient(): boolean {
    return ERROR_CODES[this.code].transient;
  }

  /** The exit code of a command that ends with this error. */
  get exitCode(): number {
    return ERROR_CODES[this.code].exit;
  }

  /** The same error, thrown at the same place, with more of where it happened; what is already known stays. */
  at(place: ErrorPlace): BeamliftError {
    const error = new BeamliftError(this.code, {
      what: this.what,
      where: { ...place, ...this.where },
      ...(this.why === undefined ? {} : { why: this.why }),
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      cause: this.cause,
    });
    if (this.stack !== undefined) error.stack = this.stack;
    return error;
  }

  toReport(): ErrorReport {
    return {
      code: this.code,
      what: this.what,
      where: this.where,
      ...(this.why === undefined ? {} : { why: this.why }),
      ...(this.hint === undefined ? {} : { hint: this.hint }),
    };
  }
}

/** Any thrown value as a BeamliftError; what has no code is a defect and keeps its cause. */
export function toBeamliftError(thrown: unknown, place: ErrorPlace = {}): BeamliftError {
  if (thrown instanceof BeamliftError) return thrown.at(place);
  return new BeamliftError('INTERNAL', { what: messageOf(thrown), where: place, cause: thrown });
}

/** The `code` of an error of Node.js or a driver, such as ENOENT; undefined: it has none. */
export function systemCode(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || thrown instanceof BeamliftError || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** What a thrown value says, never empty: an AggregateError (a host with several addresses) says it in its parts alone. */
export function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return textOf(thrown);
  if (thrown.message !== '') return thrown.message;
  if (thrown instanceof AggregateError && thrown.errors.length > 0) {
    return [...new Set(thrown.errors.map(messageOf))].join('; ');
  }
  return thrown.name;
}

function textOf(thrown: unknown): string {
  try {
    return String(thrown) || 'an empty text was thrown';
  } catch {
    return 'an object without a text was thrown';
  }
}

/** The longest text of a value that an error or a log line shows, in characters. */
export const MAX_SHOWN_VALUE = 80;

/**
 * What a terminal or a log viewer could act upon, beyond what JSON escapes: C1 controls (U+009B begins an escape
 * sequence), line and paragraph separators, and the marks that turn the direction of text around.
 */
const UNSAFE_TO_SHOW = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** A value for an error or reject: one line, control characters escaped, at most `MAX_SHOWN_VALUE` characters of it. */
export function showValue(text: string): string {
  const isLong = text.length > MAX_SHOWN_VALUE;
  const head = isLong ? text.slice(0, MAX_SHOWN_VALUE).replace(/[\ud800-\udbff]$/, '') : text;
  const shown = JSON.stringify(head)
    .slice(1, -1)
    .replace(UNSAFE_TO_SHOW, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return isLong ? `${shown}… (${text.length} characters)` : shown;
}
