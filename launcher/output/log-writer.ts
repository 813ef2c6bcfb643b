import { lazyModules } from '../../core/lazy-modules';
import type * as Pino from 'pino';
import { LOG_LEVELS, type Logger, type LogLevel } from '../../core/logger';
import type { OutputMode } from './output-mode';
import type { Palette } from './palette';
import { printable, printableLine } from './printable';
import { redactValue, type Redact } from './redaction';

const load = lazyModules(__filename);

type Fields = Readonly<Record<string, unknown>>;
type WriteEntry = (level: LogLevel, event: string, fields: Fields) => void;

export interface LogTarget {
  /** Writes one line, its newline included. */
  readonly print: (line: string) => void;
  /** Asked for each entry: secrets become known after the log was opened. */
  readonly redact: Redact;
  readonly palette: Palette;
  readonly now: () => Date;
}

/**
 * A logger that writes entries from `mode.level` on, each as one line: JSON with `level`, `time`, `event` and the fields, or
 * text for people. Every text in it has been redacted.
 */
export function createLog(mode: OutputMode, target: LogTarget): Logger {
  const write = mode.format === 'json' ? jsonWriter(target) : textWriter(target, mode.bars);
  const lowest = LOG_LEVELS.indexOf(mode.level);
  const at =
    (level: LogLevel) =>
    (event: string, fields: Fields = {}): void => {
      if (LOG_LEVELS.indexOf(level) < lowest) return;
      write(level, event, redactValue(fields, target.redact) as Fields);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function jsonWriter(target: LogTarget): WriteEntry {
  const { pino } = load('pino') as typeof Pino;
  const logger = pino(
    {
      level: 'debug',
      base: null,
      formatters: { level: (label) => ({ level: label }) },
      timestamp: () => `,"time":"${target.now().toISOString()}"`,
    },
    { write: (line: string) => target.print(line) },
  );
  return (level, event, fields) => logger[level]({ event, ...fields });
}

/** `watched`: on a terminal the time of day is enough; a file needs the date. */
function textWriter({ print, palette, now }: LogTarget, watched: boolean): WriteEntry {
  const paint: Record<LogLevel, (text: string) => string> = {
    debug: palette.faint,
    info: (text) => text,
    warn: palette.warning,
    error: palette.bad,
  };
  return (level, event, fields) => {
    const time = watched ? localTime(now()) : now().toISOString();
    const { what, message, ...rest } = fields;
    const said = typeof what === 'string' ? what : typeof message === 'string' ? message : undefined;
    const pairs = Object.entries(rest).flatMap(([name, value]) =>
      value === undefined ? [] : [`${printableLine(name)}=${showField(value)}`],
    );
    const sentence = said === undefined ? event : `${event}: ${printableLine(said)}`;
    print(`${palette.faint(time)} ${paint[level](level.padEnd(5))} ${[sentence, ...pairs].join(' ')}\n`);
  };
}

function showField(value: unknown): string {
  if (typeof value === 'string') {
    return /^[^\s"'=]+$/.test(value) ? printable(value) : printableLine(JSON.stringify(value));
  }
  return printableLine(JSON.stringify(value));
}

function localTime(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
