import fc from 'fast-check';
import * as judge from './judge';
import { NUMERIC, anyText, decimals, shortText, type SourceKind } from './source-kind';

/** Fields of CSV and JSONL files: texts that say a value. The files have no types, so that there are only tables that exist. */
const field = (type: string, values: fc.Arbitrary<string>, judged: judge.Judge): SourceKind => ({
  ...{ type, values, shown: (text: string) => text, created: undefined },
  existing: [{ field: { type }, judge: judged }],
});
const days = (text: string): string => String(Date.parse(`${text.slice(0, 10)}T00:00:00Z`) / 86_400_000);

const clockText = fc.constantFrom('00:00:00', '23:59:59.999999', '12:34', '24:00:00');
const instantText = fc.constantFrom(
  ...['0001-01-01 00:00:00', '9999-12-31T23:59:59.999999', '1899-12-31 23:59:59.9', '2024-02-29'],
);

export const TEXT_KINDS: readonly SourceKind[] = [
  field('STRING', anyText, judge.same),
  { ...field('STRING', anyText, judge.same), existing: [shortText(10)] },
  field('INTEGER', fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(String), judge.wholeNumber),
  field('FLOAT', fc.double({ noNaN: true, noDefaultInfinity: true }).map(String), judge.float),
  {
    ...field('NUMERIC', fc.oneof(decimals(29, 9), decimals(5, 12), fc.constant('NaN')), judge.decimal(29, 9)),
    existing: [
      NUMERIC,
      { field: { type: 'NUMERIC', precision: '8', scale: '1' }, judge: judge.decimal(7, 1) },
    ],
  },
  field('BOOLEAN', fc.constantFrom('true', 'FALSE', 'maybe'), (text) => {
    if (text === 'maybe') throw new judge.Refused('no bool');
    return text.toLowerCase();
  }),
  {
    ...field(
      'BYTES',
      fc.uint8Array({ maxLength: 8 }).map((bytes) => `\\x${Buffer.from(bytes).toString('hex')}`),
      judge.same,
    ),
    existing: [
      {
        field: { type: 'BYTES', maxLength: '5' },
        judge: (text, trial) => judge.bytesAtMost(5)(text.slice(2), trial),
      },
    ],
  },
  field('DATE', fc.constantFrom('0001-01-01', '9999-12-31', '10000-01-01', '1969-12-31'), (text, trial) =>
    judge.day(text === '10000-01-01' ? '2932897' : days(text), trial),
  ),
  field('TIME', clockText, (text, trial) => judge.clock(judge.microsecondsOfClock(text), trial)),
  ...['DATETIME', 'TIMESTAMP'].map((type) =>
    field(type, instantText, (text, trial) => {
      const [, clock = '00:00'] = text.split(/[T ]/);
      const micros = BigInt(days(text)) * 86_400_000_000n + BigInt(judge.microsecondsOfClock(clock));
      return judge.instant(String(micros), trial);
    }),
  ),
  field(
    'JSON',
    fc.json({ maxDepth: 2 }).filter((text) => !/^"|\\u0000|\\ud/i.test(text)),
    judge.json,
  ),
];
