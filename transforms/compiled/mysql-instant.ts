import type { DestinationRules } from '../../core/destination-rules';
import type { TimeUnit } from '../../core/time-unit';
import type { FieldWriter } from './field-writer';
import { NO_DAY, readDay } from './text-clock';
import { POINT, twoDigitsOf } from './text-digits';
import { compileInstantText } from './text-instant';
import type { ValueSink } from './value-sink';

/** `YYYY-MM-DD HH:MM:SS`, and the same with six digits of a second. */
const SECONDS_BYTES = 19;
const MICROS_BYTES = 26;
const SPACE = 32;
const COLON = 58;
const SECONDS_PER_DAY = 86_400;
const HALF = 2 ** 32;
/** Doubles are exact to 32 microseconds within what 64 bits hold: what is so close to the ends of a range is for others. In microseconds. */
const MARGIN_MICROS = 1_000;

/** Writes dates with a time. Those of the years that a double has microseconds of (1684 to 2255), into microseconds, need no halves. */
export function compileMysqlInstant(sink: ValueSink, unit: TimeUnit, rules: DestinationRules): FieldWriter {
  const other = compileInstantText(sink, unit, rules);
  const first = Math.max(Number(rules.instantRange[0]) + MARGIN_MICROS, Number.MIN_SAFE_INTEGER);
  const last = Math.min(Number(rules.instantRange[1]) - MARGIN_MICROS, Number.MAX_SAFE_INTEGER);
  if (unit !== 'us')
    return (bytes, view, start, length) => length >= SECONDS_BYTES && other(bytes, view, start, length);
  return (bytes, view, start, length) => {
    if (length < SECONDS_BYTES) return false;
    if (length !== MICROS_BYTES && length !== SECONDS_BYTES) return other(bytes, view, start, length);
    const days = readDay(bytes, view, start);
    if (days === NO_DAY) return false;
    if (bytes[start + 10] !== SPACE || bytes[start + 13] !== COLON || bytes[start + 16] !== COLON)
      return false;
    const hour = twoDigitsOf(bytes, start + 11);
    const minute = twoDigitsOf(bytes, start + 14);
    const second = twoDigitsOf(bytes, start + 17);
    if ((hour | minute | second) < 0 || hour > 23 || minute > 59 || second > 59) return false;
    let fraction = 0;
    if (length === MICROS_BYTES) {
      const upper = twoDigitsOf(bytes, start + 20);
      const middle = twoDigitsOf(bytes, start + 22);
      const lower = twoDigitsOf(bytes, start + 24);
      if ((upper | middle | lower) < 0 || bytes[start + 19] !== POINT) return false;
      fraction = upper * 10_000 + middle * 100 + lower;
    }
    const seconds = days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
    const micros = seconds * 1_000_000 + fraction;
    if (micros < first || micros > last) return other(bytes, view, start, length);
    sink.putLong(Math.floor(micros / HALF), micros | 0);
    return true;
  };
}
