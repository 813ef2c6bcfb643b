import { BeamliftError, messageOf, systemCode, toBeamliftError, type ErrorReport } from '../../core/errors';

type Redact = (text: string) => string;

/** An error on its way between threads, without secrets. */
export interface SentError {
  readonly report: ErrorReport;
  readonly stack: string | undefined;
  /** What is behind it, the nearest first. */
  readonly causes: readonly SentCause[];
}

interface SentCause {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Of Node.js or a driver. */
  readonly code: string | undefined;
}

/** Causes of causes that are sent: more than errors of ours have. */
const MAX_CAUSES = 5;

export function sendError(thrown: unknown, redact: Redact): SentError {
  const error = toBeamliftError(thrown);
  const { code, what, where, why, hint } = error.toReport();
  return {
    report: {
      code,
      what: redact(what),
      where: Object.fromEntries(
        Object.entries(where).map(([name, text]: [string, string]) => [name, redact(text)]),
      ),
      ...(why === undefined ? {} : { why: redact(why) }),
      ...(hint === undefined ? {} : { hint: redact(hint) }),
    },
    stack: error.stack === undefined ? undefined : redact(error.stack),
    causes: causesOf(error, redact),
  };
}

/** The error as it was thrown, but for secrets and for what only its own thread had. */
export function receiveError({ report, stack, causes }: SentError): BeamliftError {
  const cause = causes.reduceRight<Error | undefined>(causeOf, undefined);
  const { code, ...details } = report;
  const error = new BeamliftError(code, { ...details, ...(cause === undefined ? {} : { cause }) });
  if (stack !== undefined) error.stack = stack;
  return error;
}

function causesOf(error: Error, redact: Redact): SentCause[] {
  const causes: SentCause[] = [];
  for (let next = error.cause; next !== undefined && causes.length < MAX_CAUSES;) {
    const thrown: unknown = next;
    const stack = thrown instanceof Error ? thrown.stack : undefined;
    causes.push({
      name: thrown instanceof Error ? thrown.name : 'Error',
      message: redact(messageOf(thrown)),
      stack: stack === undefined ? undefined : redact(stack),
      code: systemCode(thrown),
    });
    next = thrown instanceof Error ? thrown.cause : undefined;
  }
  return causes;
}

function causeOf(inner: Error | undefined, { name, message, stack, code }: SentCause): Error {
  const error = new Error(message, inner === undefined ? undefined : { cause: inner });
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return code === undefined ? error : Object.assign(error, { code });
}
