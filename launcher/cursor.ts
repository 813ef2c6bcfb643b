import { BeamliftError } from '../core/errors';
import { formatType, type Column } from '../core/schema';
import { instantIn, wallClockIn } from './timezone';

/**
 * Values of a timestamp column as texts of bounds: whole numbers; `YYYY-MM-DD`; `YYYY-MM-DDTHH:MM:SS.ffffff`, with `Z` for timestamps;
 * for other types the source's own text.
 */
const DATE = /^(\d{4,6})-(\d\d)-(\d\d)$/;
const DATE_TIME =
  /^(\d{4,6})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d(?::?\d\d)?)?$/;

/** A date-time as its numbers; `micros` counts from 1970-01-01T00:00:00, as if there were no zone. */
interface ParsedInstant {
  readonly micros: bigint;
  /** Minutes east of UTC; undefined where the text has none. */
  readonly offset: number | undefined;
}

/** What a user wrote (a date, an instant, a number) as the text of a bound on `column`. Throws PLAN_REFUSED naming `field`. */
export function cursorText(written: string, column: Column, timezone: string, field: string): string {
  const text = written.trim();
  const { kind } = column.type;
  if (kind === 'int') {
    if (/^-?\d+$/.test(text)) return BigInt(text).toString();
    throw notACursor(written, column, field, 'a whole number');
  }
  if (kind !== 'date' && kind !== 'datetime' && kind !== 'timestamp') return written;
  const parsed = parseInstant(text);
  if (parsed === undefined)
    throw notACursor(written, column, field, 'a date (2025-01-31) or a date and time (2025-01-31T06:00:00)');
  if (kind === 'timestamp') {
    const utc =
      parsed.offset === undefined ? instantIn(timezone, parsed.micros) : toUtc(parsed, parsed.offset);
    return `${formatMicros(utc)}Z`;
  }
  const wall =
    parsed.offset === undefined ? parsed.micros : wallClockIn(timezone, toUtc(parsed, parsed.offset));
  return kind === 'date' ? formatMicros(wall).slice(0, -TIME_LENGTH) : formatMicros(wall);
}

/** Less than 0, 0 or more than 0, as `a` is before, at or after `b` in the order of the column. */
export function compareCursors(column: Column, a: string, b: string): number {
  const [left, right] = [orderOf(column, a), orderOf(column, b)];
  if (left < right) return -1;
  return left > right ? 1 : 0;
}

/** A cursor moved by whole seconds (dates: by whole days, at least one); numbers and texts stay. */
export function shiftCursor(value: string, column: Column, seconds: number): string {
  const parsed = parseInstant(value);
  if (parsed === undefined) return value;
  if (column.type.kind === 'date') {
    const days = Math.sign(seconds) * Math.ceil(Math.abs(seconds) / 86_400);
    return formatMicros(parsed.micros + BigInt(days) * MICROS_PER_DAY).slice(0, -TIME_LENGTH);
  }
  const moved = formatMicros(parsed.micros + BigInt(Math.trunc(seconds)) * 1_000_000n);
  return value.endsWith('Z') ? `${moved}Z` : moved;
}

const MICROS_PER_DAY = 86_400_000_000n;
/** Of `T00:00:00.000000`. */
const TIME_LENGTH = 16;

function orderOf(column: Column, text: string): bigint | string {
  switch (column.type.kind) {
    case 'int':
      return BigInt(text);
    case 'date':
    case 'datetime':
    case 'timestamp': {
      const parsed = parseInstant(text);
      if (parsed === undefined) throw notACursor(text, column, 'bound', 'a date or time');
      return toUtc(parsed, parsed.offset ?? 0);
    }
    default:
      return text;
  }
}

function toUtc(parsed: ParsedInstant, offsetMinutes: number): bigint {
  return parsed.micros - BigInt(offsetMinutes) * 60_000_000n;
}

function parseInstant(text: string): ParsedInstant | undefined {
  const match = DATE.exec(text) ?? DATE_TIME.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map((group) =>
    Number(match[group] ?? 0),
  );
  if (year === undefined || month === undefined || day === undefined) return undefined;
  const milliseconds = Date.UTC(year, month - 1, day, hour, minute, second);
  const date = new Date(milliseconds);
  if (year < 100) date.setUTCFullYear(year);
  const valid =
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute;
  if (!valid) return undefined;
  const fraction = BigInt((match[7] ?? '').padEnd(6, '0').slice(0, 6));
  return { micros: BigInt(date.getTime()) * 1000n + fraction, offset: parseOffset(match[8]) };
}

function parseOffset(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (text === 'Z') return 0;
  const [hours, minutes] = [Number(text.slice(1, 3)), Number(text.slice(3).replace(':', '') || '0')];
  return (text.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}

function formatMicros(micros: bigint): string {
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const iso = new Date(Number((micros - fraction) / 1000n)).toISOString();
  return `${iso.slice(0, iso.length - '.000Z'.length)}.${fraction.toString().padStart(6, '0')}`;
}

function notACursor(written: string, column: Column, field: string, expected: string): BeamliftError {
  return new BeamliftError('PLAN_REFUSED', {
    what: `${field} is "${written}", which is not ${expected}`,
    where: { column: column.name },
    why: `${column.name} is ${column.nativeType ?? formatType(column.type)}.`,
    hint: `Write ${expected}.`,
  });
}
