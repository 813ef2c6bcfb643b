export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Structured logging: an event name an operator can search for, and plain fields. Secrets never get here. */
export type Logger = Readonly<
  Record<LogLevel, (event: string, fields?: Readonly<Record<string, unknown>>) => void>
>;
