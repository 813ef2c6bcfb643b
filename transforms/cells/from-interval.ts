import { formatInterval } from '../interval-text';
import { NONE_BYTES, NONE_LIST, NONE_NUMBER, NONE_POINT, NONE_STRUCT, NONE_UUID } from './no-rule';
import { keepCell, ofInterval, type RulesFrom } from './rule';
import { compileFitPlainText } from './to-text';

export const FROM_INTERVAL: RulesFrom<'interval'> = {
  interval: {
    name: 'same',
    description: 'As it is: months, days and microseconds.',
    compile: () => keepCell,
  },
  string: {
    name: 'ISO text',
    description: 'ISO 8601 with a sign on each number: `P1Y2M3DT4H5M6.5S`, `P-1M3DT-0.5S`.',
    compile: (_source, destination) => {
      const fit = compileFitPlainText(destination);
      return ofInterval((value) => fit(formatInterval(value)));
    },
  },
  json: {
    name: 'JSON text',
    description: 'The same text as a JSON string.',
    compile: () => ofInterval((value) => `"${formatInterval(value)}"`),
  },
  bool: NONE_NUMBER,
  int: NONE_NUMBER,
  float: NONE_NUMBER,
  decimal: NONE_NUMBER,
  bytes: NONE_BYTES,
  uuid: NONE_UUID,
  date: NONE_POINT,
  time: NONE_POINT,
  datetime: NONE_POINT,
  timestamp: NONE_POINT,
  array: NONE_LIST,
  struct: NONE_STRUCT,
};
