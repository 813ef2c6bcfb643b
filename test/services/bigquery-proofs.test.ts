import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Cell, Row } from '../../core/cells';
import { INT, ONE_FILE, STRING, TIMESTAMP, columnsOf, commitContext } from '../unit/bigquery/commit-fixture';
import { CommitStandIn } from './commit-stand-in';

/** Every kind of value, at both ends of its range. */
const KINDS = columnsOf({
  int: INT,
  bool: { kind: 'bool' },
  float: { kind: 'float', bits: 64 },
  numeric: { kind: 'decimal', precision: 38, scale: 9 },
  money: { kind: 'decimal', precision: 10, scale: 2 },
  // The stand-in keeps 18 digits after the point of a BIGNUMERIC, and 20 before.
  big: { kind: 'decimal', precision: 38, scale: 18 },
  text: STRING,
  raw: { kind: 'bytes' },
  doc: { kind: 'json' },
  day: { kind: 'date' },
  clock: { kind: 'time', unit: 'us' },
  local: { kind: 'datetime', unit: 'us' },
  at: TIMESTAMP,
  many: { kind: 'array', element: INT },
  words: { kind: 'array', element: STRING },
  inner: {
    kind: 'struct',
    fields: [
      { name: 'a', type: INT },
      {
        name: 'b',
        type: { kind: 'array', element: { kind: 'struct', fields: [{ name: 'c', type: STRING }] } },
      },
      { name: 'f', type: { kind: 'float', bits: 64 } },
    ],
  },
});
const [FIRST_INSTANT, LAST_INSTANT] = [-62_135_596_800_000_000n, 253_402_300_799_999_999n];
const KIND_ROWS: Row[] = [
  [
    2n ** 63n - 1n,
    true,
    0.1,
    '12345678901234567890123456789.123456789',
    '-12345678.90',
    '12345678901234567890.123456789012345678',
    'é \u{1f600} "quoted" \\ \n',
    Uint8Array.of(0, 255, 10),
    '{"a": [1, null]}',
    2_932_896n,
    86_399_999_999n,
    LAST_INSTANT,
    LAST_INSTANT,
    [1n, -(2n ** 63n)],
    ['a', '', 'é'],
    [5n, [['x'], [null]], -2.5],
  ],
  [
    -(2n ** 63n),
    false,
    -1.7976931348623157e308,
    '-0.000000001',
    '100.00',
    '-1.000000000000000000',
    '',
    new Uint8Array(),
    'null',
    -719_162n,
    0n,
    FIRST_INSTANT,
    FIRST_INSTANT,
    [],
    [],
    [null, [], NaN],
  ],
  [
    2n ** 63n - 1n,
    true,
    NaN,
    '0',
    '0.10',
    '0',
    'a',
    Uint8Array.of(1),
    '[null]',
    -1n,
    1n,
    -1n,
    -1n,
    [7n],
    ['z'],
    null,
  ],
  KINDS.map(() => null),
  [
    2n ** 63n - 1n,
    null,
    Infinity,
    '7.5',
    '7',
    '7',
    'a',
    Uint8Array.of(1),
    '0',
    0n,
    1n,
    1n,
    1n,
    [7n],
    ['z'],
    [7n, [['y']], 1e300],
  ],
];

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const instant = fc.bigInt({ min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n });
const text = fc.string({ unit: 'grapheme' });

const maybe = (cell: fc.Arbitrary<Cell>): fc.Arbitrary<Cell> => fc.option(cell, { nil: null });

/** Canonical text of a decimal of so many digits, the last of them after the point. */
function decimal(digits: number, scale: number): fc.Arbitrary<string> {
  const most = 10n ** BigInt(digits) - 1n;
  return fc.bigInt({ min: -most, max: most }).map((unscaled) => {
    const sign = unscaled < 0n ? '-' : '';
    const figures = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
    return `${sign}${figures.slice(0, -scale)}.${figures.slice(-scale)}`;
  });
}

const randomRow: fc.Arbitrary<Row> = fc.tuple(
  maybe(int64),
  maybe(fc.boolean()),
  maybe(fc.double()),
  maybe(decimal(38, 9)),
  maybe(decimal(10, 2)),
  maybe(decimal(38, 18)),
  maybe(text),
  maybe(fc.uint8Array()),
  maybe(fc.json()),
  maybe(fc.bigInt({ min: -719_162n, max: 2_932_896n })),
  maybe(fc.bigInt({ min: 0n, max: 86_399_999_999n })),
  maybe(instant),
  maybe(instant),
  fc.array(int64),
  fc.array(text),
  maybe(fc.tuple(maybe(int64), fc.array(fc.tuple(maybe(text))), maybe(fc.double()))),
);

