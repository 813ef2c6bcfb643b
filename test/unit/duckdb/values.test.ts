import assert from 'node:assert/strict';
import fc from 'fast-check';
import { INSTANT_INFINITY, INSTANT_MINUS_INFINITY, type Cell, type Row } from '../../../core/cells';
import type { ColumnType } from '../../../core/schema';
import { DuckdbFixture } from './duckdb-fixture';
import { Oracle } from './oracle';

const INT = (bits: 8 | 16 | 32 | 64 | 128, unsigned = false): ColumnType => ({ kind: 'int', bits, unsigned });
const DECIMAL = (precision: number, scale: number): ColumnType => ({ kind: 'decimal', precision, scale });
const ARRAY = (element: ColumnType): ColumnType => ({ kind: 'array', element });
const STRUCT = (...fields: [string, ColumnType][]): ColumnType => ({
  kind: 'struct',
  fields: fields.map(([name, type]) => ({ name, type })),
});
const TEXT: ColumnType = { kind: 'string' };
const BYTES: ColumnType = { kind: 'bytes' };
const JSON_TYPE: ColumnType = { kind: 'json' };
const DOUBLE: ColumnType = { kind: 'float', bits: 64 };
const FLOAT: ColumnType = { kind: 'float', bits: 32 };
const DATE: ColumnType = { kind: 'date' };
const DATETIME: ColumnType = { kind: 'datetime', unit: 'us' };
const NANOS: ColumnType = { kind: 'datetime', unit: 'ns' };
const TIMESTAMP: ColumnType = { kind: 'timestamp', unit: 'us' };
const TIME: ColumnType = { kind: 'time', unit: 'us' };
const INTERVAL: ColumnType = { kind: 'interval' };
const UUID: ColumnType = { kind: 'uuid' };

/** What DuckDB is asked of column `c`, and its answer. Each was written down by hand, not computed by what is tested. */
type Case = readonly [type: ColumnType, cell: Cell, ask: string, answer: string | null];

