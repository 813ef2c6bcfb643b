import { BeamliftError } from '../../../core/errors';
import { LOG_LEVELS, type Logger, type LogLevel } from '../../../core/logger';

/** The lowest level that workers tell: a runner keeps every entry, of every worker. */
const LOWEST: LogLevel = 'info';

/** One entry, without secrets. */
export interface LogLine {
  readonly level: LogLevel;
  readonly event: string;
  /** The other fields as JSON; empty: there are none. */
  readonly fields: string;
}

/** A logger of a worker; `redact` is asked for every text, on its own and as JSON. */
export function workerLogger(redact: (text: string) => string, write: (line: LogLine) => void): Logger {
  const at =
    (level: LogLevel) =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(LOWEST)) return;
      write({ level, event: redact(event), fields: fieldsText(fields, redact) });
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** As a line for stderr, where log collectors of containers read JSON. */
export function stderrLine({ level, event, fields }: LogLine, now: Date): string {
  const rest = fields === '' ? '' : `,${fields.slice(1, -1)}`;
  return `{"level":${JSON.stringify(level)},"time":"${now.toISOString()}","event":${JSON.stringify(event)}${rest}}\n`;
}

function fieldsText(fields: Readonly<Record<string, unknown>>, redact: (text: string) => string): string {
  const text = redact(
    JSON.stringify(fields, (_name, value: unknown) => {
      if (typeof value === 'string') return redact(value);
      if (typeof value === 'bigint') return value.toString();
      if (value instanceof BeamliftError) return value.toReport();
      return value instanceof Error ? { name: value.name, message: value.message } : value;
    }),
  );
  return text === '{}' ? '' : text;
}