describe('the proofs of a strict commit, as the stand-in for BigQuery answers them', function () {
  this.timeout(120_000);
  let standIn: CommitStandIn;
  before(async () => {
    standIn = await CommitStandIn.start();
  });
  after(() => standIn.stop());

  for (const stagingFormat of ['avro', 'ndjson'] as const) {
    it(`all kinds of values are what the digests say: ${stagingFormat}`, async () => {
      // JSON has no NaN and no infinities.
      const rows =
        stagingFormat === 'avro' ? KIND_ROWS : KIND_ROWS.map((cells) => cells.map((cell) => finite(cell)));
      const table = standIn.newTable();
      const runId = `kinds-${stagingFormat}`;
      const context = commitContext(KINDS, { stagingFormat, verify: 'strict', createTable: true, runId });
      const planned = await standIn.plan(
        context,
        await standIn.stage(context, [rows.slice(0, 2), rows.slice(2)]),
        table,
      );
      assert.equal(await standIn.carryOut(planned), rows.length);
    });
  }

  it('random values of all kinds are what the digests say', async () => {
    const rows = fc.sample(randomRow, { seed: 4, numRuns: 300 });
    const table = standIn.newTable();
    const context = commitContext(KINDS, { verify: 'strict', createTable: true, runId: 'kinds-random' });
    const planned = await standIn.plan(
      context,
      await standIn.stage(context, [rows.slice(0, 100), rows.slice(100)]),
      table,
      {
        limits: ONE_FILE,
      },
    );
    assert.equal(planned.temporaryTables.length, 2);
    assert.equal(await standIn.carryOut(planned), rows.length);
  });

  it('a value that was changed, lost or doubled is found, whatever its kind', async () => {
    const rows = KIND_ROWS.map((cells) => cells.map((cell) => finite(cell)));
    const table = standIn.newTable();
    const context = commitContext(KINDS, { verify: 'strict', createTable: true, runId: 'changes' });
    const planned = await standIn.plan(context, await standIn.stage(context, [rows]), table);
    const [temporary] = planned.temporaryTables;
    assert.ok(temporary);
    await standIn.create(temporary.reference, temporary.resource);
    for (const { configuration } of planned.prepare) await standIn.runJob(configuration);
    assert.deepEqual(await standIn.disproved(planned), []);
    const name = `\`${temporary.reference.tableId}\``;
    const changes: Record<string, string> = {
      int: '9223372036854775806',
      bool: 'FALSE',
      float: '0.10000000000000002',
      numeric: "NUMERIC '12345678901234567890123456789.123456788'",
      money: "NUMERIC '-12345678.91'",
      big: "BIGNUMERIC '12345678901234567890.123456789012345677'",
      text: "'è'",
      raw: "b'\\x00\\xff\\x0b'",
      doc: 'NULL',
      day: "DATE '9999-12-30'",
      clock: "TIME '23:59:59.999998'",
      local: "DATETIME '9999-12-31 23:59:59.999998'",
      at: "TIMESTAMP '9999-12-31 23:59:59.999998+00'",
      many: '[1, -9223372036854775807]',
      words: "['a', 'é', 'é']",
      inner: "STRUCT(5 AS a, [STRUCT('x' AS c), STRUCT('' AS c)] AS b, -2.5 AS f)",
    };
    const replaced = Object.entries(changes).map(
      ([column, value]) => `IF(clock = TIME '23:59:59.999999', ${value}, \`${column}\`) AS \`${column}\``,
    );
    await standIn.bigquery.query(`CREATE TABLE saved AS SELECT * FROM ${name}`);
    await standIn.bigquery.query(
      `CREATE OR REPLACE TABLE ${name} AS SELECT * REPLACE (${replaced.join(', ')}) FROM saved`,
    );
    const wrong = await standIn.disproved(planned);
    const found = new Set(wrong.map((words) => /of "(\w+)"/.exec(words)?.[1]));
    assert.deepEqual([...found].sort(), Object.keys(changes).sort(), wrong.join('\n'));
    await standIn.bigquery.query(
      `CREATE OR REPLACE TABLE ${name} AS SELECT * FROM saved UNION ALL SELECT * FROM saved WHERE bool IS FALSE`,
    );
    assert.ok((await standIn.disproved(planned)).some((words) => words.startsWith('rows: 6, not 5')));
  });
});

function finite(cell: Cell): Cell {
  if (typeof cell === 'number') return Number.isFinite(cell) ? cell : 1.5;
  return Array.isArray(cell) ? cell.map((inner: Cell) => finite(inner)) : cell;
}
