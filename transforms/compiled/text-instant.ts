import { floorDivide } from '../../core/calendar';
import { INSTANT_INFINITY, INSTANT_MINUS_INFINITY } from '../../core/cells';
import type { DestinationRules } from '../../core/destination-rules';
import { UNIT_DIGITS, UNITS_PER_SECOND, type TimeUnit } from '../../core/time-unit';
import type { FieldWriter } from './field-writer';
import { ClockText, readDay, NO_DAY, DATE_BYTES } from './text-clock';
import { below2To16, highHalf, lowHalf, MINUS, PLUS, times2To16, twoDigitsOf } from './text-digits';
import type { ValueSink } from './value-sink';

const SECONDS_PER_DAY = 86_400;
const MICROS_PER_SECOND = 1_000_000n;
const HALF = 2 ** 32;

const SPACE = 32;
const LETTER_T = 84;
const LETTER_Z = 90;
const COLON = 58;
const MAX_OFFSET_HOURS = 18;
const NO_OFFSET = Number.MIN_SAFE_INTEGER;

/** Writes `YYYY-MM-DD` within the destination's range. */
export function compileDateText(sink: ValueSink, { dateRange }: DestinationRules): FieldWriter {
  const first = Number(dateRange[0]);
  const last = Number(dateRange[1]);
  return (bytes, view, start, length) => {
    if (length !== DATE_BYTES) return false;
    const days = readDay(bytes, view, start);
    if (days === NO_DAY || days < first || days > last) return false;
    sink.putLong(days >> 31, days);
    return true;
  };
}

/** Writes `HH:MM[:SS[.digits]]` before midnight; digits that the unit does not keep must be zeros. */
export function compileTimeText(sink: ValueSink, unit: TimeUnit): FieldWriter {
  const clock = new ClockText(UNIT_DIGITS[unit]);
  const perSecond = Number(UNITS_PER_SECOND[unit]);
  return (bytes, _view, start, length) => {
    const end = start + length;
    if (!clock.read(bytes, start, end) || clock.end !== end) return false;
    const value = clock.seconds * perSecond + clock.fraction;
    sink.putLong(Math.floor(value / HALF), value | 0);
    return true;
  };
}

/**
 * Writes `YYYY-MM-DD[(T| )HH:MM[:SS[.digits]][Z|(+|-)HH[[:]MM]]]` of years of four digits, within the destination's range, as units since 1970: with an
 * offset in UTC, without one as it is; without a time it is midnight. Digits that the unit does not keep must be zeros.
 */
export function compileInstantText(sink: ValueSink, unit: TimeUnit, rules: DestinationRules): FieldWriter {
  const clock = new ClockText(UNIT_DIGITS[unit]);
  const perSecond = Number(UNITS_PER_SECOND[unit]);
  const { first, end: endSecond } = wholeSeconds(unit, rules);
  return (bytes, view, start, length) => {
    if (length < DATE_BYTES) return false;
    const days = readDay(bytes, view, start);
    if (days === NO_DAY) return false;
    let seconds = days * SECONDS_PER_DAY;
    let fraction = 0;
    if (length > DATE_BYTES) {
      const mark = bytes[start + DATE_BYTES];
      const end = start + length;
      if ((mark !== SPACE && mark !== LETTER_T) || !clock.read(bytes, start + DATE_BYTES + 1, end))
        return false;
      seconds += clock.seconds;
      fraction = clock.fraction;
      if (clock.end !== end) {
        const offset = readOffset(bytes, clock.end, end);
        if (offset === NO_OFFSET) return false;
        seconds -= offset;
      }
    }
    if (seconds < first || seconds >= endSecond) return false;
    const value = seconds * perSecond + fraction;
    if (value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER) {
      sink.putLong(Math.floor(value / HALF), value | 0);
      return true;
    }
    const upper = times2To16(seconds) * perSecond;
    const lower = below2To16(seconds) * perSecond + fraction;
    sink.putLong(highHalf(upper, lower), lowHalf(upper, lower));
    return true;
  };
}

/** Seconds since 1970 of which every unit is within the destination's range and 64 bits: from `first` to below `end`. */
export function wholeSeconds(
  unit: TimeUnit,
  { instantRange }: DestinationRules,
): { first: number; end: number } {
  const perSecond = UNITS_PER_SECOND[unit];
  const [minMicros, maxMicros] = instantRange;
  const min = -floorDivide(-minMicros * perSecond, MICROS_PER_SECOND);
  const max = floorDivide(maxMicros * perSecond, MICROS_PER_SECOND);
  const least = min > INSTANT_MINUS_INFINITY ? min : INSTANT_MINUS_INFINITY + 1n;
  const most = max < INSTANT_INFINITY ? max : INSTANT_INFINITY - 1n;
  return { first: Number(-floorDivide(-least, perSecond)), end: Number(floorDivide(most + 1n, perSecond)) };
}

/** In seconds. */
function readOffset(bytes: Buffer, start: number, end: number): number {
  const mark = bytes[start];
  if (mark === LETTER_Z) return end === start + 1 ? 0 : NO_OFFSET;
  if (mark !== PLUS && mark !== MINUS) return NO_OFFSET;
  const length = end - start;
  const hasColon = length === 6 && bytes[start + 3] === COLON;
  if (length !== 3 && length !== 5 && !hasColon) return NO_OFFSET;
  const hours = twoDigitsOf(bytes, start + 1);
  const minutes = length === 3 ? 0 : twoDigitsOf(bytes, end - 2);
  if (hours < 0 || hours > MAX_OFFSET_HOURS || minutes < 0 || minutes > 59) return NO_OFFSET;
  const seconds = hours * 3600 + minutes * 60;
  return mark === MINUS ? 0 - seconds : seconds;
}
