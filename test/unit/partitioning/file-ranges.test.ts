import assert from 'node:assert/strict';
import type { FileEntry } from '../../../core/extractor';
import { bytesToRead, filesOfUnit } from '../../../core/files-of-unit';
import { workUnitSchema, type Estimate, type FileRange } from '../../../core/plan';
import { cutWindow } from '../../../partitioning/cut-window';
import { describeUnit } from '../../../partitioning/describe-unit';
import { rangeTarget } from '../../../partitioning/range-target';

const MIB = 1024 * 1024;
const entry = (uri: string, bytes: number): FileEntry => ({ uri, bytes, version: 'v', lastModified: 'then' });
const range = (start: number, end: number): FileRange => ({ by: 'byte', start, end, bytes: end - start });

const FILES = [entry('b.csv', 90), entry('a.csv', 10)];
const RANGES = new Map([['b.csv', [range(0, 30), range(30, 90)]]]);

function cut(maxUnits?: number): ReturnType<typeof cutWindow> {
  return cutWindow({
    hints: { kind: 'files', files: FILES, ranges: RANGES },
    window: null,
    estimate: { rows: 1_000, bytes: 100, quality: 'exact' },
    rowsPerUnit: 50_000,
    by: 'auto',
    ...(maxUnits === undefined ? {} : { maxUnits }),
    limit: null,
  });
}

describe('ranges of files', () => {
  it('are units of their own, with their share of the rows', () => {
    const { units, reason } = cut();
    assert.deepEqual(
      units.map((unit) => [unit.id, describeUnit(unit), unit.estimatedRows, bytesToRead(filesOfUnit(unit))]),
      [
        ['f0001', 'a.csv', 100, 10],
        ['f0002', 'b.csv from byte 0', 300, 30],
        ['f0003', 'b.csv from byte 30', 600, 60],
      ],
    );
    assert.equal(reason, '2 files, 1 of them cut into ranges');
    for (const unit of units) assert.deepEqual(workUnitSchema.parse(JSON.parse(JSON.stringify(unit))), unit);
  });

  it('share a unit where units may not be many', () => {
    const { units, reason } = cut(1);
    assert.deepEqual(
      units.map(filesOfUnit).map((files) => files.map(({ uri, range: part }) => [uri, part?.start])),
      [
        [
          ['a.csv', undefined],
          ['b.csv', 0],
          ['b.csv', 30],
        ],
      ],
    );
    assert.equal(reason, '2 files, 1 of them cut into ranges, small ones read together');
  });

  it('of Parquet are described by row groups, counted from 1', () => {
    const described = (start: number, end: number): string =>
      describeUnit({
        ...entry('a.parquet', 1),
        id: 'f1',
        kind: 'file',
        range: { by: 'row group', start, end, bytes: 1 },
      });
    assert.equal(described(0, 3), 'a.parquet row groups 1 … 3');
    assert.equal(described(3, 4), 'a.parquet row group 4');
  });
});

describe('rangeTarget', () => {
  const estimate: Estimate = { rows: 1_000_000, bytes: 100_000_000, quality: 'sampled' };

  it('is 64 MiB, or more where a run would have too many', () => {
    assert.deepEqual(rangeTarget({ bytes: 1e8, estimate }), { bytes: 64 * MIB });
    assert.deepEqual(rangeTarget({ bytes: 1e12, estimate }), { bytes: 1e9 });
    assert.deepEqual(rangeTarget({ bytes: 1e8, estimate, minUnitBytes: 96 * MIB }), { bytes: 96 * MIB });
  });

  it('is what a job wants in a unit, but not less than is worth one', () => {
    assert.deepEqual(rangeTarget({ bytes: 1e8, estimate, rowsPerUnit: 50_000 }), {
      bytes: 5_000_000,
      rows: 50_000,
    });
    assert.deepEqual(rangeTarget({ bytes: 1e8, estimate, rowsPerUnit: 10 }), { bytes: MIB, rows: 1_000 });
    const unknown: Estimate = { rows: null, bytes: 1, quality: 'unknown' };
    assert.deepEqual(rangeTarget({ bytes: 1, estimate: unknown, rowsPerUnit: 10 }), { bytes: 64 * MIB });
  });
});
