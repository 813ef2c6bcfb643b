import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DEFAULT_POLICIES } from '../../../core/policies';
import type { DestinationRules } from '../../../core/destination-rules';
import type { ColumnType } from '../../../core/schema';
import { BIGQUERY_RULES } from '../../../loaders/bigquery/rules';
import { DUCKDB_RULES } from '../../../loaders/duckdb/rules';
import { compileCell } from '../../../transforms/cells';
import { compileTextWriter } from '../../../transforms/compiled/text-writer';
import { oddText, TEXT_CASES, type TextCase } from './arbitrary-text';
import { RecordingSink, recorded } from './recording-sink';

const STRING: ColumnType = { kind: 'string' };

/** What the reference makes of it; undefined: it refuses the text, or loses something of it. */
function byReference(type: ColumnType, rules: DestinationRules, text: string): unknown {
  let losses = 0;
  const convert = compileCell(STRING, type, {
    rules,
    policies: DEFAULT_POLICIES,
    lose: () => {
      losses++;
    },
  });
  let cell;
  try {
    cell = convert(text);
  } catch {
    return undefined;
  }
  return losses > 0 || cell === null ? undefined : recorded(type, cell);
}

/** What the writer makes of it between other bytes; undefined: it leaves it to the reference. */
function byWriter(type: ColumnType, rules: DestinationRules, text: string): unknown {
  const sink = new RecordingSink();
  const write = compileTextWriter(STRING, type, rules, sink);
  assert.ok(write !== undefined);
  const value = Buffer.from(text, 'utf8');
  const bytes = Buffer.concat([Buffer.from('1.9'), value, Buffer.from('5')]);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return write(bytes, view, 3, value.length) ? sink.take() : undefined;
}

const someRules = fc.constantFrom(BIGQUERY_RULES, DUCKDB_RULES, {
  ...BIGQUERY_RULES,
  nulCharacter: false,
  nullDocument: false,
});

const oneCase = fc.oneof(
  ...TEXT_CASES.map((each) =>
    fc.record({
      each: fc.constant(each),
      rules: someRules,
      text: fc.oneof(
        { weight: 4, arbitrary: each.plain },
        { weight: 2, arbitrary: damaged(each) },
        { weight: 1, arbitrary: oddText },
      ),
    }),
  ),
);

/** A plain text with a character put in, or changed. */
function damaged({ plain }: TextCase): fc.Arbitrary<string> {
  return fc
    .tuple(
      plain,
      fc.nat(),
      fc.constantFrom(...Array.from('0123456789-+.eE:TZ "\\{}[]u,\u0000é😀')),
      fc.nat({ max: 1 }),
    )
    .map(([text, place, put, remove]) => {
      const at = place % (text.length + 1);
      return text.slice(0, at) + put + text.slice(at + remove);
    });
}

describe('compiled: texts', () => {
  it('are written as the reference writes them, or left to it', () => {
    let byBoth = 0;
    fc.assert(
      fc.property(oneCase, ({ each, rules, text }) => {
        // Sources send valid UTF-8.
        if (/\p{Surrogate}/u.test(text)) return;
        const bytes = byWriter(each.type, rules, text);
        if (bytes === undefined) return;
        byBoth++;
        assert.deepEqual(bytes, byReference(each.type, rules, text));
      }),
      { numRuns: 6000 },
    );
    assert.ok(byBoth > 2000, `${byBoth}`);
  });

  it('are taken by the writer in their plain form, whatever the value', () => {
    for (const { type, plain } of TEXT_CASES) {
      fc.assert(
        fc.property(plain, (text) => {
          const expected = byReference(type, DUCKDB_RULES, text);
          if (expected !== undefined) assert.deepEqual(byWriter(type, DUCKDB_RULES, text), expected);
        }),
        { numRuns: 200 },
      );
    }
  });

  const examples: readonly [ColumnType, string, readonly string[], readonly string[]][] = [
    [
      { kind: 'int', bits: 64 },
      'ints',
      [
        '0',
        '-7',
        '007',
        '999999999999999',
        '1000000000000000',
        '9223372036854775807',
        '-9223372036854775807',
      ],
      ['', '-', '+5', '5.00', '9223372036854775808', '1e3', ' 1'],
    ],
    [{ kind: 'int', bits: 8 }, 'small ints', ['-128', '127', '0127'], ['128', '-129', '1234567890123456']],
    [
      { kind: 'int', bits: 64, unsigned: true },
      'unsigned ints',
      ['0', '9223372036854775807'],
      ['-1', '-1234567890123456'],
    ],
    [
      { kind: 'decimal', precision: 38, scale: 9 },
      'decimals',
      [
        '0',
        '-0.00',
        '12345678.9',
        '9007199254.740993',
        '-123456789012.34',
        '99999999999999999999999999999.999999999',
      ],
      ['', '.5', '5.', '1.0000000000', '1e3', '100000000000000000000000000000'],
    ],
    [
      { kind: 'float', bits: 64 },
      'floats',
      ['0', '-0', '1.5', '1e22', '0.1', '0.30000000000000004', '1.7976931348623157e+308'],
      ['123456789012345678', 'NaN', 'inf', '1e400', '0x10', '', '9007199254740993'],
    ],
    [{ kind: 'bool' }, 'bools', ['t', 'F', 'TRUE', 'off', '1', '0', 'Yes'], ['', '2', 'tru', '\u0011']],
    [
      { kind: 'timestamp', unit: 'us' },
      'instants',
      [
        '0001-01-01',
        '9999-12-31 23:59:59.999999',
        '2024-02-29T12:00Z',
        '1969-12-31 23:59:59.9+05:30',
        '2024-01-01 00:00:00.1234560-08',
      ],
      [
        '2023-02-29',
        '2024-01-01 24:00',
        '2024-01-01 00:00:60',
        '2024-01-01 00:00:00.1234567',
        '12024-01-01',
        '0000-00-00',
        'infinity',
      ],
    ],
    [
      { kind: 'json' },
      'documents',
      ['{}', ' [1, -2.5, "\\u00e9\\ud83d\\ude00", true, null] ', '123456789012345678'],
      ['', '{', '[1,]', '"\\ud83d"', '"\\u0000"', '01', '1e5', '0.1234567890123456'],
    ],
    [
      { kind: 'uuid' },
      'uuids',
      ['00112233-4455-6677-8899-AABBccddeeff'],
      ['00112233445566778899aabbccddeeff', ''],
    ],
    [{ kind: 'string', maxLength: 3 }, 'short texts', ['', 'abc', 'äöü', '😀😀😀'], ['abcd', '😀😀😀x']],
    [{ kind: 'string', values: ['a', 'ä', ''] }, 'values', ['a', 'ä', ''], ['b', 'A']],
  ];
  for (const [type, what, taken, left] of examples) {
    it(`of ${what} are taken or left as documented`, () => {
      for (const text of taken) {
        const expected = byReference(type, BIGQUERY_RULES, text);
        assert.ok(expected !== undefined, text);
        assert.deepEqual(byWriter(type, BIGQUERY_RULES, text), expected, text);
      }
      for (const text of left) assert.equal(byWriter(type, BIGQUERY_RULES, text), undefined, text);
    });
  }
});
