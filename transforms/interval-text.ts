/**
 * Texts of intervals: months, days and microseconds, which never turn into one another.
 *
 * Read are ISO 8601 durations (`P1Y2M3W4DT5H6M7.5S`, each number with its own sign), lists of units with an optional clock at the end
 * as PostgreSQL and DuckDB print them (`1 year 2 mons -3 days 04:05:06.789`), and BigQuery's `Y-M D H:M:S`.
 */
export type Interval = readonly [months: bigint, days: bigint, microseconds: bigint];

export interface IntervalReading {
  readonly value: Interval;
  /** False: digits beyond microseconds were cut off. */
  readonly exact: boolean;
}

const MICROS_PER_SECOND = 1_000_000n;
const MICROS_PER_MINUTE = 60n * MICROS_PER_SECOND;
const MICROS_PER_HOUR = 60n * MICROS_PER_MINUTE;

/** Longer texts are not read. In characters. */
const MAX_INTERVAL_TEXT = 200;

const ISO =
  /^P(?=.)(?:([+-]?\d+)Y)?(?:([+-]?\d+)M)?(?:([+-]?\d+)W)?(?:([+-]?\d+)D)?(?:T(?=.)(?:([+-]?\d+)H)?(?:([+-]?\d+)M)?(?:([+-]?\d+(?:\.\d+)?)S)?)?$/;
const UNIT_LIST = /^(?:[+-]?\d+(?:\.\d+)? [a-z]+)(?: [+-]?\d+(?:\.\d+)? [a-z]+)*$/;
const CLOCK = /^([+-]?)(\d+):(\d\d?):(\d\d?(?:\.\d+)?)$/;
const YEAR_MONTH = /^([+-]?)(\d+)-(\d+) ([+-]?\d+) (\S+)$/;

/** Undefined: not an interval in one of the three spellings. */
export function readInterval(text: string): IntervalReading | undefined {
  if (text.length > MAX_INTERVAL_TEXT) return undefined;
  return readIso(text) ?? readYearMonth(text) ?? readUnits(text);
}

function readIso(text: string): IntervalReading | undefined {
  const match = ISO.exec(text);
  if (match === null) return undefined;
  const [, years = '0', months = '0', weeks = '0', days = '0', hours = '0', minutes = '0', seconds = '0'] =
    match;
  const micros = readSeconds(seconds);
  return {
    value: [
      BigInt(years) * 12n + BigInt(months),
      BigInt(weeks) * 7n + BigInt(days),
      BigInt(hours) * MICROS_PER_HOUR + BigInt(minutes) * MICROS_PER_MINUTE + micros.value,
    ],
    exact: micros.exact,
  };
}

function readYearMonth(text: string): IntervalReading | undefined {
  const match = YEAR_MONTH.exec(text);
  if (match === null) return undefined;
  const [, sign, years = '', months = '', days = '', clockText = ''] = match;
  const clock = readClock(clockText);
  if (clock === undefined) return undefined;
  const total = BigInt(years) * 12n + BigInt(months);
  return { value: [sign === '-' ? -total : total, BigInt(days), clock.value], exact: clock.exact };
}

function readUnits(text: string): IntervalReading | undefined {
  const last = text.lastIndexOf(' ') + 1;
  const clock = readClock(text.slice(last));
  const list = clock === undefined ? text : text.slice(0, Math.max(last - 1, 0));
  if (clock !== undefined && list === '') return { value: [0n, 0n, clock.value], exact: clock.exact };
  if (!UNIT_LIST.test(list)) return undefined;
  let months = 0n;
  let days = 0n;
  let micros = clock?.value ?? 0n;
  let exact = clock?.exact ?? true;
  const words = list.split(' ');
  for (let at = 0; at < words.length; at += 2) {
    const number = words[at] ?? '';
    const unit = UNITS.get((words[at + 1] ?? '').replace(/(?<=..)s$/, ''));
    if (unit === undefined) return undefined;
    if (unit === 'second') {
      const seconds = readSeconds(number);
      micros += seconds.value;
      exact &&= seconds.exact;
      continue;
    }
    if (number.includes('.')) return undefined;
    const count = BigInt(number);
    months += count * unit.months;
    days += count * unit.days;
    micros += count * unit.micros;
  }
  return { value: [months, days, micros], exact };
}

const NONE = { months: 0n, days: 0n, micros: 0n };
const UNITS: ReadonlyMap<string, typeof NONE | 'second'> = new Map<string, typeof NONE | 'second'>([
  ...['year', 'yr'].map((name) => [name, { ...NONE, months: 12n }] as const),
  ...['month', 'mon'].map((name) => [name, { ...NONE, months: 1n }] as const),
  ['week', { ...NONE, days: 7n }],
  ['day', { ...NONE, days: 1n }],
  ...['hour', 'hr'].map((name) => [name, { ...NONE, micros: MICROS_PER_HOUR }] as const),
  ...['minute', 'min'].map((name) => [name, { ...NONE, micros: MICROS_PER_MINUTE }] as const),
  ...['second', 'sec'].map((name) => [name, 'second'] as const),
  ['millisecond', { ...NONE, micros: 1000n }],
  ['microsecond', { ...NONE, micros: 1n }],
]);

function readClock(text: string): { value: bigint; exact: boolean } | undefined {
  const match = CLOCK.exec(text);
  if (match === null) return undefined;
  const [, sign, hours = '', minutes = '', seconds = ''] = match;
  if (Number(minutes) > 59 || Number(seconds) >= 60) return undefined;
  const { value, exact } = readSeconds(seconds);
  const total = BigInt(hours) * MICROS_PER_HOUR + BigInt(minutes) * MICROS_PER_MINUTE + value;
  return { value: sign === '-' ? -total : total, exact };
}

/** Microseconds of `[+-]digits[.digits]` seconds. */
function readSeconds(text: string): { value: bigint; exact: boolean } {
  const [whole = '', fraction = ''] = text.replace(/^[+-]/, '').split('.');
  const micros = BigInt(fraction.slice(0, 6).padEnd(6, '0'));
  const size = BigInt(whole) * MICROS_PER_SECOND + micros;
  return { value: text.startsWith('-') ? -size : size, exact: !/[1-9]/.test(fraction.slice(6)) };
}

/** ISO 8601 with a sign on each number: `P1Y2M3DT4H5M6.5S`, `P-1M3DT-0.5S`; nothing at all is `PT0S`. */
export function formatInterval([months, days, micros]: Interval): string {
  const date = part(months / 12n, 'Y') + part(months % 12n, 'M') + part(days, 'D');
  const clock =
    part(micros / MICROS_PER_HOUR, 'H') +
    part((micros % MICROS_PER_HOUR) / MICROS_PER_MINUTE, 'M') +
    secondsPart(micros % MICROS_PER_MINUTE);
  if (clock === '') return date === '' ? 'PT0S' : `P${date}`;
  return `P${date}T${clock}`;
}

function part(count: bigint, letter: string): string {
  return count === 0n ? '' : `${count}${letter}`;
}

function secondsPart(micros: bigint): string {
  if (micros === 0n) return '';
  const size = micros < 0n ? -micros : micros;
  const fraction = (size % MICROS_PER_SECOND).toString().padStart(6, '0').replace(/0+$/, '');
  return `${micros < 0n ? '-' : ''}${size / MICROS_PER_SECOND}${fraction === '' ? '' : `.${fraction}`}S`;
}

/** `14 months -3 days 500 microseconds`: what PostgreSQL and DuckDB read without changing anything. */
export function formatIntervalUnits([months, days, micros]: Interval): string {
  return `${months} months ${days} days ${micros} microseconds`;
}
