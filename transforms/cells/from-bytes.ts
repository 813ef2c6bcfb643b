import { formatBytes } from '../bytes-text';
import { quoteJson } from '../json-text';
import { uuidOfBytes } from '../uuid-text';
import { NONE_CALENDAR, NONE_LIST, NONE_NUMBER, NONE_STRUCT } from './no-rule';
import { CellRejected, keepCell, ofBytes, type RulesFrom, type TypeOf } from './rule';
import { compileFitPlainText } from './to-text';

/** Rejects more bytes than the column holds. */
export function compileFitBytes({ maxLength }: TypeOf<'bytes'>): (bytes: Uint8Array) => Uint8Array {
  if (maxLength === undefined) return (bytes) => bytes;
  return (bytes) => {
    if (bytes.length > maxLength)
      throw CellRejected.of(`${bytes.length} bytes, the column holds ${maxLength}`);
    return bytes;
  };
}

export const FROM_BYTES: RulesFrom<'bytes'> = {
  bytes: {
    name: 'same',
    description: 'As they are; more than the column holds is a reject.',
    compile: (source, destination) => {
      const { maxLength } = destination;
      if (maxLength === undefined || (source.maxLength ?? Infinity) <= maxLength) return keepCell;
      return ofBytes(compileFitBytes(destination));
    },
  },
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
