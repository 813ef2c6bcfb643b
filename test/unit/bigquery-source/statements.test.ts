import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseRange, cutRows, rangeName } from '../../../extractors/bigquery/row-range';
import { columnOfField } from '../../../extractors/bigquery/column-types';
import type { Relation } from '../../../extractors/bigquery/relation';
import { conditionOf, selectStatement, sqlString } from '../../../extractors/bigquery/select-statement';
import { datasetOf, sqlColumn, tableOf } from '../../../extractors/bigquery/table-name';
import { hasCode } from '../../has-code';

const fields = [
  { name: 'id', type: 'INTEGER' },
  { name: 'at', type: 'TIMESTAMP' },
  { name: 'day', type: 'DATE' },
  { name: 'local', type: 'DATETIME' },
  { name: 'price', type: 'BIGNUMERIC' },
  { name: 'word', type: 'STRING' },
  { name: 'share', type: 'FLOAT' },
];
const table: Relation = {
  name: 'p.d.t',
  from: '`p.d.t`',
  columns: fields.map((field) => ({ field, column: columnOfField(field) })),
  primaryKey: [],
  location: undefined,
  table: undefined,
  isStored: true,
};
const window = (column: string, lower: string | null, upper: string | null) => ({
  column,
  lower: lower === null ? null : { value: lower, inclusive: true },
  upper: upper === null ? null : { value: upper, inclusive: false },
});

describe('statements for BigQuery', () => {
  for (const [column, lower, expected] of [
    ['id', '-5', '`id` >= -5'],
    ['at', '2024-01-01T00:00:00.000001Z', "`at` >= TIMESTAMP '2024-01-01T00:00:00.000001Z'"],
    ['day', '2024-01-01', "`day` >= DATE '2024-01-01'"],
    ['local', '2024-01-01T00:00:00', "`local` >= DATETIME '2024-01-01T00:00:00.000000'"],
    ['price', '1.50', "`price` >= BIGNUMERIC '1.50'"],
    ['word', "o'\n`\\", "`word` >= 'o\\x27\\x0a\\x60\\x5c'"],
  ] as const) {
    it(`compares ${column} as its own type`, () => {
      assert.equal(conditionOf(table, { window: window(column, lower, null), filter: undefined }), expected);
    });
  }

  for (const [column, value] of [
    ['id', '1 OR TRUE'],
    ['id', '1.5'],
    ['at', "2024-01-01' OR TRUE"],
    ['price', '1e5'],
    ['share', '1'],
  ] as const) {
    it(`refuses ${value} for ${column}`, () => {
      const selection = { window: window(column, value, null), filter: undefined };
      assert.throws(() => conditionOf(table, selection), hasCode('PLAN_REFUSED', /cannot be compared/));
    });
  }

  it('reads a table at a moment, with the filter as a condition of its own', () => {
    const selection = { window: window('id', '1', '9'), filter: 'a OR b -- c;' };
    assert.equal(
      selectStatement(table, ['id', 'we`ird'], selection, '2024-01-01T00:00:00.000000Z'),
      "SELECT `id`, `we\\`ird` FROM `p.d.t` FOR SYSTEM_TIME AS OF TIMESTAMP '2024-01-01T00:00:00.000000Z' WHERE (a OR b -- c\n) AND `id` >= 1 AND `id` < 9",
    );
    const view = { ...table, isStored: false };
    const everything = { window: null, filter: undefined };
    assert.equal(selectStatement(view, undefined, everything, 'x'), 'SELECT * FROM `p.d.t`');
  });

  it('writes every text so that it ends where it should', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const inner = sqlString(text).slice(1, -1);
        assert.ok(!/['"`\n\r\0]/.test(inner));
        assert.ok(!/\\(?!x[0-9a-f]{2})/.test(inner));
      }),
    );
    assert.equal(sqlColumn('a`b\\c'), '`a\\`b\\\\c`');
  });
});

describe('names of tables in BigQuery', () => {
  const defaults = { project: 'mine', dataset: 'sales' };
  const name = (text: string, schema?: string): string => {
    const found = tableOf(
      { kind: 'table', name: text, ...(schema === undefined ? {} : { schema }) },
      defaults,
    );
    return [found.projectId, found.datasetId, found.tableId].join(' | ');
  };
  for (const [written, expected] of [
    ['orders', 'mine | sales | orders'],
    ['logs.orders', 'mine | logs | orders'],
    ['bigquery-public-data.samples.shakespeare', 'bigquery-public-data | samples | shakespeare'],
    ['`a-b.c.Order items`', 'a-b | c | Order items'],
    ['`a-b`.`c`.`d`', 'a-b | c | d'],
    ['example.com:shop.sales.orders', 'example.com:shop | sales | orders'],
  ] as const) {
    it(`reads ${written}`, () => assert.equal(name(written), expected));
  }
  it('takes names beside a schema as they are', () => {
    assert.equal(name('a.b', 'logs'), 'mine | logs | a.b');
    assert.equal(name('orders', 'other-project.logs'), 'other-project | logs | orders');
    assert.deepEqual(datasetOf('scratch', 'mine'), { projectId: 'mine', datasetId: 'scratch' });
    assert.deepEqual(datasetOf('p.scratch', 'mine'), { projectId: 'p', datasetId: 'scratch' });
  });
  for (const written of ['a.b.c.d', 'events_*', 't$20240101', 'da-ta.t', '', 'd.']) {
    it(`refuses "${written}"`, () => assert.throws(() => name(written), hasCode('PLAN_REFUSED')));
  }
  it('wants a dataset from somewhere', () => {
    const open = (): unknown => tableOf({ kind: 'table', name: 't' }, { project: 'mine' });
    assert.throws(open, hasCode('PLAN_REFUSED', /in which dataset/));
  });
});

describe('ranges of rows', () => {
  const table = { projectId: 'a.com:p', datasetId: 'd', tableId: 'Order items' };
  it('have names that say all', () => {
    const range = { table, start: 3, end: 9 };
    assert.deepEqual(parseRange(rangeName(range)), range);
    assert.equal(parseRange('projects/p/locations/us/sessions/x/streams/y'), undefined);
  });
  it('cover all rows once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 40 }), (rows) => {
        let next = 0;
        for (const { name, rows: count } of cutRows(table, rows)) {
          const range = parseRange(name);
          assert.ok(range !== undefined && range.start === next && range.end - range.start === count);
          next = range.end;
        }
        assert.equal(next, rows);
        assert.ok(cutRows(table, rows).length <= 1_000);
      }),
    );
  });
});
