import { INSTANT_INFINITY, INSTANT_MINUS_INFINITY } from './cells';
import { UNITS_PER_SECOND, UNIT_DIGITS, type TimeUnit } from './time-unit';
import { MAX_CALENDAR_DAYS, dateFromDays } from './calendar';

/** How instants are spelled. */
export interface InstantStyle {
  /** Between date and clock. */
  readonly separator: 'T' | ' ';
  /** Behind a timestamp. */
  readonly zone: 'Z' | '+00' | '';
  /** What follows the date of a year before 1; undefined: astronomical years with a sign (ISO 8601), which years beyond 9999 have then, too. */
  readonly eraSuffix: string | undefined;
}

/** ISO 8601: `2024-02-29T12:00:00.000000Z`, `-0043-03-15`, `+12024-01-01`. */
export const ISO_STYLE: InstantStyle = { separator: 'T', zone: 'Z', eraSuffix: undefined };

const SECONDS_PER_DAY = 86_400;
const MAX_DAYS = BigInt(MAX_CALENDAR_DAYS);

const PAIRS: readonly string[] = Array.from({ length: 100 }, (_, value) => String(value).padStart(2, '0'));

function pair(value: number): string {
  return PAIRS[value] ?? String(value);
}

/** Whether a cell is one of the two sentinels that lie beyond every instant. */
export function isInfiniteInstant(value: bigint): boolean {
  return value === INSTANT_INFINITY || value === INSTANT_MINUS_INFINITY;
}

/** Whether a date cell is infinite, or close enough to 1970 for `formatDate`. Instants of 64 bits always are. */
export function isCalendarDay(days: bigint): boolean {
  return (days <= MAX_DAYS && days >= -MAX_DAYS) || isInfiniteInstant(days);
}

/** `YYYY-MM-DD`, or `infinity`, `-infinity`. Throws RangeError unless `isCalendarDay`. */
export function formatDate(days: bigint, style: InstantStyle = ISO_STYLE): string {
  if (isInfiniteInstant(days)) return infinityText(days);
  if (!isCalendarDay(days)) throw new RangeError(`${days} days from 1970 are beyond the calendar`);
  return dateText(Number(days), style);
}

function infinityText(value: bigint): string {
  return value === INSTANT_INFINITY ? 'infinity' : '-infinity';
}

function dateText(days: number, style: InstantStyle): string {
  const { year, month, day } = dateFromDays(days);
  const rest = `-${pair(month)}-${pair(day)}`;
  if (year >= 1000 && year <= 9999) return `${year}${rest}`;
  if (year >= 0 && year <= 9999 && (year > 0 || style.eraSuffix === undefined)) {
    return String(year).padStart(4, '0') + rest;
  }
  if (style.eraSuffix !== undefined) {
    if (year > 0) return `${year}${rest}`;
    return String(1 - year).padStart(4, '0') + rest + style.eraSuffix;
  }
  return (year < 0 ? '-' : '+') + String(Math.abs(year)).padStart(4, '0') + rest;
}

/** `HH:MM:SS` with as many digits of a second as the unit has; `24:00:00`, `-01:00:00` and `838:59:59` where the value says so. */
export function formatTime(value: bigint, unit: TimeUnit): string {
  const negative = value < 0n;
  const size = negative ? -value : value;
  const perSecond = UNITS_PER_SECOND[unit];
  const text = clockText(Number(size / perSecond), Number(size % perSecond), UNIT_DIGITS[unit]);
  return negative ? `-${text}` : text;
}

function clockText(seconds: number, fraction: number, digits: number): string {
  const minutes = Math.floor(seconds / 60);
  const text = `${pair(Math.floor(minutes / 60))}:${pair(minutes % 60)}:${pair(seconds % 60)}`;
  return digits === 0 ? text : `${text}.${String(fraction).padStart(digits, '0')}`;
}

/** A function that writes datetimes, or timestamps with the style's zone: date, separator, clock; or `infinity`, `-infinity`. */
export function compileInstantFormat(
  kind: 'datetime' | 'timestamp',
  unit: TimeUnit,
  style: InstantStyle = ISO_STYLE,
): (value: bigint) => string {
  const perSecond = UNITS_PER_SECOND[unit];
  const perDayExact = perSecond * BigInt(SECONDS_PER_DAY);
  const perSecondNumber = Number(perSecond);
  const perDay = perSecondNumber * SECONDS_PER_DAY;
  const digits = UNIT_DIGITS[unit];
  const zone = kind === 'timestamp' ? style.zone : '';
  // Neighbouring rows are often of the same day.
  let lastDays = 0;
  let lastDate = dateText(0, style);

  const write = (days: number, seconds: number, fraction: number): string => {
    if (days !== lastDays) {
      lastDate = dateText(days, style);
      lastDays = days;
    }
    return lastDate + style.separator + clockText(seconds, fraction, digits) + zone;
  };

  return (value) => {
    const number = Number(value);
    if (Number.isSafeInteger(number)) {
      const days = Math.floor(number / perDay);
      const ofDay = number - days * perDay;
      const seconds = Math.floor(ofDay / perSecondNumber);
      return write(days, seconds, ofDay - seconds * perSecondNumber);
    }
    if (isInfiniteInstant(value)) return infinityText(value);
    const ofDay = ((value % perDayExact) + perDayExact) % perDayExact;
    const days = Number((value - ofDay) / perDayExact);
    return write(days, Number(ofDay / perSecond), Number(ofDay % perSecond));
  };
}
