import { formatDate, isCalendarDay, isInfiniteInstant } from '../../core/instant-format';
import {
  NONE_BYTES,
  NONE_CLOCK,
  NONE_INSTANT_NUMBER,
  NONE_LENGTH,
  NONE_LIST,
  NONE_STRUCT,
  NONE_UUID,
} from './no-rule';
import { compileUnusual, nullOrReject } from './policy-actions';
import type { CellFunction, RuleContext, RulesFrom, TypeOf } from './rule';
import { compileFitDate, compileFitInstant, ofInstant, unitsPerDay } from './to-instant';
import { compileFitPlainText } from './to-text';

export const INSTANT_POLICIES =
  "policy `out_of_range_date` decides beyond the destination's range, `infinity` about 'infinity' where the destination has none, `zero_date` about a date whose month or day is zero";

function toMidnight(
  destination: TypeOf<'datetime'> | TypeOf<'timestamp'>,
  context: RuleContext,
): CellFunction {
  const fit = compileFitInstant(destination, context);
  const perDay = unitsPerDay(destination.unit);
  return ofInstant(context, (days) => fit(isInfiniteInstant(days) ? days : days * perDay));
}

function toText(context: RuleContext, fit: (text: string) => string): CellFunction {
  const unusual = compileUnusual(context, 'string');
  const beyond = nullOrReject(context, 'out_of_range_date', 'beyond the calendar');
  return ofInstant(context, (days) => {
    if (!isCalendarDay(days)) return beyond();
    const text = isInfiniteInstant(days) ? unusual('infinity', formatDate(days)) : formatDate(days);
    return typeof text === 'string' ? fit(text) : text;
  });
}

export const FROM_DATE: RulesFrom<'date'> = {
  date: {
    name: 'range',
    description: `As it is; ${INSTANT_POLICIES}.`,
    compile: (_source, _destination, context) => ofInstant(context, compileFitDate(context)),
  },
  datetime: {
    name: 'midnight',
    description: `Midnight of the day; ${INSTANT_POLICIES}.`,
    compile: (_source, destination, context) => toMidnight(destination, context),
  },
  timestamp: {
    name: 'midnight UTC',
    description: `Midnight of the day in UTC; ${INSTANT_POLICIES}.`,
    compile: (_source, destination, context) => toMidnight(destination, context),
  },
  string: {
    name: 'ISO text',
    description:
      "`YYYY-MM-DD`; years before 1 and beyond 9999 have a sign (`-0043-03-15` is in 44 BC); policy `infinity` decides about 'infinity'.",
    compile: (_source, destination, context) => toText(context, compileFitPlainText(destination)),
  },
  json: {
    name: 'JSON text',
    description: 'The same text as a JSON string.',
    compile: (_source, _destination, context) => toText(context, (text) => `"${text}"`),
  },
  bool: NONE_INSTANT_NUMBER,
  int: NONE_INSTANT_NUMBER,
  float: NONE_INSTANT_NUMBER,
  decimal: NONE_INSTANT_NUMBER,
  bytes: NONE_BYTES,
  uuid: NONE_UUID,
  time: NONE_CLOCK,
  interval: NONE_LENGTH,
  array: NONE_LIST,
  struct: NONE_STRUCT,
};
