import assert from 'node:assert/strict';
import { BeamliftError } from '../../../core/errors';
import { filesOfUnit } from '../../../core/files-of-unit';
import type { FileEntry, SplitHints } from '../../../core/extractor';
import type { WorkUnit } from '../../../core/plan';
import { cutWindow, type CutInput, type CutResult } from '../../../partitioning/cut-window';
import { describeUnit } from '../../../partitioning/describe-unit';

function cut(hints: SplitHints, more: Partial<CutInput> = {}): CutResult {
  return cutWindow({
    hints,
    window: null,
    estimate: { rows: 1_000_000, bytes: null, quality: 'statistics' },
    rowsPerUnit: 50_000,
    by: 'auto',
    limit: null,
    ...more,
  });
}

const ids = (min: string, max: string, histogram?: string[]): SplitHints => ({
  kind: 'range',
  column: 'id',
  domain: 'int',
  min,
  max,
  nullable: false,
  ...(histogram === undefined ? {} : { histogram }),
});

function cutValues(units: readonly WorkUnit[]): bigint[] {
  return units.flatMap((unit) =>
    unit.kind === 'range' && unit.upper !== null ? [BigInt(unit.upper.value)] : [],
  );
}

const file = (uri: string, bytes: number): FileEntry => ({
  uri,
  bytes,
  version: `v-${uri}`,
  lastModified: '2024-01-01T00:00:00.000Z',
});

describe('cutWindow', () => {
  describe('ranges of whole numbers', () => {
    it('are of equal width', () => {
      const { units } = cut(ids('1', '1000000'));
      assert.equal(units.length, 20);
      assert.deepEqual(
        cutValues(units),
        Array.from({ length: 19 }, (_, index) => BigInt(index + 1) * 50_000n + 1n),
      );
      assert.ok(units.every((unit) => unit.estimatedRows === 50_000));
      assert.deepEqual([units[0]?.id, units[19]?.id], ['r0001', 'r0020']);
    });

    it('are as few as the source asks for', () => {
      const { units } = cut({ ...ids('1', '1000000'), maxUnits: 8 } as SplitHints);
      assert.equal(units.length, 8);
      assert.equal(
        units.reduce((sum, unit) => sum + (unit.estimatedRows ?? 0), 0),
        1_000_000,
      );
    });

    it('follow the histogram', () => {
      const { units } = cut(ids('0', '1000000', ['10', '20', '30']), { rowsPerUnit: 125_000 });
      assert.deepEqual(cutValues(units), [5n, 10n, 15n, 20n, 25n, 30n, 500_016n]);
    });

    it('keep a value that fills several units apart', () => {
      const { units } = cut(ids('0', '99', ['50', '50', '50', '50']), { rowsPerUnit: 200_000 });
      assert.deepEqual(cutValues(units), [50n, 51n]);
      assert.deepEqual(
        units.map((unit) => unit.estimatedRows),
        [200_000, 604_000, 196_000],
      );
    });

    it('reach over all 64 bits', () => {
      const { units } = cut(ids('-9223372036854775808', '9223372036854775807'), { rowsPerUnit: 250_000 });
      assert.deepEqual(cutValues(units), [-(2n ** 62n), 0n, 2n ** 62n]);
    });

    it('are not more than there are values', () => {
      assert.deepEqual(cutValues(cut(ids('7', '9')).units), [8n, 9n]);
      assert.deepEqual(
        cut(ids('7', '7')).units.map((unit) => unit.kind),
        ['all'],
      );
      assert.deepEqual(
        cut(ids('9', '7')).units.map((unit) => unit.kind),
        ['all'],
      );
    });

    it('are at most 20,000', () => {
      const estimate = { rows: 1e12, bytes: null, quality: 'statistics' } as const;
      const { units } = cut(ids('1', '999999999999'), { estimate });
      assert.equal(units.length, 20_000);
      assert.equal(units[0]?.id, 'r00001');
    });
  });

  describe('one unit', () => {
    const kinds = (result: CutResult): string[] => result.units.map((unit) => unit.kind);

    it('is made where nothing can be cut, where it would not be worth it, and with a limit', () => {
      assert.deepEqual(kinds(cut({ kind: 'none', reason: 'a query' })), ['all']);
      assert.deepEqual(kinds(cut(ids('1', '1000000'), { by: 'none' })), ['all']);
      assert.deepEqual(cut(ids('1', '1000000'), { limit: 10 }).units, [
        { id: 'all', kind: 'all', estimatedRows: 10 },
      ]);
      const small = { rows: 50_000, bytes: null, quality: 'exact' } as const;
      assert.deepEqual(kinds(cut(ids('1', '50000'), { estimate: small })), ['all']);
    });

    it('is made where the number of rows is unknown, but bytes tell enough to cut by', () => {
      const unknown = { rows: null, bytes: null, quality: 'unknown' } as const;
      assert.deepEqual(cut(ids('1', '1000000'), { estimate: unknown }).units, [{ id: 'all', kind: 'all' }]);
      const bytes = { rows: null, bytes: 256 * 1_000_000, quality: 'unknown' } as const;
      const { units } = cut(ids('1', '1000000'), { estimate: bytes });
      assert.equal(units.length, 20);
      assert.ok(units.every((unit) => unit.estimatedRows === undefined));
    });

    it('says why', () => {
      assert.equal(cut({ kind: 'none', reason: 'a query has no key' }).reason, 'a query has no key');
      assert.match(cut(ids('1', '9'), { limit: 10 }).reason, /at most 10 rows/);
    });
  });

  describe('hash', () => {
    it('makes as many units as the source allows', () => {
      const { units } = cut({ kind: 'hash', column: 'key', maxUnits: 8 });
      assert.equal(units.length, 8);
      assert.deepEqual(units[3], {
        id: 'h03-of-8',
        kind: 'hash',
        column: 'key',
        modulus: 8,
        remainder: 3,
        estimatedRows: 125_000,
      });
      assert.equal(cut({ kind: 'hash', column: 'key', maxUnits: 1 }).units[0]?.kind, 'all');
    });

    it('is taken for a column with ranges when the job asks for it', () => {
      const { units } = cut(ids('1', '1000000'), { by: 'hash', maxUnits: 4 });
      assert.deepEqual(
        units.map((unit) => unit.id),
        ['h00-of-4', 'h01-of-4', 'h02-of-4', 'h03-of-4'],
      );
    });

    it('says so when the job asks for dates and there are none', () => {
      assert.match(cut(ids('1', '1000000'), { by: 'date' }).reason, /split\.by is date, which/);
      assert.doesNotMatch(cut(ids('1', '1000000'), { by: 'range' }).reason, /split\.by/);
    });
  });

  describe('files', () => {
    it('are one unit each, in the order of names, with rows by size', () => {
      const { units, reason } = cut({ kind: 'files', files: [file('b.csv', 300), file('a.csv', 100)] });
      assert.deepEqual(units[0], {
        id: 'f0001',
        kind: 'file',
        uri: 'a.csv',
        bytes: 100,
        version: 'v-a.csv',
        lastModified: '2024-01-01T00:00:00.000Z',
        estimatedRows: 250_000,
      });
      assert.equal(units[1]?.id, 'f0002');
      assert.equal(reason, 'one per file');
    });

    it('are one of them where rows are limited: the others stay for the run that reads everything', () => {
      const files = [file('b.csv', 300), file('a.csv', 100), file('0.csv', 0)];
      const { units } = cut({ kind: 'files', files }, { limit: 10 });
      assert.deepEqual(
        units.map((unit) => [unit.id, unit.kind === 'file' && unit.uri, unit.estimatedRows]),
        [['f0001', 'a.csv', 10]],
      );
      assert.deepEqual(cut({ kind: 'files', files: [] }, { limit: 10 }).units, []);
    });

    it('may be empty, and may be none', () => {
      assert.equal(cut({ kind: 'files', files: [file('a.csv', 0)] }).units[0]?.estimatedRows, undefined);
      assert.deepEqual(cut({ kind: 'files', files: [] }).units, []);
    });

    it('share units where they are small and many, with the rows of all of them', () => {
      const files = Array.from({ length: 10_000 }, (_, index) => file(`${1_000_000 + index}.csv`, 3));
      const { units, reason } = cut({ kind: 'files', files }, { maxUnits: 2 });
      assert.equal(reason, '10,000 files, small ones read together');
      assert.deepEqual(
        units.map((unit) => [unit.id, filesOfUnit(unit).length, unit.estimatedRows]),
        [
          ['f0001', 5_000, 500_000],
          ['f0002', 5_000, 500_000],
        ],
      );
      assert.deepEqual(filesOfUnit(units[1] ?? { id: '', kind: 'all' })[0], {
        uri: '1005000.csv',
        bytes: 3,
        version: 'v-1005000.csv',
        lastModified: '2024-01-01T00:00:00.000Z',
      });
    });

    it('are refused where they are too many for a run', () => {
      const files = Array.from({ length: 100_001 }, (_, index) => file(`${index}.csv`, 1));
      assert.throws(
        () => cut({ kind: 'files', files }),
        (error) => error instanceof BeamliftError && error.code === 'PLAN_REFUSED',
      );
    });
  });
});

