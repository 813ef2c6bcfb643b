import { bytesOfUuid } from '../uuid-text';
import { compileFitBytes } from './from-bytes';
import { NONE_CALENDAR, NONE_LIST, NONE_NUMBER, NONE_STRUCT } from './no-rule';
import { keepCell, ofText, type RulesFrom } from './rule';
import { compileFitPlainText } from './to-text';

export const FROM_UUID: RulesFrom<'uuid'> = {
  uuid: { name: 'same', description: 'As it is.', compile: () => keepCell },
  string: {
    name: 'text',
    description: 'Lower case, with hyphens.',
    compile: (_source, destination) => ofText(compileFitPlainText(destination)),
  },
  json: {
    name: 'JSON text',
    description: 'The same text as a JSON string.',
    compile: () => ofText((value) => `"${value}"`),
  },
  bytes: {
    name: '16 bytes',
    description: 'Its 16 bytes, in the order of RFC 9562.',
    compile: (_source, destination) => {
      const fit = compileFitBytes(destination);
      return ofText((text) => fit(bytesOfUuid(text)));
    },
  },
  bool: NONE_NUMBER,
  int: NONE_NUMBER,
  float: NONE_NUMBER,
  decimal: NONE_NUMBER,
  date: NONE_CALENDAR,
  time: NONE_CALENDAR,
  datetime: NONE_CALENDAR,
  timestamp: NONE_CALENDAR,
  interval: NONE_CALENDAR,
  array: NONE_LIST,
  struct: NONE_STRUCT,
};
