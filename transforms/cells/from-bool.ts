import { NONE_BYTES, NONE_CALENDAR, NONE_LIST, NONE_STRUCT, NONE_UUID } from './no-rule';
import { keepCell, ofBoolean, type RulesFrom } from './rule';
import { compileFitDecimal } from './to-number';
import { compileFitPlainText } from './to-text';

export const FROM_BOOL: RulesFrom<'bool'> = {
  bool: { name: 'same', description: 'As it is.', compile: () => keepCell },
  int: {
    name: '1 or 0',
    description: '1 for true, 0 for false.',
    compile: () => ofBoolean((value) => (value ? 1n : 0n)),
  },
  float: {
    name: '1 or 0',
    description: '1 for true, 0 for false.',
    compile: () => ofBoolean((value) => (value ? 1 : 0)),
  },
  decimal: {
    name: '1 or 0',
    description:
      '1 for true, 0 for false; a column without a digit before the point has no 1, and true is a reject.',
    compile: (_source, destination, context) => {
      const fit = compileFitDecimal(destination, context);
      return ofBoolean((value) => fit(value ? '1' : '0'));
    },
  },
  string: {
    name: 'text',
    description: '`true` or `false`.',
    compile: (_source, destination) => {
      const fit = compileFitPlainText(destination);
      return ofBoolean((value) => fit(value ? 'true' : 'false'));
    },
  },
  json: {
    name: 'JSON',
    description: '`true` or `false`.',
    compile: () => ofBoolean((value) => (value ? 'true' : 'false')),
  },
  bytes: NONE_BYTES,
  uuid: NONE_UUID,
  date: NONE_CALENDAR,
  time: NONE_CALENDAR,
  datetime: NONE_CALENDAR,
  timestamp: NONE_CALENDAR,
  interval: NONE_CALENDAR,
  array: NONE_LIST,
  struct: NONE_STRUCT,
};
