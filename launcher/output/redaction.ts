import { BeamliftError, type ErrorReport } from '../../core/errors';

/** Takes every known secret out of a text. */
export type Redact = (text: string) => string;

/** Deeper values are left out of logs; nothing that is logged on purpose is so deep. */
const MAX_DEPTH = 12;

/**
 * Names that programs look for: they stay as they are even where a secret is spelled the same. That a job is called as a
 * password is says nothing; a job that is suddenly called `***` would.
 */
const NAMES: ReadonlySet<string> = new Set(['run_id', 'job', 'status', 'code']);

/** A copy of plain data in which every text went through `redact`. Names of fields stay; errors become their fields. */
export function redactValue(value: unknown, redact: Redact, depth = 0): unknown {
  if (typeof value === 'string') return redact(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '…';
  if (value instanceof BeamliftError) return redactValue(value.toReport(), redact, depth);
  if (value instanceof Error) return { name: value.name, message: redact(value.message) };
  if (Array.isArray(value)) return value.map((item: unknown) => redactValue(item, redact, depth + 1));
  const copy = Object.create(null) as Record<string, unknown>;
  for (const [name, field] of Object.entries(value)) {
    copy[name] = NAMES.has(name) && depth === 0 ? field : redactValue(field, redact, depth + 1);
  }
  return copy;
}

/** One line of JSON. Texts are redacted before they are written, so that quotes and line breaks in a secret hide nothing. */
export function redactedJson(value: unknown, redact: Redact): string {
  return JSON.stringify(redactValue(value, redact));
}

export function redactError(error: ErrorReport, redact: Redact): ErrorReport {
  return redactValue(error, redact) as ErrorReport;
}
