import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ColumnType, Partitioning } from '../../../core/schema';
import {
  MAX_PARTITIONS_PER_JOB,
  MAX_PARTITIONS_PER_TABLE,
  MAX_PARTITIONS_PER_TRANSACTION,
} from '../../../loaders/bigquery/job-limits';
import { orderedPartitions, partitionWindows } from '../../../loaders/bigquery/partition-windows';
import { compilePartitionKeys, NULL_PARTITION, OTHER_PARTITION } from '../../../transforms/partition-keys';
import { INT, STRING, TIMESTAMP } from './commit-fixture';

const DATE: ColumnType = { kind: 'date' };
const DATETIME: ColumnType = { kind: 'datetime', unit: 'us' };

function windowsOf(
  type: ColumnType,
  partitioning: Partitioning,
  keys: readonly string[],
  most: number,
): string[] {
  return partitionWindows('r', { name: 'c', type, nullable: true }, partitioning, new Set(keys), most);
}

describe('windows of partitions', () => {
  it('are half-open, in the words of the column, and together everything', () => {
    const day = { by: 'day', column: 'c' } as const;
    const keys = ['20200103', '20200101', '20200104', '20200102', '20200105'];
    assert.deepEqual(windowsOf(DATE, day, keys, 2), [
      "(r.`c` < DATE '2020-01-03' OR r.`c` IS NULL)",
      "r.`c` >= DATE '2020-01-03' AND r.`c` < DATE '2020-01-05'",
      "r.`c` >= DATE '2020-01-05'",
    ]);
    assert.deepEqual(windowsOf(DATE, day, keys, 5), ['TRUE']);
    assert.deepEqual(windowsOf(DATE, day, [], 5), ['TRUE']);
    const last = (type: ColumnType, partitioning: Partitioning, ...two: string[]) =>
      windowsOf(type, partitioning, two, 1).at(-1);
    assert.equal(
      last(TIMESTAMP, { by: 'hour', column: 'c' }, '2020010109', '2020010110'),
      "r.`c` >= TIMESTAMP '2020-01-01 10:00:00+00'",
    );
    assert.equal(
      last(DATETIME, { by: 'month', column: 'c' }, '202002', '202001'),
      "r.`c` >= DATETIME '2020-02-01 00:00:00'",
    );
    assert.equal(
      last(TIMESTAMP, { by: 'year', column: 'c' }, '1999', '2000'),
      "r.`c` >= TIMESTAMP '2000-01-01 00:00:00+00'",
    );
    const range = { by: 'range', column: 'c', start: -100, end: 1000, interval: 10 } as const;
    assert.deepEqual(windowsOf(INT, range, ['100', '-10', '-100', '20'], 2), [
      '(r.`c` < 20 OR r.`c` IS NULL)',
      'r.`c` >= 20',
    ]);
  });

  it('leave room for rows without a partition of their own, whichever window they are in', () => {
    const day = { by: 'day', column: 'c' } as const;
    const keys = ['20200101', '20200102', NULL_PARTITION, '20200103', OTHER_PARTITION];
    assert.equal(windowsOf(DATE, day, keys, 5).length, 1);
    assert.equal(windowsOf(DATE, day, keys, 4).length, 2);
    assert.equal(windowsOf(DATE, day, keys, 3).length, 3);
    assert.deepEqual(orderedPartitions(new Set(keys)), ['20200101', '20200102', '20200103']);
  });

  it('of as many partitions as a table has are few, and within a transaction', () => {
    const range = { by: 'range', column: 'c', start: 0, end: 100_000, interval: 10 } as const;
    const keys = Array.from({ length: MAX_PARTITIONS_PER_TABLE }, (_, index) => String(index * 10));
    const windows = windowsOf(INT, range, [...keys, NULL_PARTITION, OTHER_PARTITION], MAX_PARTITIONS_PER_JOB);
    assert.equal(windows.length, 3);
    assert.ok(windows.length * MAX_PARTITIONS_PER_JOB <= MAX_PARTITIONS_PER_TRANSACTION);
  });

  it('each take at most so many partitions, and each row exactly one of them', () => {
    const range = { by: 'range', column: 'c', start: -500, end: 500, interval: 10 } as const;
    const value = fc.option(fc.bigInt({ min: -700n, max: 700n }));
    fc.assert(
      fc.property(fc.array(value, { maxLength: 120 }), fc.integer({ min: 3, max: 12 }), (values, most) => {
        const column = { name: 'c', type: INT, nullable: true };
        const compiled = compilePartitionKeys(range, { columns: [column], primaryKey: [] });
        for (const cell of values) compiled.add([cell]);
        const windows = partitionWindows('r', column, range, new Set(compiled.keys()), most).map(parsed);
        const inWindows = windows.map((holds) => values.filter((cell) => holds(cell)));
        assert.equal(inWindows.flat().length, values.length);
        for (const cells of inWindows) {
          const own = compilePartitionKeys(range, { columns: [column], primaryKey: [] });
          for (const cell of cells) own.add([cell]);
          assert.ok(own.keys().length <= most, `${own.keys().length} partitions of ${most}`);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('of a column that divides no table, or of a name that is no partition, are a defect', () => {
    const day = { by: 'day', column: 'c' } as const;
    assert.throws(() => windowsOf(STRING, day, ['20200101', '20200102'], 1), /INTERNAL|no least value/);
    assert.throws(() => windowsOf(DATE, day, ['20200101', 'x'], 1), /no least value/);
    const range = { by: 'range', column: 'c', start: 0, end: 9, interval: 1 } as const;
    assert.throws(() => windowsOf(INT, range, ['1', '2;'], 1), /no least value/);
  });
});

/** A condition on a number, as a predicate. */
function parsed(condition: string): (cell: bigint | null) => boolean {
  if (condition === 'TRUE') return () => true;
  const lower = / >= (-?\d+)/.exec(condition)?.[1];
  const upper = / < (-?\d+)/.exec(condition)?.[1];
  const takesNull = condition.includes('IS NULL');
  return (cell) => {
    if (cell === null) return takesNull;
    return (lower === undefined || cell >= BigInt(lower)) && (upper === undefined || cell < BigInt(upper));
  };
}
