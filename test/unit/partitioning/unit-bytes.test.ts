import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { SplitHints } from '../../../core/extractor';
import type { WorkUnit } from '../../../core/plan';
import { cutWindow, type CutInput } from '../../../partitioning/cut-window';

const MIB = 1024 * 1024;

const range = (domain: 'int' | 'date' | 'timestamp', min: string, max: string): SplitHints => ({
  kind: 'range',
  column: 'at',
  domain,
  min,
  max,
  nullable: false,
});
const IDS = range('int', '1', '1000000000');
const YEAR = range('timestamp', '2024-01-01T00:00:00Z', '2024-12-31T23:59:59Z');

function cut(rows: number | null, bytes: number | null, more: Partial<CutInput> = {}): WorkUnit[] {
  return cutWindow({
    hints: IDS,
    window: null,
    estimate: { rows, bytes, quality: 'statistics' },
    rowsPerUnit: 50_000,
    minUnitBytes: 32 * MIB,
    by: 'auto',
    limit: null,
    ...more,
  }).units;
}

describe('units of at least so many bytes', () => {
  it('are made by the width of a row', () => {
    // 10,000,000 rows of 128 bytes: 262,144 rows make 32 MiB, 50,000 make 6
    assert.equal(cut(10_000_000, 10_000_000 * 128).length, 38);
    assert.equal(cut(10_000_000, 10_000_000 * 128, { minUnitBytes: 0 }).length, 200);
    assert.equal(cut(10_000_000, 10_000_000 * 128, { rowsPerUnit: 1_000_000 }).length, 10);
    // 1 KiB a row: 50,000 rows are enough
    assert.equal(cut(10_000_000, 10_000_000 * 1024).length, 200);
  });

  it('assume a width where the source tells rows or bytes alone', () => {
    assert.equal(cut(10_000_000, null).length, 76);
    assert.equal(cut(null, 10_000_000 * 256).length, 76);
    assert.equal(cut(10_000_000, 0).length, 76);
  });

  it('leave about four units to read at the same time, where rows_per_unit asks for more than one', () => {
    assert.equal(cut(1_000_000, 1_000_000 * 100).length, 4);
    assert.equal(cut(190_000, 190_000 * 100).length, 4);
    assert.equal(cut(60_000, 60_000 * 100).length, 2);
    assert.equal(cut(50_000, 50_000 * 100)[0]?.kind, 'all');
  });

  it('grow until they are few enough', () => {
    const units = cut(10_000_000_000, 10_000_000_000 * 1024, { maxUnits: 8_000 });
    assert.equal(units.length, 8_000);
  });

  it('by hash too', () => {
    const hints: SplitHints = { kind: 'hash', column: 'key', maxUnits: 100 };
    assert.equal(cut(10_000_000, 10_000_000 * 128, { hints }).length, 38);
    assert.equal(cut(10_000_000, 10_000_000 * 128, { hints, minUnitBytes: 0 }).length, 100);
  });

  it('end at midnights and full hours, and are not made smaller by them', () => {
    // 366 days of 2.6 MiB: 12.2 days make a unit, and 13 are taken
    const units = cut(7_500_000, 7_500_000 * 128, { hints: YEAR });
    assert.equal(units.length, Math.ceil(366 / 13));
    for (const unit of units) {
      if (unit.kind === 'range' && unit.lower !== null) assert.match(unit.lower.value, /T00:00:00/);
    }
    assert.ok(units.slice(0, -1).every((unit) => (unit.estimatedRows ?? 0) * 128 >= 32 * MIB));
    // days of more than that: as before, hours
    const large = cut(1e9, 1e9 * 128, { hints: YEAR });
    assert.ok(large.length > 3_000 && large.length < 4_000, `${large.length} units`);
    assert.ok(large.slice(0, -1).every((unit) => (unit.estimatedRows ?? 0) * 128 >= 31.9 * MIB));
  });

  it('are at least as large, as far as the statistics know, whatever the source', () => {
    const hints = fc.constantFrom(
      IDS,
      YEAR,
      range('date', '2000-01-01', '2024-12-31'),
      range('timestamp', '2024-01-01T00:00:00Z', '2024-01-01T06:00:00Z'),
    );
    fc.assert(
      fc.property(
        hints,
        fc.integer({ min: 1, max: 1e10 }),
        fc.integer({ min: 1, max: 4_000 }),
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 10_000, max: 100_000 }),
        fc.integer({ min: 1, max: 500 }),
        (hint, rows, width, mebibytes, rowsPerUnit, maxUnits) => {
          const minUnitBytes = mebibytes * MIB;
          const units = cut(rows, rows * width, { hints: hint, minUnitBytes, rowsPerUnit, maxUnits });
          assert.ok(units.length <= maxUnits);
          const sizes = units.map((unit) => (unit.estimatedRows ?? 0) * width);
          const enough = Math.min(minUnitBytes, (rows * width) / 4);
          const grown = minUnitBytes / width > rowsPerUnit && rows / 4 > rowsPerUnit;
          if (grown) {
            for (const size of sizes.slice(0, -1))
              assert.ok(size >= enough * 0.99 - width, `${size} of ${enough}`);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
