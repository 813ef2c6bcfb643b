/**
 * The proleptic Gregorian calendar, for every year. Years are astronomical: 0 is 1 BC, -43 is 44 BC. Days count from 1970-01-01.
 */

/** Beyond so many days from 1970 nothing is a date: what an instant of 64 bits in whole seconds reaches, and exact in a double. */
export const MAX_CALENDAR_DAYS = 2 ** 47;

/** The greatest year that `daysFromDate` takes, and the smallest with a minus: within `MAX_CALENDAR_DAYS`. */
const MAX_CALENDAR_YEAR = 10 ** 11;

/** Microseconds of a day. */
export const MICROS_PER_DAY = 86_400_000_000n;

export const MS_PER_HOUR = 3_600_000;
export const MS_PER_DAY = 24 * MS_PER_HOUR;

const DAYS_IN_ERA = 146_097;
const YEARS_IN_ERA = 400;
/** From 0000-03-01, where an era begins, to 1970-01-01. */
const DAYS_TO_1970 = 719_468;
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

export interface CalendarDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
}

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** Days of the month; 0 where there is no such month. */
export function daysInMonth(year: number, month: number): number {
  return month === 2 && isLeapYear(year) ? 29 : (DAYS_IN_MONTH[month - 1] ?? 0);
}

/** Whether the calendar has such a day, in years that `daysFromDate` takes. */
export function isCalendarDate(year: number, month: number, day: number): boolean {
  return day >= 1 && day <= daysInMonth(year, month) && Math.abs(year) <= MAX_CALENDAR_YEAR;
}

/**
 * Days from 1970-01-01 to a date that `isCalendarDate`. Exact.
 * Years are counted from March, so that the leap day is the last of its year.
 */
export function daysFromDate(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / YEARS_IN_ERA);
  const yearOfEra = marchYear - era * YEARS_IN_ERA;
  const monthFromMarch = month > 2 ? month - 3 : month + 9;
  const dayOfYear = Math.floor((153 * monthFromMarch + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * DAYS_IN_ERA + dayOfEra - DAYS_TO_1970;
}

/** The date that lies a whole number of days, at most `MAX_CALENDAR_DAYS`, from 1970-01-01. Exact. */
export function dateFromDays(days: number): CalendarDate {
  const fromMarch = days + DAYS_TO_1970;
  const era = Math.floor(fromMarch / DAYS_IN_ERA);
  const dayOfEra = fromMarch - era * DAYS_IN_ERA;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return { year: era * YEARS_IN_ERA + yearOfEra + (month <= 2 ? 1 : 0), month, day };
}

/** The quotient rounded down, which BigInt's own division does not do below zero. */
export function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}
