import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Cell } from '../../../core/cells';
import { daysFromDate } from '../../../core/calendar';
import type { ColumnType, Partitioning, TableSchema } from '../../../core/schema';
import { MAX_PARTITION_KEYS, compilePartitionKeys } from '../../../transforms/partition-keys';
import { hasCode } from '../../has-code';
import { DATE, INT64, STRING, datetime, timestamp } from './conversion-case';

type By = 'hour' | 'day' | 'month' | 'year';

/** The partitioning column is not the first. */
function schemaOf(type: ColumnType): TableSchema {
  const columns = [
    { name: 'id', type: INT64, nullable: true },
    { name: 'at', type, nullable: true },
  ];
  return { columns, primaryKey: [] };
}

function keysOf(by: By | Partitioning, type: ColumnType, cells: readonly Cell[]): string[] {
  const partitioning = typeof by === 'string' ? { by, column: 'at' } : by;
  const keys = compilePartitionKeys(partitioning, schemaOf(type));
  for (const cell of cells) keys.add([7n, cell]);
  return keys.keys();
}

function microsOf(iso: string): bigint {
  return BigInt(Date.parse(iso)) * 1000n;
}

function daysOf(year: number, month: number, day: number): bigint {
  return BigInt(daysFromDate(year, month, day));
}

describe('compilePartitionKeys', () => {
  it('names hours, days, months and years as BigQuery does', () => {
    const at = [microsOf('2025-03-01T12:59:59.999Z') + 999n, microsOf('1969-12-31T23:00:00Z')];
    const expected: [By, string[]][] = [
      ['hour', ['2025030112', '1969123123']],
      ['day', ['20250301', '19691231']],
      ['month', ['202503', '196912']],
      ['year', ['2025', '1969']],
    ];
    for (const [by, keys] of expected) {
      assert.deepEqual(keysOf(by, timestamp('us'), at), keys);
      assert.deepEqual(keysOf(by, datetime('us'), at), keys);
      if (by !== 'hour') assert.deepEqual(keysOf(by, DATE, [daysOf(2025, 3, 1), -1n]), keys);
    }
    assert.deepEqual(keysOf('hour', datetime('s'), [-1n]), ['1969123123']);
  });

  it('has one key for null, and one for days that have no partition of their own', () => {
    const days = [
      null,
      daysOf(1959, 12, 31),
      daysOf(1960, 1, 1),
      daysOf(2159, 12, 31),
      daysOf(2160, 1, 1),
      daysOf(1, 1, 1),
      daysOf(9999, 12, 31),
      null,
    ];
    assert.deepEqual(keysOf('day', DATE, days), ['__NULL__', '__UNPARTITIONED__', '19600101', '21591231']);
    const last = microsOf('2160-01-01T00:00:00Z');
    assert.deepEqual(keysOf('hour', timestamp('us'), [last - 1n, last]), ['2159123123', '__UNPARTITIONED__']);
  });

  it('has the first number of each range, and one key for all numbers beyond', () => {
    const range: Partitioning = { by: 'range', column: 'at', start: -10, end: 25, interval: 10 };
    const expected: [bigint, string][] = [
      [-11n, '__UNPARTITIONED__'],
      [-10n, '-10'],
      [-1n, '-10'],
      [0n, '0'],
      [9n, '0'],
      [10n, '10'],
      [20n, '20'],
      [24n, '20'],
      [25n, '__UNPARTITIONED__'],
      [2n ** 63n - 1n, '__UNPARTITIONED__'],
    ];
    for (const [value, key] of expected) assert.deepEqual(keysOf(range, INT64, [value]), [key], `${value}`);
    assert.deepEqual(keysOf(range, INT64, [24n, 25n]), ['20', '__UNPARTITIONED__']);
    const all = expected.map(([value]) => value);
    assert.deepEqual(
      new Set(keysOf(range, INT64, [...all, null, ...all])),
      new Set([...expected.map(([, key]) => key), '__NULL__']),
    );
  });

  it('has each key once, whatever the order of the rows', () => {
    const digits = { hour: 13, day: 10, month: 7, year: 4 };
    const range = { min: microsOf('1960-01-01T00:00:00Z'), max: microsOf('2160-01-01T00:00:00Z') - 1n };
    fc.assert(
      fc.property(
        fc.constantFrom<By>('hour', 'day', 'month', 'year'),
        fc.array(
          fc.oneof(
            fc.bigInt(range),
            fc.bigInt({ min: 0n, max: 60n }).map((hours) => hours * 3_599_999_999n),
          ),
          { maxLength: 30 },
        ),
        (by, values) => {
          const isoKey = (value: bigint): string =>
            new Date(Number(value / 1000n - (value % 1000n < 0n ? 1n : 0n)))
              .toISOString()
              .slice(0, digits[by])
              .replace(/\D/g, '');
          assert.deepEqual(keysOf(by, timestamp('us'), values), [...new Set(values.map(isoKey))]);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('stops counting where no table has as many', () => {
    const keys = compilePartitionKeys({ by: 'hour', column: 'at' }, schemaOf(timestamp('us')));
    for (let hour = 0n; hour < 20_000n; hour++) keys.add([1n, hour * 3_600_000_000n]);
    assert.equal(keys.keys().length, MAX_PARTITION_KEYS);
  });

  it('refuses columns that cannot divide a table', () => {
    const range: Partitioning = { by: 'range', column: 'at', start: 0, end: 10, interval: 1 };
    assert.throws(() => keysOf('hour', DATE, []), hasCode('INTERNAL', /by hour of column at, which is date/));
    assert.throws(() => keysOf('day', INT64, []), hasCode('INTERNAL', /by day of column at, which is int64/));
    assert.throws(() => keysOf(range, DATE, []), hasCode('INTERNAL', /by range/));
    assert.throws(() => keysOf('day', DATE, ['x']), hasCode('INTERNAL', /divided by a string/));
    assert.throws(
      () => compilePartitionKeys({ by: 'day', column: 'gone' }, schemaOf(STRING)),
      hasCode('INTERNAL', /gone, which is no column/),
    );
  });
});
