import { ZERO_INSTANT, type Cell } from '../../core/cells';
import { MICROS_PER_DAY, daysFromDate, isCalendarDate } from '../../core/calendar';
import { UnreadableValue } from '../../core/unreadable-value';

/** Makes a cell of the text of one value, from `start` to `end` of `bytes`. Throws `UnreadableValue` for what no cell can hold. */
export type FieldDecoder = (bytes: Buffer, start: number, end: number) => Cell;

/** As many digits a double holds exactly, whatever they are. */
const SAFE_DIGITS = 15;

const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const POINT = 0x2e;
const FRACTION_DIGITS = 6;

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

function unreadable(bytes: Buffer, start: number, end: number, expected: string): UnreadableValue {
  return new UnreadableValue(
    `${bytes.toString('latin1', start, Math.min(end, start + 40))} is not ${expected}`,
  );
}

export const decodeInt: FieldDecoder = (bytes, start, end) => {
  const negative = bytes[start] === MINUS;
  const first = negative ? start + 1 : start;
  if (end - first > SAFE_DIGITS) return BigInt(bytes.toString('latin1', start, end));
  if (first === end) throw unreadable(bytes, start, end, 'a whole number');
  let value = 0;
  for (let at = first; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (!isDigit(byte)) throw unreadable(bytes, start, end, 'a whole number');
    value = value * 10 + byte - ZERO;
  }
  return BigInt(negative ? -value : value);
};

/** ZEROFILL columns have zeros in front, which are how they are shown and no part of the number. */
export const decodeDecimal: FieldDecoder = (bytes, start, end) => {
  const negative = bytes[start] === MINUS;
  let first = negative ? start + 1 : start;
  while (bytes[first] === ZERO && isDigit(bytes[first + 1]) && first + 1 < end) first++;
  const digits = bytes.toString('latin1', first, end);
  return negative ? `-${digits}` : digits;
};

function readFloat(bytes: Buffer, start: number, end: number): number {
  const text = bytes.toString('latin1', start, end);
  const value = Number(text);
  if (text === '' || Number.isNaN(value)) throw unreadable(bytes, start, end, 'a number');
  return value;
}

export const decodeFloat: FieldDecoder = readFloat;

/** The nearest number that a FLOAT holds: its text is a decimal one. */
export const decodeFloat32: FieldDecoder = (bytes, start, end) => Math.fround(readFloat(bytes, start, end));

export const decodeText: FieldDecoder = (bytes, start, end) => bytes.toString('utf8', start, end);

/** A copy: the bytes around it are those of many rows. */
export const decodeBytes: FieldDecoder = (bytes, start, end) =>
  Uint8Array.prototype.slice.call(bytes, start, end);

/** BIT(n): a number in bytes, the highest first. */
export const decodeBits: FieldDecoder = (bytes, start, end) => {
  let value = 0n;
  for (let at = start; at < end; at++) value = (value << 8n) | BigInt(bytes[at] ?? 0);
  return value;
};

export const decodeBit: FieldDecoder = (bytes, start, end) => decodeBits(bytes, start, end) !== 0n;

function twoDigits(bytes: Buffer, at: number): number {
  return ((bytes[at] ?? 0) - ZERO) * 10 + (bytes[at + 1] ?? 0) - ZERO;
}

/** Days of `YYYY-MM-DD`; undefined where month or day is zero. */
function readDays(bytes: Buffer, start: number, end: number): number | undefined {
  const year = twoDigits(bytes, start) * 100 + twoDigits(bytes, start + 2);
  const month = twoDigits(bytes, start + 5);
  const day = twoDigits(bytes, start + 8);
  if (bytes[start + 4] !== MINUS || bytes[start + 7] !== MINUS) throw unreadable(bytes, start, end, 'a date');
  if (month === 0 || day === 0) return undefined;
  // the sql_mode ALLOW_INVALID_DATES lets 30 February in
  if (!isCalendarDate(year, month, day)) throw unreadable(bytes, start, end, 'a day of the calendar');
  return daysFromDate(year, month, day);
}

export const decodeDate: FieldDecoder = (bytes, start, end) => {
  if (end - start !== 10) throw unreadable(bytes, start, end, 'a date');
  const days = readDays(bytes, start, end);
  return days === undefined ? ZERO_INSTANT : BigInt(days);
};

/** `YYYY-MM-DD HH:MM:SS[.ffffff]` as microseconds. */
export const decodeInstant: FieldDecoder = (bytes, start, end) => {
  if (end - start < 19) throw unreadable(bytes, start, end, 'a date and time');
  const days = readDays(bytes, start, end);
  if (days === undefined) return ZERO_INSTANT;
  const seconds =
    twoDigits(bytes, start + 11) * 3600 + twoDigits(bytes, start + 14) * 60 + twoDigits(bytes, start + 17);
  return BigInt(days) * MICROS_PER_DAY + BigInt(seconds * 1_000_000 + readFraction(bytes, start + 19, end));
};

function readFraction(bytes: Buffer, start: number, end: number): number {
  if (start >= end) return 0;
  if (bytes[start] !== POINT || end - start - 1 > FRACTION_DIGITS) {
    throw unreadable(bytes, start, end, 'a fraction of a second');
  }
  let micros = 0;
  for (let digit = 0; digit < FRACTION_DIGITS; digit++) {
    const at = start + 1 + digit;
    micros = micros * 10 + (at < end ? (bytes[at] ?? ZERO) - ZERO : 0);
  }
  return micros;
}
