/** Microseconds of a day. */
export const MICROS_PER_DAY = 86_400_000_000n;

/** What `parseInstant` and `formatInstant` read and write; see `SplitHints`. */
export type InstantDomain = 'date' | 'datetime' | 'timestamp';

const INSTANT =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?\s*(?:Z|UTC|([+-])(\d{2})(?::?(\d{2}))?)?$/i;

const FIRST_DAY = -719_162n; // 0001-01-01
const LAST_DAY = 2_932_896n; // 9999-12-31
const MILLIS_PER_DAY = 86_400_000;

/**
 * The position of a date (days since 1970-01-01) or of an instant (microseconds since then; an offset counts).
 * Undefined for what a calendar of the years 1 to 9999 does not have: infinity, years before Christ, 30 February.
 */
export function parseInstant(domain: InstantDomain, text: string): bigint | undefined {
  const match = INSTANT.exec(text.trim());
  if (match === null) return undefined;
  const [, year = '', month = '', day = '', hour = '0', minute = '0', second = '0'] = match;
  const days = daysSinceEpoch(Number(year), Number(month), Number(day));
  if (days === undefined) return undefined;
  if (domain === 'date') return days;
  if (Number(hour) > 24 || Number(minute) > 59 || Number(second) > 60) return undefined;
  const seconds = BigInt(hour) * 3_600n + BigInt(minute) * 60n + BigInt(second);
  const fraction = BigInt((match[7] ?? '').padEnd(6, '0').slice(0, 6));
  const offsetMinutes = BigInt(match[9] ?? '0') * 60n + BigInt(match[10] ?? '0');
  const offset = (match[8] === '-' ? -offsetMinutes : offsetMinutes) * 60n;
  return days * MICROS_PER_DAY + (seconds - offset) * 1_000_000n + fraction;
}

/** The text of a position of `parseInstant`, as `SplitHints` spells it. */
export function formatInstant(domain: InstantDomain, position: bigint): string {
  if (domain === 'date') return formatDay(position);
  const days = floorTo(position, MICROS_PER_DAY) / MICROS_PER_DAY;
  const micros = position - days * MICROS_PER_DAY;
  const seconds = micros / 1_000_000n;
  const time = [seconds / 3_600n, (seconds / 60n) % 60n, seconds % 60n]
    .map((part) => digits(part, 2))
    .join(':');
  return `${formatDay(days)}T${time}.${digits(micros % 1_000_000n, 6)}${domain === 'timestamp' ? 'Z' : ''}`;
}

/** The largest multiple of `step` that is not above `position`. */
export function floorTo(position: bigint, step: bigint): bigint {
  const remainder = position % step;
  return position - (remainder < 0n ? remainder + step : remainder);
}

function daysSinceEpoch(year: number, month: number, day: number): bigint | undefined {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (year < 1 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return BigInt(date.getTime() / MILLIS_PER_DAY);
}

function formatDay(days: bigint): string {
  const kept = days < FIRST_DAY ? FIRST_DAY : days > LAST_DAY ? LAST_DAY : days;
  return new Date(Number(kept) * MILLIS_PER_DAY).toISOString().slice(0, 10);
}

function digits(value: bigint, count: number): string {
  return value.toString().padStart(count, '0');
}
