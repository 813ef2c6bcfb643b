import assert from 'node:assert/strict';
import type { SplitHints } from '../../../core/extractor';
import type { WorkUnit } from '../../../core/plan';
import { cutWindow, type CutInput, type CutResult } from '../../../partitioning/cut-window';

type RangeHints = Extract<SplitHints, { kind: 'range' }>;
type RangeUnit = Extract<WorkUnit, { kind: 'range' }>;

const YEAR = { min: '2023-01-01T00:00:00.000000Z', max: '2023-12-31T23:59:59.999999Z' };

function cut(
  rows: number,
  hints: Partial<RangeHints> & { min: string; max: string },
  more: Partial<CutInput> = {},
): CutResult {
  return cutWindow({
    hints: { kind: 'range', column: 'created_at', domain: 'timestamp', nullable: false, ...hints },
    window: null,
    estimate: { rows, bytes: null, quality: 'statistics' },
    rowsPerUnit: 50_000,
    by: 'auto',
    limit: null,
    ...more,
  });
}

function ranges(result: CutResult): RangeUnit[] {
  return result.units.filter((unit) => unit.kind === 'range');
}

function cuts(result: CutResult): string[] {
  return ranges(result).flatMap((unit) => unit.upper?.value ?? []);
}

describe('ranges of dates and timestamps', () => {
  it('cut 5,000,000 rows over 365 days into one unit a day', () => {
    const result = cut(5_000_000, YEAR);
    assert.equal(result.units.length, 365);
    assert.ok(cuts(result).every((at) => at.endsWith('T00:00:00.000000Z')));
    const estimates = result.units.map((unit) => unit.estimatedRows ?? 0);
    assert.ok(Math.min(...estimates) > 13_000 && Math.max(...estimates) < 14_000);
  });

  it('cut the same days where the column is a date', () => {
    const result = cut(5_000_000, { domain: 'date', min: '2023-01-01', max: '2023-12-31' });
    assert.equal(result.units.length, 365);
    assert.deepEqual(cuts(result).slice(0, 2), ['2023-01-02', '2023-01-03']);
    assert.equal(cuts(result).at(-1), '2023-12-31');
  });

  it('take sparse days together', () => {
    const result = cut(1_000_000, YEAR);
    assert.ok(result.units.length >= 20 && result.units.length <= 23, `${result.units.length} units`);
    assert.ok(cuts(result).every((at) => at.endsWith('T00:00:00.000000Z')));
    assert.equal(cut(40_000, YEAR).units.length, 1);
  });

  it('cut busy days at full hours, busier hours at full minutes', () => {
    const hours = cut(100_000_000, YEAR);
    assert.ok(cuts(hours).every((at) => /T\d\d:00:00\.000000Z$/.test(at)));
    assert.ok(hours.units.every((unit) => (unit.estimatedRows ?? 0) <= 50_000));
    const minutes = cut(8_000_000, {
      min: '2024-02-28T23:00:00.000000Z',
      max: '2024-02-29T01:59:59.000000Z',
    });
    assert.ok(cuts(minutes).every((at) => /T\d\d:\d\d:00\.000000Z$/.test(at)));
    assert.ok(minutes.units.every((unit) => (unit.estimatedRows ?? 0) <= 50_010));
  });

  it('cut below the second where a second has more rows than a unit', () => {
    const result = cut(1_000_000, {
      min: '2024-01-01T10:00:00.000000Z',
      max: '2024-01-01T10:00:00.999999Z',
    });
    assert.ok(result.units.length >= 20 && result.units.length <= 22, `${result.units.length} units`);
  });

  it('begin with the first day, which may be a part of one', () => {
    const result = cut(400_000, { min: '2024-03-09T17:12:08.123456Z', max: '2024-03-19T09:00:00.000000Z' });
    assert.equal(cuts(result).at(0), '2024-03-10T00:00:00.000000Z');
    assert.ok(cuts(result).every((at) => at.endsWith('T00:00:00.000000Z')));
  });

  it('are open at both ends, and touch', () => {
    const units = ranges(cut(5_000_000, YEAR));
    assert.equal(units.at(0)?.lower, null);
    assert.equal(units.at(-1)?.upper, null);
    for (const [index, unit] of units.entries()) {
      if (index === 0) continue;
      assert.deepEqual(unit.lower, { value: units[index - 1]?.upper?.value, inclusive: true });
      assert.equal(units[index - 1]?.upper?.inclusive, false);
    }
  });

  it('stay within the window', () => {
    const window = {
      column: 'created_at',
      lower: { value: '2023-12-01T00:00:00Z', inclusive: true },
      upper: { value: '2023-12-11 00:00:00+00', inclusive: false },
    };
    const result = cut(200_000, YEAR, { window });
    assert.deepEqual(
      cuts(result).map((at) => at.slice(0, 10)),
      ['02', '03', '04', '05', '06', '07', '08', '09', '10'].map((day) => `2023-12-${day}`),
    );
  });

  it('follow the histogram: dense days are cut, sparse years are not', () => {
    const inner = Array.from({ length: 99 }, (_, index) =>
      new Date(Date.UTC(2024, 5, 1) + index * 3_600_000).toISOString().replace('Z', '000Z'),
    );
    const result = cut(5_000_000, {
      min: '2000-01-01T00:00:00.000000Z',
      max: '2024-12-31T00:00:00.000000Z',
      histogram: inner,
    });
    const estimates = result.units.map((unit) => unit.estimatedRows ?? 0);
    assert.ok(Math.max(...estimates) <= 50_001, `largest ${Math.max(...estimates)}`);
    assert.ok(result.units.length < 150, `${result.units.length} units`);
    assert.ok(cuts(result).filter((at) => at.startsWith('2024-06-0')).length >= 90);
  });

  it('are fewer and larger beyond the most units a plan may have', () => {
    const result = cut(500_000_000, YEAR, { maxUnits: 100 });
    assert.ok(result.units.length > 50 && result.units.length <= 100, `${result.units.length} units`);
  });

  it('give rows without a value a unit of their own, but not where the window has none of them', () => {
    const result = cut(5_000_000, { ...YEAR, nullable: true });
    assert.deepEqual(result.units[0], { id: 'null', kind: 'is-null', column: 'created_at' });
    const window = { column: 'created_at', lower: { value: '2023-06-01', inclusive: true }, upper: null };
    assert.ok(cut(5_000_000, { ...YEAR, nullable: true }, { window }).units.every((u) => u.kind === 'range'));
  });

  it('do not stumble over infinity', () => {
    assert.equal(cut(5_000_000, { min: '-infinity', max: 'infinity' }).units.length, 1);
    const histogram = [
      '2023-03-01T00:00:00.000000Z',
      '2023-06-01T00:00:00.000000Z',
      '2023-09-01T00:00:00.000000Z',
    ];
    assert.ok(cut(5_000_000, { min: '-infinity', max: 'infinity', histogram }).units.length > 50);
  });
});
