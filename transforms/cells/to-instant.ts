import { INSTANT_INFINITY, INSTANT_MINUS_INFINITY, ZERO_INSTANT, type Cell } from '../../core/cells';
import { formatType } from '../../core/format-type';
import { UNITS_PER_SECOND, type TimeUnit } from '../../core/time-unit';
import { floorDivide } from '../../core/calendar';
import { compileInstantFormat, formatDate, isInfiniteInstant } from '../../core/instant-format';
import { changeOrReject, compileUnusual, nullOrReject } from './policy-actions';
import { CellRejected, ofBigint, type CellFunction, type ConversionContext, type TypeOf } from './rule';

const MICROS_PER_SECOND = 1_000_000n;
const SECONDS_PER_DAY = 86_400n;

/** Units of a day. */
export function unitsPerDay(unit: TimeUnit): bigint {
  return UNITS_PER_SECOND[unit] * SECONDS_PER_DAY;
}

/** Converts the cells of dates and instants; what is no date is up to policy `zero_date`, whatever the destination. */
export function ofInstant(context: ConversionContext, convert: (value: bigint) => Cell): CellFunction {
  const zero = nullOrReject(context, 'zero_date', 'a zero date');
  return ofBigint((value) => (value === ZERO_INSTANT ? zero() : convert(value)));
}

function compileWithin(
  min: bigint,
  max: bigint,
  reason: string,
  context: ConversionContext,
): (value: bigint) => Cell {
  const first = min > INSTANT_MINUS_INFINITY ? min : INSTANT_MINUS_INFINITY + 1n;
  const last = max < INSTANT_INFINITY ? max : INSTANT_INFINITY - 1n;
  const unusual = compileUnusual(context, 'timestamp');
  const { infiniteInstant } = context.rules;
  const outOfRange = nullOrReject(context, 'out_of_range_date', reason);
  return (value) => {
    if (value >= first && value <= last) return value;
    if (!isInfiniteInstant(value)) return outOfRange();
    return infiniteInstant ? value : unusual('infinity', 'infinity');
  };
}

/** Days into a date column: range by `out_of_range_date`, the sentinels by `infinity` where the destination has none. */
export function compileFitDate(context: ConversionContext): (days: bigint) => Cell {
  const [min, max] = context.rules.dateRange;
  return compileWithin(min, max, `outside of ${formatDate(min)} to ${formatDate(max)}`, context);
}

/** The same for datetimes and timestamps in the unit of the destination; nanoseconds reach only as far as 64 bits do (1677 to 2262). */
export function compileFitInstant(
  destination: TypeOf<'datetime'> | TypeOf<'timestamp'>,
  context: ConversionContext,
): (value: bigint) => Cell {
  const { unit } = destination;
  const perSecond = UNITS_PER_SECOND[unit];
  const [minMicros, maxMicros] = context.rules.instantRange;
  const min = -floorDivide(-minMicros * perSecond, MICROS_PER_SECOND);
  const max = floorDivide(maxMicros * perSecond, MICROS_PER_SECOND);
  const write = compileInstantFormat('timestamp', 'us');
  const range =
    unit === 'ns' && max >= INSTANT_INFINITY
      ? `outside of what ${formatType(destination)} holds`
      : `outside of ${write(minMicros)} to ${write(maxMicros)}`;
  return compileWithin(min, max, range, context);
}

/** Units since midnight into a time column: 00:00:00 to 24:00:00, the end of the day only where the destination has it. */
export function compileFitTime(
  destination: TypeOf<'time'>,
  { rules }: ConversionContext,
): (value: bigint) => bigint {
  const end = unitsPerDay(destination.unit);
  const max = rules.endOfDay === false ? end - 1n : end;
  const reason = `outside of 00:00:00 to ${rules.endOfDay === false ? 'the last moment before ' : ''}24:00:00`;
  return (value) => {
    if (value < 0n || value > max) throw CellRejected.of(reason);
    return value;
  };
}

/** Another unit: a finer one is exact, for a coarser one `inexact` decides (to the nearest, halves up). The sentinels stay. */
export function compileChangeUnit(
  from: TimeUnit,
  to: TimeUnit,
  context: ConversionContext,
): (value: bigint) => bigint {
  const fromPerSecond = UNITS_PER_SECOND[from];
  const toPerSecond = UNITS_PER_SECOND[to];
  if (fromPerSecond === toPerSecond) return (value) => value;
  if (toPerSecond > fromPerSecond) {
    const factor = toPerSecond / fromPerSecond;
    return (value) => (isInfiniteInstant(value) ? value : value * factor);
  }
  const divisor = fromPerSecond / toPerSecond;
  const half = divisor / 2n;
  const round = changeOrReject(context, 'inexact', `finer than the column's unit (${to})`);
  return (value) => {
    if (isInfiniteInstant(value)) return value;
    if (value % divisor === 0n) return value / divisor;
    round();
    return floorDivide(value + half, divisor);
  };
}

export const TIME_OF_DAY = 'a time of day, which a date has not';

/** An instant's day; midnight is exact, for another time of day `inexact` decides (`round`: the day it falls on). The sentinels stay. */
export function compileToDay(unit: TimeUnit, context: ConversionContext): (value: bigint) => bigint {
  const perDay = unitsPerDay(unit);
  const cut = changeOrReject(context, 'inexact', TIME_OF_DAY);
  return (value) => {
    if (isInfiniteInstant(value)) return value;
    if (value % perDay !== 0n) cut();
    return floorDivide(value, perDay);
  };
}
