import { LOG_LEVELS, type LogLevel } from '../../core/logger';

export type LogFormat = 'text' | 'json';

/** How a command talks on stderr. */
export interface OutputMode {
  /** A line of progress that is written over itself. */
  readonly bars: boolean;
  readonly format: LogFormat;
  /** Entries below it are not written. */
  readonly level: LogLevel;
  readonly quiet: boolean;
}

export interface OutputWishes {
  readonly logFormat: LogFormat | undefined;
  readonly logLevel: LogLevel | undefined;
  readonly quiet: boolean;
  readonly isTerminal: boolean;
  /** TERM: a dumb terminal cannot write over a line. */
  readonly term: string | undefined;
  /** LOG_LEVEL: used where there is no `--log-level`. */
  readonly environmentLevel: string | undefined;
}

/**
 * On a terminal: a bar, and lines only for warnings and errors, unless a level was asked for; else JSON lines from `info` on.
 * `--log-format` decides the format where it is given (no bars with json); `--quiet` leaves errors alone.
 */
export function decideOutput(wishes: OutputWishes): OutputMode {
  const format = wishes.logFormat ?? (wishes.isTerminal ? 'text' : 'json');
  const bars = wishes.isTerminal && wishes.term !== 'dumb' && format === 'text' && !wishes.quiet;
  const asked = wishes.logLevel ?? readLevel(wishes.environmentLevel);
  const level = wishes.quiet ? 'error' : (asked ?? (bars ? 'warn' : 'info'));
  return { bars, format, level, quiet: wishes.quiet };
}

/** Other programs' words for levels: LOG_LEVEL is shared with them. */
const LEVEL_ALIASES: ReadonlyMap<string, LogLevel> = new Map([
  ...LOG_LEVELS.map((level) => [level, level] as const),
  ['trace', 'debug'],
  ['verbose', 'debug'],
  ['notice', 'info'],
  ['warning', 'warn'],
  ['critical', 'error'],
  ['fatal', 'error'],
]);

/** A level in any case and under its usual other names; undefined: no level. */
export function readLevel(text: string | undefined): LogLevel | undefined {
  return text === undefined ? undefined : LEVEL_ALIASES.get(text.trim().toLowerCase());
}
