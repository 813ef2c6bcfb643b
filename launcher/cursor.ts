import { boundText, readBound } from '../core/bound-text';
import { MICROS_PER_DAY } from '../core/calendar';
import { BeamliftError } from '../core/errors';
import { formatType } from '../core/format-type';
import type { Column } from '../core/schema';
import { instantIn, wallClockIn } from './timezone';

/** What a user wrote (a date, an instant, a number) as the text of a bound on `column`. Throws PLAN_REFUSED naming `field`. */
export function cursorText(written: string, column: Column, timezone: string, field: string): string {
  const text = written.trim();
  const { kind } = column.type;
  if (kind === 'int') {
    if (/^-?\d+$/.test(text)) return BigInt(text).toString();
    throw notACursor(written, column, field, 'a whole number');
  }
  if (kind !== 'date' && kind !== 'datetime' && kind !== 'timestamp') return written;
  const reading = readBound(text);
  if (reading === undefined)
    throw notACursor(written, column, field, 'a date (2025-01-31) or a date and time (2025-01-31T06:00:00)');
  const { micros, hasOffset } = reading;
  if (kind === 'timestamp') return boundText(kind, hasOffset ? micros : instantIn(timezone, micros));
  return boundText(kind, hasOffset ? wallClockIn(timezone, micros) : micros);
}

/** Less than 0, 0 or more than 0, as `a` is before, at or after `b` in the order of the column. */
export function compareCursors(column: Column, a: string, b: string): number {
  const [left, right] = [orderOf(column, a), orderOf(column, b)];
  if (left < right) return -1;
  return left > right ? 1 : 0;
}

/** A cursor moved by whole seconds (dates: by whole days, at least one); numbers and texts stay. */
export function shiftCursor(value: string, column: Column, seconds: number): string {
  const reading = readBound(value);
  const { kind } = column.type;
  if (reading === undefined || (kind !== 'date' && kind !== 'datetime' && kind !== 'timestamp')) return value;
  if (kind === 'date') {
    const days = Math.sign(seconds) * Math.ceil(Math.abs(seconds) / 86_400);
    return boundText(kind, reading.micros + BigInt(days) * MICROS_PER_DAY);
  }
  return boundText(kind, reading.micros + BigInt(Math.trunc(seconds)) * 1_000_000n);
}

function orderOf(column: Column, text: string): bigint | string {
  switch (column.type.kind) {
    case 'int':
      return BigInt(text);
    case 'date':
    case 'datetime':
    case 'timestamp': {
      const reading = readBound(text);
      if (reading === undefined) throw notACursor(text, column, 'bound', 'a date or time');
      return reading.micros;
    }
    default:
      return text;
  }
}

function notACursor(written: string, column: Column, field: string, expected: string): BeamliftError {
  return new BeamliftError('PLAN_REFUSED', {
    what: `${field} is "${written}", which is not ${expected}`,
    where: { column: column.name },
    why: `${column.name} is ${column.nativeType ?? formatType(column.type)}.`,
    hint: `Write ${expected}.`,
  });
}
