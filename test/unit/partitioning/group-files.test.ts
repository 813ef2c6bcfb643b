import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { FileEntry } from '../../../core/extractor';
import { filesOfUnit } from '../../../core/files-of-unit';
import { workUnitSchema } from '../../../core/plan';
import { cutWindow } from '../../../partitioning/cut-window';
import { FEW_UNITS, groupFiles, OPENING_BYTES, weightOf } from '../../../partitioning/group-files';

const MIB = 1024 * 1024;

function entries(sizes: readonly number[]): FileEntry[] {
  return sizes.map((bytes, index) => ({
    uri: `${String(index).padStart(6, '0')}.csv`,
    bytes,
    version: `v${index}`,
    lastModified: '2024-01-01T00:00:00.000Z',
  }));
}

function weight(group: readonly FileEntry[]): number {
  return group.reduce((sum, file) => sum + weightOf(file), 0);
}

/** The least weight of the heaviest of `groups` runs of neighbours, by trying every last run. */
function leastHeaviest(files: readonly FileEntry[], groups: number): number {
  let least = files.map((_, index) => weight(files.slice(0, index + 1)));
  for (let more = 1; more < groups; more++) {
    const before = least;
    least = files.map((_, end) => {
      let best = before[end] ?? Infinity;
      for (let start = 1; start <= end; start++) {
        best = Math.min(best, Math.max(before[start - 1] ?? 0, weight(files.slice(start, end + 1))));
      }
      return best;
    });
  }
  return least.at(-1) ?? 0;
}

const sizes = fc.array(
  fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 3 * MIB }), fc.constant(0)),
  { maxLength: 120 },
);

describe('files in units', () => {
  it('are each in one unit, in their order, in no more units than there may be', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 200 }), (drawn, maxUnits) => {
        const files = entries(drawn);
        const groups = groupFiles(files, { maxUnits });
        assert.deepEqual(groups.flat(), files);
        assert.ok(groups.length <= maxUnits);
        assert.ok(groups.every((group) => group.length > 0));
        assert.deepEqual(groupFiles(files, { maxUnits }), groups);
      }),
      { numRuns: 500 },
    );
  });

  it('are together only as far as small units, or too many, would be the other choice', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 400_000 }), { minLength: FEW_UNITS + 1, maxLength: 24 }),
        fc.integer({ min: 1, max: 24 }),
        fc.option(fc.integer({ min: 1, max: 4 * MIB }), { nil: undefined }),
        (drawn, maxUnits, minUnitBytes) => {
          const files = entries(drawn);
          const limits = { maxUnits, ...(minUnitBytes === undefined ? {} : { minUnitBytes }) };
          const heaviest = Math.max(...groupFiles(files, limits).map(weight));
          const small = Math.min(MIB, minUnitBytes ?? MIB, Math.ceil(weight(files) / FEW_UNITS));
          const needed = Math.max(leastHeaviest(files, maxUnits), ...files.map(weightOf));
          assert.ok(heaviest <= Math.max(small, needed), `${heaviest}, ${small} and ${needed}`);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('are never alone where they could have shared a small unit with the next one', () => {
    const groups = groupFiles(entries(Array.from({ length: 5_000 }, () => 1_000)), { maxUnits: 8_000 });
    assert.equal(groups[0]?.length, Math.floor(MIB / (1_000 + OPENING_BYTES)));
    assert.ok(groups.length < 90, `${groups.length} units`);
  });

  it('are one unit each where they are few, and where they are large', () => {
    const few = entries([1, 2, 3, 0, 9 * MIB]);
    assert.deepEqual(
      groupFiles(few, { maxUnits: 8_000 }),
      few.map((file) => [file]),
    );
    const large = entries(Array.from({ length: 500 }, () => MIB));
    assert.equal(groupFiles(large, { maxUnits: 8_000 }).length, 500);
    assert.equal(groupFiles(large, { maxUnits: 100 }).length, 100);
  });

  it('of a size stay enough units for all workers', () => {
    const groups = groupFiles(entries(Array.from({ length: 64 }, () => 100)), { maxUnits: 8_000 });
    assert.equal(groups.length, FEW_UNITS);
  });

  it('of a hundred thousand are units of a plan within a second, by bytes', function () {
    this.timeout(5_000);
    const files = entries(Array.from({ length: 100_000 }, (_, index) => (index % 1_000) * 1_000));
    const began = performance.now();
    const { units } = cutWindow({
      hints: { kind: 'files', files },
      window: null,
      estimate: { rows: 1_000_000, bytes: 1, quality: 'sampled' },
      rowsPerUnit: 50_000,
      by: 'auto',
      maxUnits: 8_000,
      minUnitBytes: 96 * MIB,
      limit: null,
    });
    assert.ok(performance.now() - began < 2_000);
    assert.ok(units.length <= 8_000 && units.length > 7_000, `${units.length} units`);
    assert.equal(units.flatMap(filesOfUnit).length, files.length);
    const ids = units.map(({ id }) => id);
    assert.deepEqual([...ids].sort(), ids);
    for (const unit of units.slice(0, 50)) {
      assert.deepEqual(workUnitSchema.parse(JSON.parse(JSON.stringify(unit))), unit);
    }
  });
});
