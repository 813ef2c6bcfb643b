import { formatTime } from '../../core/instant-format';
import {
  NONE_BYTES,
  NONE_DAY,
  NONE_INSTANT_NUMBER,
  NONE_LENGTH,
  NONE_LIST,
  NONE_STRUCT,
  NONE_UUID,
} from './no-rule';
import { ofBigint, type RulesFrom } from './rule';
import { compileChangeUnit, compileFitTime } from './to-instant';
import { compileFitPlainText } from './to-text';

export const FROM_TIME: RulesFrom<'time'> = {
  time: {
    name: 'unit',
    description:
      'The same time; digits finer than the unit of the column are up to policy `inexact`; outside of 00:00:00 to 24:00:00 is a reject, and so is 24:00:00 where the destination has it not.',
    compile: (source, destination, context) => {
      const fit = compileFitTime(destination, context);
      const change = compileChangeUnit(source.unit, destination.unit, context);
      return ofBigint((value) => fit(change(value)));
    },
  },
  string: {
    name: 'ISO text',
    description: '`HH:MM:SS` with as many digits of a second as the unit of the source has.',
    compile: (source, destination) => {
      const fit = compileFitPlainText(destination);
      return ofBigint((value) => fit(formatTime(value, source.unit)));
    },
  },
  json: {
    name: 'JSON text',
    description: 'The same text as a JSON string.',
    compile: (source) => ofBigint((value) => `"${formatTime(value, source.unit)}"`),
  },
  bool: NONE_INSTANT_NUMBER,
  int: NONE_INSTANT_NUMBER,
  float: NONE_INSTANT_NUMBER,
  decimal: NONE_INSTANT_NUMBER,
  bytes: NONE_BYTES,
  uuid: NONE_UUID,
  date: NONE_DAY,
  datetime: NONE_DAY,
  timestamp: NONE_DAY,
  interval: NONE_LENGTH,
  array: NONE_LIST,
  struct: NONE_STRUCT,
};
