import { readBound } from '../../core/bound-text';
import { InvalidArgumentError } from 'commander';
import { LOG_LEVELS, type LogLevel } from '../../core/logger';
import { readLevel, type LogFormat } from '../output/output-mode';

/** A whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    const range = max === Number.MAX_SAFE_INTEGER ? `from ${min} on` : `from ${min} to ${max}`;
    throw new InvalidArgumentError(`It must be a whole number ${range}.`);
  };
}

/** A number of seconds above 0; fractions are allowed. */
export function seconds(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (value > 0 && value <= MAX_TIMER_SECONDS) return value;
  throw new InvalidArgumentError(`It must be a number of seconds above 0, at most ${MAX_TIMER_SECONDS}.`);
}

/** The longest delay of a timer is 2^31 - 1 milliseconds. */
const MAX_TIMER_SECONDS = 2_147_483;

/** A date (`2025-03-01`) or an instant (`2025-03-01T10:00:00Z`, without offset in the timezone of the job), as it was written. */
export function dateText(text: string): string {
  if (readBound(text) !== undefined) return text;
  throw new InvalidArgumentError(
    'It must be a date like 2025-03-01, or a point in time like 2025-03-01T10:00:00Z.',
  );
}

/** Names with commas between them. */
export function nameList(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => name !== '')) return names;
  throw new InvalidArgumentError('It must be names with commas between them, like id,region.');
}

/** A text with something in it. */
export function nonEmpty(text: string): string {
  if (text.trim() !== '') return text;
  throw new InvalidArgumentError('It must not be empty.');
}

export function logLevel(text: string): LogLevel {
  const level = readLevel(text);
  if (level !== undefined) return level;
  throw new InvalidArgumentError(`It must be one of ${LOG_LEVELS.join(', ')}.`);
}

export const LOG_FORMATS = ['text', 'json'] as const satisfies readonly LogFormat[];
