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

  /** The same error with more of its place known; what is already known stays. */
  at(place: ErrorPlace): BeamliftError {
    return new BeamliftError(this.code, {
      what: this.what,
      where: { ...place, ...this.where },
      ...(this.why === undefined ? {} : { why: this.why }),
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      cause: this.cause ?? this,
    });
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
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new BeamliftError('INTERNAL', { what: message, where: place, cause: thrown });
}

/** The longest text of a value that an error or a log line shows, in characters. */
export const MAX_SHOWN_VALUE = 80;

/** A value for an error or reject: one line, control characters escaped, at most `MAX_SHOWN_VALUE` characters. */
export function showValue(text: string): string {
  const head = text.length > MAX_SHOWN_VALUE ? text.slice(0, MAX_SHOWN_VALUE) : text;
  const quoted = JSON.stringify(head).slice(1, -1);
  return text.length > MAX_SHOWN_VALUE ? `${quoted}… (${text.length} characters)` : quoted;
}
