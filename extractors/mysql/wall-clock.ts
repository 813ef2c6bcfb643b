import { floorDivide } from '../../core/calendar';

const MICROS_PER_MILLI = 1000n;

/** Where wall-clock time never goes back. */
const UTC_NAMES: ReadonlySet<string> = new Set(['UTC', 'Etc/UTC', 'GMT', 'Etc/GMT']);

/** Whether clocks of an IANA zone always show UTC. */
export function isUtc(timezone: string): boolean {
  return UTC_NAMES.has(timezone);
}

/**
 * What clocks of a zone show at a moment, both in microseconds: as if what they show were UTC. By the zones of Node.js, since servers
 * often lack theirs (`mysql_tzinfo_to_sql`).
 */
export function wallClockMicros(micros: bigint, timezone: string): bigint {
  if (isUtc(timezone)) return micros;
  const millis = floorDivide(micros, MICROS_PER_MILLI);
  const shown = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(Number(millis));
  const part = (type: Intl.DateTimeFormatPartTypes): number =>
    Number(shown.find((candidate) => candidate.type === type)?.value ?? 0);
  const seconds =
    Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second')) /
    1000;
  const fraction = micros - floorDivide(micros, 1_000_000n) * 1_000_000n;
  return BigInt(seconds) * 1_000_000n + fraction;
}
