import { twoDigitsOf, POINT, ZERO } from './text-digits';

/** `YYYY-MM-DD`. */
export const DATE_BYTES = 10;
/** Instead of a day: there is none. */
export const NO_DAY = 0x7fff_ffff;

/** Four digits, each in a byte of its own. */
const FOUR_ZEROS = 0x3030_3030;
const NIBBLES_TO_16 = 0x0606_0606;
const UPPER_NIBBLES = 0xf0f0_f0f0 | 0;
/** The hyphens in front of the month and behind it, the first in the lowest byte. */
const HYPHENS = 0x2d00_002d;
const HYPHEN_BYTES = 0xff00_00ff | 0;

const DAYS_IN_MONTH = Uint8Array.of(0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31);
/** An era of the calendar: years that are counted from it are never negative. */
const YEARS_IN_ERA = 400;
/** From the first of March 400 years before year 0 to 1970-01-01. */
const DAYS_TO_1970 = 719_468 + 146_097;

/** Days from 1970-01-01 to the `YYYY-MM-DD` at `start`, of which 10 bytes are there; `NO_DAY`: it is no such text, or the calendar has no such day. */
export function readDay(bytes: Buffer, view: DataView, start: number): number {
  const years = view.getInt32(start, true) ^ FOUR_ZEROS;
  if ((((years + NIBBLES_TO_16) | years) & UPPER_NIBBLES) !== 0) return NO_DAY;
  if ((view.getInt32(start + 4, true) & HYPHEN_BYTES) !== HYPHENS) return NO_DAY;
  const month = twoDigitsOf(bytes, start + 5);
  const day = twoDigitsOf(bytes, start + 8);
  if (month < 1 || month > 12 || day < 1 || day > (DAYS_IN_MONTH[month] ?? 0)) return NO_DAY;
  const year =
    (years & 15) * 1000 + ((years >> 8) & 15) * 100 + ((years >> 16) & 15) * 10 + ((years >> 24) & 15);
  const isLeap = (year & 3) === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (month === 2 && day === 29 && !isLeap) return NO_DAY;
  const shifted = (month > 2 ? year : year - 1) + YEARS_IN_ERA;
  const fromMarch = month > 2 ? month - 3 : month + 9;
  const leapDays = (shifted >> 2) - ((shifted / 100) | 0) + ((shifted / 400) | 0);
  return shifted * 365 + leapDays + (((153 * fromMarch + 2) / 5) | 0) + day - 1 - DAYS_TO_1970;
}

const COLON = 58;
const POWERS = Int32Array.from({ length: 10 }, (_, exponent) => 10 ** exponent);

/** Reads `HH:MM[:SS[.digits]]` of one day, into its own fields: nothing is made for a text. */
export class ClockText {
  seconds = 0;
  /** In the unit. */
  fraction = 0;
  /** Behind the clock. */
  end = 0;

  /** `digits`: of a second, that the unit keeps. */
  constructor(private readonly digits: number) {}

  /** False: there is none, or its digits are finer than the unit. */
  read(bytes: Buffer, start: number, end: number): boolean {
    if (end - start < 5 || bytes[start + 2] !== COLON) return false;
    const hour = twoDigitsOf(bytes, start);
    const minute = twoDigitsOf(bytes, start + 3);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return false;
    this.seconds = hour * 3600 + minute * 60;
    this.fraction = 0;
    this.end = start + 5;
    if (end - start < 8 || bytes[start + 5] !== COLON) return true;
    const second = twoDigitsOf(bytes, start + 6);
    if (second < 0 || second > 59) return false;
    this.seconds += second;
    this.end = start + 8;
    return bytes[start + 8] !== POINT || end === start + 8 || this.readFraction(bytes, start + 9, end);
  }

  private readFraction(bytes: Buffer, start: number, end: number): boolean {
    const { digits } = this;
    let fraction = 0;
    let at = start;
    for (; at < end; at++) {
      const digit = (bytes[at] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) break;
      if (at - start < digits) fraction = fraction * 10 + digit;
      else if (digit !== 0) return false;
    }
    if (at === start) return false;
    const missing = digits - (at - start);
    this.fraction = missing > 0 ? fraction * (POWERS[missing] ?? 0) : fraction;
    this.end = at;
    return true;
  }
}