const CASES: readonly Case[] = [
  [{ kind: 'bool' }, true, 'c::VARCHAR', 'true'],
  [{ kind: 'bool' }, false, 'c::VARCHAR', 'false'],
  [INT(8), -128n, 'c::VARCHAR', '-128'],
  [INT(8, true), 255n, 'c::VARCHAR', '255'],
  [INT(16), -32768n, 'c::VARCHAR', '-32768'],
  [INT(16, true), 65535n, 'c::VARCHAR', '65535'],
  [INT(32), -2147483648n, 'c::VARCHAR', '-2147483648'],
  [INT(32, true), 4294967295n, 'c::VARCHAR', '4294967295'],
  [INT(64), 9007199254740993n, 'c::VARCHAR', '9007199254740993'],
  [INT(64), -(2n ** 63n), 'c::VARCHAR', '-9223372036854775808'],
  [INT(64, true), 2n ** 64n - 1n, 'c::VARCHAR', '18446744073709551615'],
  [INT(128), -(2n ** 127n), 'c::VARCHAR', '-170141183460469231731687303715884105728'],
  [INT(128), 2n ** 127n - 1n, 'c::VARCHAR', '170141183460469231731687303715884105727'],
  [INT(128, true), 2n ** 128n - 1n, 'c::VARCHAR', '340282366920938463463374607431768211455'],
  [DOUBLE, 1e308, 'c::VARCHAR', '1e+308'],
  [DOUBLE, 5e-324, 'c::VARCHAR', '5e-324'],
  [DOUBLE, 0.1, 'c::VARCHAR', '0.1'],
  [DOUBLE, 5.7, 'c::VARCHAR', '5.7'],
  [DOUBLE, -0, 'c::VARCHAR', '-0.0'],
  [DOUBLE, Number.NaN, 'isnan(c)::VARCHAR', 'true'],
  [DOUBLE, Infinity, "(c = 'infinity'::DOUBLE)::VARCHAR", 'true'],
  [DOUBLE, -Infinity, "(c = '-infinity'::DOUBLE)::VARCHAR", 'true'],
  [FLOAT, Math.fround(0.1), "(c = '0.1'::FLOAT)::VARCHAR", 'true'],
  [FLOAT, 2 ** -149, 'c::DOUBLE::VARCHAR', '1.401298464324817e-45'],
  [FLOAT, Number.NaN, 'isnan(c)::VARCHAR', 'true'],
  [DECIMAL(38, 0), '9'.repeat(38), 'c::VARCHAR', '9'.repeat(38)],
  [DECIMAL(38, 38), `-0.${'9'.repeat(38)}`, 'c::VARCHAR', `-.${'9'.repeat(38)}`],
  [DECIMAL(18, 4), '0.0005', 'c::VARCHAR', '0.0005'],
  [DECIMAL(12, 2), '1234567890.10', 'c::VARCHAR', '1234567890.10'],
  [TEXT, '', "(c = '')::VARCHAR", 'true'],
  [TEXT, null, 'c', null],
  [TEXT, 'null', 'c', 'null'],
  [TEXT, 'a\0b', 'hex(c)', '610062'],
  [TEXT, '\u{1f600}é', 'hex(c)', 'F09F9880C3A9'],
  [TEXT, '"\\\n\r\t\u001f\u007f\u2028', 'hex(c)', '225C0A0D091F7FE280A8'],
  [TEXT, "'; DROP TABLE t; --", 'c', "'; DROP TABLE t; --"],
  [TEXT, '12345678901234567890.50', 'c', '12345678901234567890.50'],
  [BYTES, Buffer.from('00ff61c3', 'hex'), 'hex(c)', '00FF61C3'],
  [BYTES, new Uint8Array(0), '(octet_length(c) = 0)::VARCHAR', 'true'],
  [
    JSON_TYPE,
    '{"a": 1.50, "b":12345678901234567890123, "a":2}',
    'c::VARCHAR',
    '{"a": 1.50, "b":12345678901234567890123, "a":2}',
  ],
  [JSON_TYPE, 'null', 'c::VARCHAR', 'null'],
  [JSON_TYPE, '"a\\u0000b"', 'c::VARCHAR', '"a\\u0000b"'],
  [JSON_TYPE, ' [1e400,\n -0]', 'c::VARCHAR', ' [1e400,\n -0]'],
  [UUID, 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'c::VARCHAR', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
  [UUID, '00000000-0000-0000-0000-000000000001', 'c::VARCHAR', '00000000-0000-0000-0000-000000000001'],
  [DATE, 0n, 'c::VARCHAR', '1970-01-01'],
  [DATE, -735160n, 'c::VARCHAR', '0044-03-15 (BC)'],
  [DATE, 2932897n, 'c::VARCHAR', '10000-01-01'],
  [DATE, INSTANT_INFINITY, 'c::VARCHAR', 'infinity'],
  [DATE, INSTANT_MINUS_INFINITY, 'c::VARCHAR', '-infinity'],
  [DATETIME, 1n, 'c::VARCHAR', '1970-01-01 00:00:00.000001'],
  [DATETIME, -63517787328000000n, 'c::VARCHAR', '0044-03-15 (BC) 10:11:12'],
  [DATETIME, 9223372036854775806n, 'epoch_us(c)::VARCHAR', '9223372036854775806'],
  [DATETIME, -9223372022400000000n, 'epoch_us(c)::VARCHAR', '-9223372022400000000'],
  [DATETIME, INSTANT_INFINITY, 'c::VARCHAR', 'infinity'],
  [{ kind: 'datetime', unit: 's' }, -1n, 'c::VARCHAR', '1969-12-31 23:59:59'],
  [{ kind: 'datetime', unit: 'ms' }, 253402300799999n, 'c::VARCHAR', '9999-12-31 23:59:59.999'],
  [NANOS, 1704067200123456789n, 'c::VARCHAR', '2024-01-01 00:00:00.123456789'],
  [NANOS, INSTANT_MINUS_INFINITY, 'c::VARCHAR', '-infinity'],
  [TIMESTAMP, 1704067200123456n, 'c::VARCHAR', '2024-01-01 00:00:00.123456+00'],
  [TIMESTAMP, -63517787328000000n, 'c::VARCHAR', '0044-03-15 (BC) 10:11:12+00'],
  [TIMESTAMP, 9223372036854775806n, 'epoch_us(c)::VARCHAR', '9223372036854775806'],
  [TIMESTAMP, -9223372022400000000n, 'epoch_us(c)::VARCHAR', '-9223372022400000000'],
  [TIMESTAMP, INSTANT_INFINITY, 'c::VARCHAR', 'infinity'],
  [TIME, 0n, 'c::VARCHAR', '00:00:00'],
  [TIME, 86400000000n, 'c::VARCHAR', '24:00:00'],
  [TIME, 86399999999n, 'c::VARCHAR', '23:59:59.999999'],
  [{ kind: 'time', unit: 'ns' }, 86399999999999n, 'c::VARCHAR', '23:59:59.999999999'],
  [INTERVAL, [14n, -3n, 500n], 'c::VARCHAR', '1 year 2 months -3 days 00:00:00.0005'],
  [INTERVAL, [-14n, 3n, -1n], 'c::VARCHAR', '-1 year -2 months 3 days -00:00:00.000001'],
  [
    INTERVAL,
    [2147483647n, -2147483648n, 9223372036854775807n],
    'epoch_us(c - to_months(2147483647) - to_days(-2147483648))::VARCHAR',
    '9223372036854775807',
  ],
  [INTERVAL, [0n, 0n, 0n], 'c::VARCHAR', '00:00:00'],
  [ARRAY(TEXT), [], '(len(c) = 0)::VARCHAR', 'true'],
  [ARRAY(TEXT), null, 'c', null],
  [ARRAY(TEXT), [null], 'c[1]', null],
  [ARRAY(TEXT), ['a', null, ''], 'to_json(c)::VARCHAR', '["a",null,""]'],
  [ARRAY(INT(64)), [2n ** 63n - 1n, null, 1n], 'c::VARCHAR', '[9223372036854775807, NULL, 1]'],
  [
    ARRAY(DECIMAL(38, 10)),
    ['1234567890123456789012345678.0123456789', null],
    'c::VARCHAR',
    '[1234567890123456789012345678.0123456789, NULL]',
  ],
  [
    ARRAY(BYTES),
    [Buffer.from('ff00', 'hex'), null, new Uint8Array(0)],
    'list_transform(c, lambda x: hex(x))::VARCHAR',
    "[FF00, NULL, '']",
  ],
  [
    ARRAY(JSON_TYPE),
    ['{"a": 1.50}', null, 'null'],
    'c[1]::VARCHAR || c[3]::VARCHAR || (c[2] IS NULL)::VARCHAR',
    '{"a": 1.50}nulltrue',
  ],
  [ARRAY(TIMESTAMP), [0n, INSTANT_INFINITY], 'c::VARCHAR', "['1970-01-01 00:00:00+00', infinity]"],
  [ARRAY(INTERVAL), [[1n, 0n, 0n], null], 'c::VARCHAR', '[1 month, NULL]'],
  [
    ARRAY(ARRAY(BYTES)),
    [[Buffer.from('01', 'hex')], null, []],
    'list_transform(c, lambda x: list_transform(x, lambda y: hex(y)))::VARCHAR',
    '[[01], NULL, []]',
  ],
  [ARRAY(ARRAY(DOUBLE)), [[0.1, Number.NaN], [-0]], 'c::VARCHAR', '[[0.1, nan], [-0.0]]'],
  [STRUCT(['a', INT(32)]), null, 'c', null],
  [STRUCT(['a', INT(32)], ['b', BYTES]), null, 'c', null],
  [STRUCT(['a', BYTES], ['b', TEXT]), [null, null], '(c IS NOT NULL AND c.a IS NULL)::VARCHAR', 'true'],
  [
    STRUCT(["it's", BYTES], ['a "b"', DECIMAL(20, 2)], ['__proto__', TEXT]),
    [Buffer.from('61'), '1.10', 'p'],
    `hex(c."it's") || '|' || c."a ""b"""::VARCHAR || '|' || c."__proto__"`,
    '3631|1.10|p',
  ],
  [
    STRUCT(['a', ARRAY(STRUCT(['d', DECIMAL(38, 2)], ['j', JSON_TYPE], ['x', BYTES]))]),
    [[['0.10', '1.50', Buffer.from('ab', 'hex')], null]],
    "c.a[1].d::VARCHAR || ' ' || c.a[1].j::VARCHAR || ' ' || hex(c.a[1].x) || ' ' || (c.a[2] IS NULL)::VARCHAR",
    '0.10 1.50 AB true',
  ],
  [
    ARRAY(STRUCT(['when', DATE], ['u', UUID], ['n', INT(128)])),
    [[0n, '00000000-0000-0000-0000-000000000001', 2n ** 127n - 1n]],
    "c[1].when::VARCHAR || ' ' || c[1].u::VARCHAR || ' ' || c[1].n::VARCHAR",
    '1970-01-01 00000000-0000-0000-0000-000000000001 170141183460469231731687303715884105727',
  ],
];

describe('values in DuckDB', () => {
  const oracle = new Oracle();
  let fixture: DuckdbFixture;
  after(() => oracle.close());
  beforeEach(async () => (fixture = await DuckdbFixture.make(oracle)));
  afterEach(async () => await fixture.remove());

  // Plans of versions before Parquet have NDJSON.
  for (const stagingFormat of ['parquet', 'ndjson'] as const) {
    it(`are what was staged, for each of ${CASES.length} values: ${stagingFormat}`, async () => {
      const columns = CASES.map(([type], index) => [`v${index}`, type] as const);
      await fixture.load(columns, [[CASES.map(([, cell]) => cell)]], { stagingFormat });
      const asked = CASES.map(([, , ask], index) => ask.replace(/\bc\b/g, `v${index}`));
      const [answers] = await fixture.ask(`SELECT ${asked.join(', ')} FROM t`);
      const table = (answer: (index: number) => unknown) =>
        CASES.map(([type, , ask], index) => `${index} ${type.kind} ${ask}: ${String(answer(index))}`).join(
          '\n',
        );
      assert.equal(
        table((index) => answers?.[index]),
        table((index) => CASES[index]?.[3]),
      );
    });
  }

  it('are the same floats, texts, decimals and bytes, whatever they are', async () => {
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
    const row = fc.tuple(
      finite,
      fc.float({ noNaN: true, noDefaultInfinity: true }),
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.string({ unit: 'binary', maxLength: 12 }).filter((text) => !/\p{Surrogate}/u.test(text)),
      fc.bigInt(-(10n ** 38n) + 1n, 10n ** 38n - 1n),
      fc.uint8Array({ maxLength: 8 }),
    );
    const rows = fc.sample(row, { numRuns: 600, seed: 7 });
    const cells: Row[] = rows.map(([double, float, text, binary, unscaled, bytes], index) => [
      BigInt(index),
      double,
      float,
      text,
      binary,
      decimalText(unscaled, 9),
      bytes,
    ]);
    await fixture.load(
      [
        ['n', INT(32)],
        ['d', DOUBLE],
        ['f', FLOAT],
        ['s', TEXT],
        ['b', TEXT],
        ['m', DECIMAL(38, 9)],
        ['x', BYTES],
      ],
      [cells.slice(0, 250), cells.slice(250)],
    );
    const found = await fixture.ask(
      'SELECT d::VARCHAR, f::DOUBLE::VARCHAR, hex(s), hex(b), m::VARCHAR, hex(x) FROM t ORDER BY n',
    );
    assert.equal(found.length, rows.length);
    for (const [index, [double, float, text, binary, unscaled, bytes]] of rows.entries()) {
      const [d, f, s, b, m, x] = found[index] ?? [];
      assert.ok(Object.is(Number(d), double), `${String(d)} is ${double}`);
      assert.ok(Object.is(Number(f), float), `${String(f)} is ${float}`);
      assert.equal(s, Buffer.from(text).toString('hex').toUpperCase());
      assert.equal(b, Buffer.from(binary).toString('hex').toUpperCase());
      assert.equal(m, decimalText(unscaled, 9));
      assert.equal(x, Buffer.from(bytes).toString('hex').toUpperCase());
    }
  });

  it('reads rows that are longer than the buffer it asks for', async () => {
    const lengths = [10, 3_500_000, 20, 1_048_576, 1_048_500, 2_097_152, 5];
    const rows = lengths.map((length, index): Row => [BigInt(index), 'é'.repeat(length / 2)]);
    const columns = [
      ['n', INT(32)],
      ['s', TEXT],
    ] as const;
    await fixture.load(columns, [rows]);
    assert.deepEqual(
      await fixture.ask('SELECT octet_length(encode(s))::VARCHAR FROM t ORDER BY n'),
      lengths.map((length) => [String(2 * Math.floor(length / 2))]),
    );
  });

  it('takes column names of any kind', async () => {
    const names = [
      'filename',
      'rowid',
      'file_row_number',
      'select',
      'a"b',
      "it's",
      'a.b',
      ' ',
      '1',
      'staged',
      'e0',
      '__proto__',
      'é😀',
      'line\nfeed',
      'UPPER',
    ];
    await fixture.load(
      names.map((name) => [name, TEXT] as const),
      [[names.map((name) => `in ${name}`)]],
    );
    assert.deepEqual(await fixture.ask('SELECT * FROM t'), [names.map((name) => `in ${name}`)]);
    assert.deepEqual(
      await fixture.ask(
        "SELECT column_name FROM duckdb_columns() WHERE table_name = 't' ORDER BY column_index",
      ),
      names.map((name) => [name]),
    );
  });
});

function decimalText(unscaled: bigint, scale: number): string {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
