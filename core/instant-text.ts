import { INSTANT_INFINITY, INSTANT_MINUS_INFINITY } from './cells';
import { UNITS_PER_SECOND, UNIT_DIGITS, type TimeUnit } from './time-unit';
import { daysFromDate, isCalendarDate } from './calendar';

/**
 * Reads the texts of dates, times and instants.
 *
 *     instant  = date [ ("T" | "t" | " ") clock [ offset ] ] [ " BC" | " (BC)" ]  |  [ "+" | "-" ] "infinity"
 *     date     = [ "+" | "-" ] YYYY[YYYY] "-" MM "-" DD [ " (BC)" ]     a sign means astronomical years: -0043 is 44 BC
 *     clock    = HH ":" MM [ ":" SS [ "." digits ] ]                     any number of digits
 *     offset   = [ " " ] ( "Z" | "z" | "UTC" | ("+" | "-") HH [ [ ":" ] MM [ ":" SS ] ] )
 *
 * Nothing else: no spaces around, no months as words, no day without its zeros, no second 60.
 */

/** What a text says, in the unit asked for. */
export interface InstantReading {
  /** Rounded to the nearest unit, halves up. */
  readonly value: bigint;
  /** False: the text has more digits of a second, other than zeros, than the unit keeps. */
  readonly exact: boolean;
  /** Whether `value` is above what the text says. */
  readonly roundedUp: boolean;
  /** Whether the text has a clock; without one it means midnight. */
  readonly hasClock: boolean;
  /** Whether the text has an offset; `value` is then UTC. */
  readonly hasOffset: boolean;
}

/** MySQL's texts whose month or day is zero (`0000-00-00`): no day, but not nonsense either. */
export const ZERO_DATE = 'zero_date';

const SECONDS_PER_DAY = 86_400;
const MAX_OFFSET_HOURS = 18;

/** Characters. */
const ZERO = 48;
const COLON = 58;
const MINUS = 45;
const PLUS = 43;
const SPACE = 32;
const POINT = 46;

/** Reads an instant (a bare date is midnight). Undefined: not such a text, or no such day. */
export function readInstant(text: string, unit: TimeUnit): InstantReading | typeof ZERO_DATE | undefined {
  const dated = readDate(text);
  if (dated === undefined) return readInfinity(text);
  const { year, month, day } = dated;
  let at = dated.end;
  let before = dated.beforeChrist;
  const clock: Clock | undefined = isClockMark(text, at) ? readClock(text, at + 1, unit) : undefined;
  let offset: Offset | undefined;
  if (clock !== undefined) {
    if (clock.hour > 23) return undefined;
    at = clock.end;
    offset = readOffset(text, at);
    if (offset !== undefined) at = offset.end;
  }
  if (!before && at < text.length) {
    const rest = text.slice(at);
    before = rest === ' BC' || rest === ' (BC)';
    if (before) at = text.length;
  }
  if (at !== text.length) return undefined;
  if (before && (dated.signed || year === 0)) return undefined;
  if (month === 0 || day === 0) return month <= 12 && day <= 31 && !before ? ZERO_DATE : undefined;
  const astronomical = before ? 1 - year : year;
  if (!isCalendarDate(astronomical, month, day)) return undefined;
  const days = daysFromDate(astronomical, month, day);
  return {
    value: joinUnits(days * SECONDS_PER_DAY + (clock?.seconds ?? 0) - (offset?.seconds ?? 0), clock, unit),
    exact: clock?.exact ?? true,
    roundedUp: clock?.roundedUp ?? false,
    hasClock: clock !== undefined,
    hasOffset: offset !== undefined,
  };
}

/** Reads a clock alone. Hours may be beyond 24, of up to four digits, and negative (MySQL's `-838:59:59`). */
export function readTime(
  text: string,
  unit: TimeUnit,
): { readonly value: bigint; readonly exact: boolean } | undefined {
  const negative = text.charCodeAt(0) === MINUS;
  const clock = readClock(text, negative ? 1 : 0, unit);
  if (clock?.end !== text.length) return undefined;
  const value = joinUnits(clock.seconds, clock, unit);
  return { value: negative ? -value : value, exact: clock.exact };
}

/** Seconds and fraction as one number of units. */
function joinUnits(seconds: number, clock: Clock | undefined, unit: TimeUnit): bigint {
  const perSecond = UNITS_PER_SECOND_NUMBER[unit];
  const joined = seconds * perSecond + (clock?.fraction ?? 0);
  if (Number.isSafeInteger(joined)) return BigInt(joined);
  return BigInt(seconds) * UNITS_PER_SECOND[unit] + BigInt(clock?.fraction ?? 0);
}

const UNITS_PER_SECOND_NUMBER = { s: 1, ms: 1e3, us: 1e6, ns: 1e9 } as const satisfies Record<
  TimeUnit,
  number
>;

function readInfinity(text: string): InstantReading | undefined {
  const found = /^([+-]?)infinity$/i.exec(text);
  if (found === null) return undefined;
  const value = found[1] === '-' ? INSTANT_MINUS_INFINITY : INSTANT_INFINITY;
  return { value, exact: true, roundedUp: false, hasClock: false, hasOffset: false };
}

interface DateReading {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly signed: boolean;
  readonly beforeChrist: boolean;
  readonly end: number;
}