describe('describeUnit', () => {
  const range = (lower: string | null, upper: string | null): WorkUnit => ({
    id: 'r0001',
    kind: 'range',
    column: 'created_at',
    lower: lower === null ? null : { value: lower, inclusive: true },
    upper: upper === null ? null : { value: upper, inclusive: false },
  });

  it('shortens what is zero in times', () => {
    const described = (lower: string, upper: string): string => describeUnit(range(lower, upper));
    assert.equal(described('2024-01-01', '2024-02-01'), 'created_at 2024-01-01 … 2024-02-01');
    assert.equal(
      described('2024-01-01T00:00:00.000000Z', '2024-01-01T06:30:00.000000Z'),
      'created_at 2024-01-01 … 2024-01-01T06:30Z',
    );
    assert.equal(
      described('2024-01-01T00:00:07.000000', '2024-01-01T00:00:07.250000'),
      'created_at 2024-01-01T00:00:07 … 2024-01-01T00:00:07.250000',
    );
    assert.equal(described('100', '200'), 'created_at 100 … 200');
  });

  it('names open ends, nulls, parts and files', () => {
    assert.equal(describeUnit(range(null, '10')), 'created_at before 10');
    assert.equal(describeUnit(range('10', null)), 'created_at from 10');
    assert.equal(describeUnit({ id: 'null', kind: 'is-null', column: 'id' }), 'id is null');
    assert.equal(
      describeUnit({ id: 'h00-of-4', kind: 'hash', column: 'id', modulus: 4, remainder: 0 }),
      'hash of id, 0 of 4',
    );
    assert.equal(
      describeUnit({ id: 'f0001', kind: 'file', uri: 'a/b.csv', bytes: 1, version: 'v' }),
      'a/b.csv',
    );
    const files = ['a\n.csv', 'b.csv', 'c.csv'].map((uri) => ({ uri, bytes: 1, version: 'v' }));
    assert.equal(describeUnit({ id: 'f0001', kind: 'files', files }), '3 files, a\\n.csv … c.csv');
    assert.equal(describeUnit({ id: 'null', kind: 'is-null', column: 'a\nb' }), 'a\\nb is null');
    assert.equal(describeUnit({ id: 'all', kind: 'all' }), 'the whole window');
  });
});
