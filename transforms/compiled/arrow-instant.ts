import { aligned, rawBytes } from '../../core/arrow-buffers';
import { UNITS_PER_SECOND, type TimeUnit } from '../../core/time-unit';
import type { ArrowWriter } from './arrow-writer';
import type { WriterInput } from './pg-writers';

/** Doubles are exact to 2,048 units at the ends of 64 bits: what is closer to the ends of a range than this is for the reference. */
const MARGIN = 4096;
const SECONDS_PER_DAY = 86_400;
const MICROS_PER_SECOND = 1_000_000;

/** Days since 1970. */
export function compileArrowDate({ source, destination, rules, sink }: WriterInput): ArrowWriter | undefined {
  if (source.kind !== 'date' || destination.kind !== 'date') return undefined;
  const [first, last] = rules.dateRange.map(Number);
  if (first === undefined || last === undefined) throw new RangeError('a range has two ends');
  let days = new Int32Array(0);
  return {
    bind: (data) => {
      days = aligned(rawBytes(data), Int32Array);
    },
    write: (index) => {
      const day = days[index] ?? 0;
      if (day < first || day > last) return false;
      sink.putLong(day >> 31, day);
      return true;
    },
  };
}

/** Times of day before midnight, in units that keep all their digits. */
export function compileArrowTime(
  bits: 32 | 64,
  unit: TimeUnit,
  { source, destination, sink }: WriterInput,
): ArrowWriter | undefined {
  if (source.kind !== 'time' || destination.kind !== 'time') return undefined;
  const { factor, divisor } = changeOfUnit(unit, destination.unit);
  const perDay = SECONDS_PER_DAY * Number(UNITS_PER_SECOND[unit]);
  let values = new Int32Array(0);
  return {
    bind: (data) => {
      values = aligned(rawBytes(data), Int32Array);
    },
    write: (index) => {
      const time =
        bits === 32
          ? (values[index] ?? 0)
          : (values[2 * index + 1] ?? 0) * 2 ** 32 + ((values[2 * index] ?? 0) >>> 0);
      if (time < 0 || time >= perDay || time % divisor !== 0) return false;
      const changed = (time / divisor) * factor;
      sink.putLong(Math.floor(changed / 2 ** 32), changed | 0);
      return true;
    },
  };
}

/** Datetimes and timestamps, in units that keep all their digits; they become each other as they are. */
export function compileArrowInstant(
  unit: TimeUnit,
  { source, destination, rules, sink }: WriterInput,
): ArrowWriter | undefined {
  if (source.kind !== 'datetime' && source.kind !== 'timestamp') return undefined;
  if (destination.kind !== 'datetime' && destination.kind !== 'timestamp') return undefined;
  const perMicro = Number(UNITS_PER_SECOND[destination.unit]) / MICROS_PER_SECOND;
  const first = Math.max(Number(rules.instantRange[0]) * perMicro, -(2 ** 63)) + MARGIN;
  const last = Math.min(Number(rules.instantRange[1]) * perMicro, 2 ** 63) - MARGIN;
  const { factor, divisor } = changeOfUnit(unit, destination.unit);
  // Beyond it, halves times the divisor are not exact.
  if (divisor > MICROS_PER_SECOND) return undefined;
  let halves = new Int32Array(0);
  const bind: ArrowWriter['bind'] = (data) => {
    halves = aligned(rawBytes(data), Int32Array);
  };
  if (divisor > 1) {
    return {
      bind,
      write: (index) => {
        const high = halves[2 * index + 1] ?? 0;
        const quotientHigh = Math.floor(high / divisor);
        const rest = (high - quotientHigh * divisor) * 2 ** 32 + ((halves[2 * index] ?? 0) >>> 0);
        const quotientLow = Math.floor(rest / divisor);
        if (rest !== quotientLow * divisor) return false;
        const about = quotientHigh * 2 ** 32 + quotientLow;
        if (about < first || about > last) return false;
        sink.putLong(quotientHigh, quotientLow | 0);
        return true;
      },
    };
  }
  return {
    bind,
    write: (index) => {
      const low = halves[2 * index] ?? 0;
      const high = halves[2 * index + 1] ?? 0;
      const changed = (high * 2 ** 32 + (low >>> 0)) * factor;
      if (changed < first || changed > last) return false;
      if (factor === 1) {
        sink.putLong(high, low);
        return true;
      }
      if (changed < -Number.MAX_SAFE_INTEGER || changed > Number.MAX_SAFE_INTEGER) return false;
      sink.putLong(Math.floor(changed / 2 ** 32), changed | 0);
      return true;
    },
  };
}

/** What a number of units is to be divided by without a rest, then multiplied with. */
export function changeOfUnit(from: TimeUnit, to: TimeUnit): { divisor: number; factor: number } {
  const before = Number(UNITS_PER_SECOND[from]);
  const after = Number(UNITS_PER_SECOND[to]);
  return before > after ? { divisor: before / after, factor: 1 } : { divisor: 1, factor: after / before };
}