/** Most digits of a year that are read: seconds since 1970 stay exact in a double. PostgreSQL and DuckDB have 7. */
const MAX_YEAR_DIGITS = 8;

function readDate(text: string): DateReading | undefined {
  const first = text.charCodeAt(0);
  const signed = first === MINUS || first === PLUS;
  const start = signed ? 1 : 0;
  let at = start;
  let year = 0;
  while (at < text.length && isDigit(text.charCodeAt(at))) year = year * 10 + text.charCodeAt(at++) - ZERO;
  if (at - start < 4 || at - start > MAX_YEAR_DIGITS || text.charCodeAt(at) !== MINUS) return undefined;
  const month = twoDigits(text, at + 1);
  const day = twoDigits(text, at + 4);
  if (month < 0 || day < 0 || text.charCodeAt(at + 3) !== MINUS) return undefined;
  at += 6;
  const beforeChrist = text.charCodeAt(at + 1) === 40 && text.startsWith(' (BC)', at);
  return {
    year: first === MINUS ? -year : year,
    month,
    day,
    signed,
    beforeChrist,
    end: beforeChrist ? at + 5 : at,
  };
}

function isClockMark(text: string, at: number): boolean {
  const mark = text.charCodeAt(at);
  return mark === 84 || mark === 116 || (mark === SPACE && isDigit(text.charCodeAt(at + 1)));
}

interface Clock {
  readonly hour: number;
  readonly seconds: number;
  /** In the unit; as much as a whole second after rounding up. */
  readonly fraction: number;
  readonly exact: boolean;
  readonly roundedUp: boolean;
  readonly end: number;
}

const MAX_HOUR_DIGITS = 4;

function readClock(text: string, start: number, unit: TimeUnit): Clock | undefined {
  let at = start;
  let hour = 0;
  while (isDigit(text.charCodeAt(at)) && at - start < MAX_HOUR_DIGITS)
    hour = hour * 10 + text.charCodeAt(at++) - ZERO;
  if (at - start < 2 || text.charCodeAt(at) !== COLON) return undefined;
  const minute = twoDigits(text, at + 1);
  if (minute < 0 || minute > 59) return undefined;
  at += 3;
  if (text.charCodeAt(at) !== COLON) {
    return { hour, seconds: hour * 3600 + minute * 60, fraction: 0, exact: true, roundedUp: false, end: at };
  }
  const second = twoDigits(text, at + 1);
  if (second < 0 || second > 59) return undefined;
  at += 3;
  const seconds = hour * 3600 + minute * 60 + second;
  if (text.charCodeAt(at) !== POINT)
    return { hour, seconds, fraction: 0, exact: true, roundedUp: false, end: at };
  const fraction = readFraction(text, at + 1, UNIT_DIGITS[unit]);
  return fraction === undefined ? undefined : { hour, seconds, ...fraction };
}

/** The digits after the point, as a number of `keep` digits. */
function readFraction(
  text: string,
  start: number,
  keep: number,
): Pick<Clock, 'fraction' | 'exact' | 'roundedUp' | 'end'> | undefined {
  let at = start;
  let fraction = 0;
  let exact = true;
  let roundedUp = false;
  while (at < text.length && isDigit(text.charCodeAt(at))) {
    const digit = text.charCodeAt(at) - ZERO;
    const position = at - start;
    if (position < keep) fraction = fraction * 10 + digit;
    else {
      if (position === keep) roundedUp = digit >= 5;
      if (digit !== 0) exact = false;
    }
    at++;
  }
  if (at === start) return undefined;
  for (let position = at - start; position < keep; position++) fraction *= 10;
  return { fraction: roundedUp ? fraction + 1 : fraction, exact, roundedUp, end: at };
}

interface Offset {
  readonly seconds: number;
  readonly end: number;
}

function readOffset(text: string, start: number): Offset | undefined {
  const at = text.charCodeAt(start) === SPACE ? start + 1 : start;
  const mark = text.charCodeAt(at);
  if (mark === 90 || mark === 122) return { seconds: 0, end: at + 1 };
  if (text.startsWith('UTC', at)) return { seconds: 0, end: at + 3 };
  if (mark !== PLUS && mark !== MINUS) return undefined;
  const hours = twoDigits(text, at + 1);
  if (hours < 0 || hours > MAX_OFFSET_HOURS) return undefined;
  let end = at + 3;
  let minutes = 0;
  let seconds = 0;
  const colon = text.charCodeAt(end) === COLON;
  if (colon || isDigit(text.charCodeAt(end))) {
    minutes = twoDigits(text, colon ? end + 1 : end);
    if (minutes < 0 || minutes > 59) return undefined;
    end += colon ? 3 : 2;
    if (colon && text.charCodeAt(end) === COLON) {
      seconds = twoDigits(text, end + 1);
      if (seconds < 0 || seconds > 59) return undefined;
      end += 3;
    }
  }
  const total = hours * 3600 + minutes * 60 + seconds;
  return { seconds: mark === MINUS ? -total : total, end };
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= 57;
}

/** Two digits as a number; -1 where they are not. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at);
  const ones = text.charCodeAt(at + 1);
  return isDigit(tens) && isDigit(ones) ? (tens - ZERO) * 10 + ones - ZERO : -1;
}
