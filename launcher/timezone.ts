import { MICROS_PER_DAY } from '../core/calendar';

/**
 * Wall clocks and instants in an IANA zone, both in microseconds since 1970-01-01T00:00:00 (wall clocks as if they were UTC).
 */

/** What the wall clock in `timezone` shows at an instant. */
export function wallClockIn(timezone: string, utcMicros: bigint): bigint {
  return utcMicros + offsetAt(timezone, utcMicros);
}

/**
 * The instant at which the wall clock in `timezone` shows `wallMicros`. A wall clock that is skipped in spring gives the instant as far
 * after the change; one that comes twice in autumn gives the first.
 */
export function instantIn(timezone: string, wallMicros: bigint): bigint {
  const before = wallMicros - offsetAt(timezone, wallMicros - MICROS_PER_DAY);
  const after = wallMicros - offsetAt(timezone, wallMicros + MICROS_PER_DAY);
  if (wallClockIn(timezone, before) === wallMicros) return before;
  if (wallClockIn(timezone, after) === wallMicros) return after;
  return before;
}

/** Microseconds that the zone is ahead of UTC at an instant. */
function offsetAt(timezone: string, utcMicros: bigint): bigint {
  if (timezone === 'UTC') return 0n;
  const milliseconds = Number(utcMicros / 1000n);
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(new Date(milliseconds));
  const number = (type: Intl.DateTimeFormatPartTypes): number =>
    Number(parts.find((part) => part.type === type)?.value ?? 0);
  const wall = Date.UTC(
    number('year'),
    number('month') - 1,
    number('day'),
    number('hour'),
    number('minute'),
    number('second'),
  );
  const wholeSeconds = Math.floor(milliseconds / 1000) * 1000;
  return BigInt(wall - wholeSeconds) * 1000n;
}
