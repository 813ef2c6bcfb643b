import { formatBytes } from '../bytes-text';
import { quoteJson } from '../json-text';
import { uuidOfBytes } from '../uuid-text';
import { NONE_CALENDAR, NONE_LIST, NONE_NUMBER, NONE_STRUCT } from './no-rule';
import { CellRejected, keepCell, ofBytes, type RulesFrom } from './rule';
import { compileFitPlainText } from './to-text';

export const FROM_BYTES: RulesFrom<'bytes'> = {
  bytes: { name: 'same', description: 'As they are.', compile: () => keepCell },
  string: {
    name: 'hex text',
    description:
      '`\\x` and two hexadecimal digits a byte, as PostgreSQL writes bytea; never guessed to be text.',
    compile: (_source, destination) => {
      const fit = compileFitPlainText(destination);
      return ofBytes((value) => fit(formatBytes(value)));
    },
  },
  json: {
    name: 'JSON text',
    description: 'The same `\\x…` text as a JSON string.',
    compile: () => ofBytes((value) => quoteJson(formatBytes(value))),
  },
  uuid: {
    name: '16 bytes',
    description: 'Exactly 16 bytes, in the order of RFC 9562; any other number is a reject.',
    compile: () =>
      ofBytes((value) => {
        const uuid = uuidOfBytes(value);
        if (uuid === undefined) throw CellRejected.of(`${value.length} bytes, a uuid has 16`);
        return uuid;
      }),
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
