import { MICROS_PER_DAY } from '../../core/calendar';
import type { DestinationRules } from '../../core/destination-rules';
import type { NdjsonDialect } from '../../core/encoding';
import { FIELD_ESCAPED } from '../../core/json-rows';
import type { ColumnType } from '../../core/schema';
import { UNIT_DIGITS } from '../../core/time-unit';
import type { BlockBuffer } from '../encode/block-buffer';
import type { JsonWriter } from './json-writer';
import { ClockText, DATE_BYTES, NO_DAY, readDay } from './text-clock';
import { POINT, ZERO } from './text-digits';

type InstantType = Extract<ColumnType, { kind: 'date' | 'time' | 'datetime' | 'timestamp' }>;

const SPACE = 32;
const QUOTE = 34;
const LETTER_T = 84;
/** `HH:MM:SS`. */
const CLOCK_BYTES = 8;
/** The year 1 begins with it: days since 1970. Years before are written in another way. */
const FIRST_DAY = -719_162;
/** What stands behind an instant in UTC. */
const UTC = ['', 'Z', '+00', '+00:00'].map((zone) => Buffer.from(zone, 'latin1'));
/** What an instant takes at most in a line. */
const MAX_BYTES = 48;

/** Dates, times and instants in UTC or without a zone, with seconds and with no more digits than the unit has. Undefined: nanoseconds, whose range is narrower. */
export function compileInstantCopy(
  type: InstantType,
  rules: DestinationRules,
  dialect: NdjsonDialect,
  line: BlockBuffer,
): JsonWriter | undefined {
  const hasDate = type.kind !== 'time';
  const digits = type.kind === 'date' ? 0 : UNIT_DIGITS[type.unit];
  if (hasDate && type.kind !== 'date' && type.unit === 'ns') return undefined;
  const isInRange = compileDayRange(type, rules);
  const clock = new ClockText(digits);
  const zone = Buffer.from(type.kind === 'timestamp' ? dialect.zone : '', 'latin1');
  const clockStart = hasDate ? DATE_BYTES + 1 : 0;

  return (bytes, view, start, end, marks) => {
    if (bytes[start] !== QUOTE || (marks & FIELD_ESCAPED) !== 0) return false;
    const first = start + 1;
    const last = end - 1;
    if (hasDate) {
      if (last - first < DATE_BYTES || !isInRange(readDay(bytes, view, first))) return false;
      if (type.kind === 'date') {
        if (last - first !== DATE_BYTES) return false;
        line.appendRange(bytes, view, start, end - start);
        return true;
      }
      const mark = bytes[first + DATE_BYTES];
      if (mark !== LETTER_T && mark !== SPACE) return false;
    }
    const from = first + clockStart;
    if (last - from < CLOCK_BYTES || !clock.read(bytes, from, last)) return false;
    const behind = from + CLOCK_BYTES;
    const written = bytes[behind] === POINT ? clock.end - behind - 1 : 0;
    if (clock.end < behind || written > digits) return false;
    if (hasDate ? !isUtc(bytes, clock.end, last) : clock.end !== last) return false;
    line.reserve(MAX_BYTES);
    line.appendRange(bytes, view, start, 1 + clockStart + CLOCK_BYTES);
    if (hasDate) line.bytes[line.end - CLOCK_BYTES - 1] = SPACE;
    if (digits > 0) line.bytes[line.end++] = POINT;
    for (let at = 0; at < digits; at++)
      line.bytes[line.end++] = at < written ? (bytes[behind + 1 + at] ?? 0) : ZERO;
    for (const byte of zone) line.bytes[line.end++] = byte;
    line.bytes[line.end++] = QUOTE;
    return true;
  };
}

/** Whole days of years from 1 to 9999 that are within the destination's range. */
function compileDayRange(
  { kind }: InstantType,
  { dateRange, instantRange }: DestinationRules,
): (day: number) => boolean {
  const [least, most] =
    kind === 'date'
      ? dateRange.map(Number)
      : [
          Math.ceil(Number(instantRange[0]) / Number(MICROS_PER_DAY)),
          Math.floor((Number(instantRange[1]) + 1) / Number(MICROS_PER_DAY)) - 1,
        ];
  const first = Math.max(least ?? FIRST_DAY, FIRST_DAY);
  const last = most ?? FIRST_DAY;
  return (day) => day !== NO_DAY && day >= first && day <= last;
}

function isUtc(bytes: Buffer, start: number, end: number): boolean {
  for (const zone of UTC) {
    if (zone.length !== end - start) continue;
    let at = 0;
    while (at < zone.length && zone[at] === bytes[start + at]) at++;
    if (at === zone.length) return true;
  }
  return false;
}
