import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BeamliftError } from '../../../core/errors';
import type { Part } from '../../../core/manifest';
import { groupParts, LOAD_LIMITS, type LoadLimits } from '../../../loaders/bigquery/group-parts';
import {
  MAX_BYTES_PER_LOAD_JOB,
  MAX_GZIP_FILE_BYTES,
  MAX_PLAIN_FILE_BYTES,
  MAX_REQUEST_BYTES,
  MAX_URIS_PER_LOAD_JOB,
} from '../../../loaders/bigquery/job-limits';
import { partOf } from './commit-fixture';

const ROOMY: LoadLimits = {
  ...{ maxFiles: 1e9, maxBytes: 1e15, maxFileBytes: 1e15 },
  ...{ maxGzipFileBytes: 1e15, maxUriBytes: 1e15 },
};

function parts(count: number, bytes = 1): Part[] {
  return Array.from({ length: count }, (_, index) => partOf(String(index), 1, bytes));
}

function sizes(groups: readonly (readonly Part[])[]): number[] {
  return groups.map((group) => group.length);
}

describe('files of load jobs', () => {
  it('limits are those of BigQuery, or below', () => {
    assert.equal(LOAD_LIMITS.maxFiles, 10_000);
    assert.equal(MAX_URIS_PER_LOAD_JOB, 10_000);
    assert.equal(LOAD_LIMITS.maxBytes, 13_500_000_000_000);
    assert.equal(MAX_BYTES_PER_LOAD_JOB, 15_000_000_000_000);
    assert.ok(LOAD_LIMITS.maxFileBytes < MAX_PLAIN_FILE_BYTES);
    assert.ok(LOAD_LIMITS.maxUriBytes < MAX_REQUEST_BYTES);
  });

  it('10,000 files are one job, one more are two', () => {
    assert.deepEqual(sizes(groupParts(parts(9_999), LOAD_LIMITS)), [9_999]);
    assert.deepEqual(sizes(groupParts(parts(10_000), LOAD_LIMITS)), [10_000]);
    assert.deepEqual(sizes(groupParts(parts(10_001), LOAD_LIMITS)), [10_000, 1]);
  });

  it('bytes of a job, exactly at the limit and one above', () => {
    const limits = { ...ROOMY, maxBytes: 100 };
    assert.deepEqual(sizes(groupParts([partOf('a', 1, 99), partOf('b', 1, 1)], limits)), [2]);
    assert.deepEqual(sizes(groupParts([partOf('a', 1, 99), partOf('b', 1, 2)], limits)), [1, 1]);
    assert.deepEqual(sizes(groupParts([partOf('a', 1, 100)], limits)), [1]);
    const large = LOAD_LIMITS.maxFileBytes;
    assert.equal(large, 4_500_000_000_000);
    assert.deepEqual(sizes(groupParts(parts(3, large), LOAD_LIMITS)), [3]);
    assert.deepEqual(sizes(groupParts([...parts(3, large), partOf('x', 1, 1)], LOAD_LIMITS)), [3, 1]);
  });

  it('bytes of a file, exactly at the limit and one above', () => {
    const limit = LOAD_LIMITS.maxFileBytes;
    for (const bytes of [limit - 1, limit]) {
      assert.deepEqual(sizes(groupParts([partOf('a', 1, bytes)], LOAD_LIMITS)), [1]);
    }
    assert.throws(
      () => groupParts([partOf('a', 1, limit + 1)], LOAD_LIMITS),
      (error) =>
        error instanceof BeamliftError &&
        error.code === 'DESTINATION_FAILED' &&
        /4500000000001/.test(error.why ?? ''),
    );
  });

  it('bytes of a compressed file, exactly at the limit and one above; such files are not mixed with others', () => {
    const limit = LOAD_LIMITS.maxGzipFileBytes;
    assert.equal(limit, 3_600_000_000);
    assert.equal(MAX_GZIP_FILE_BYTES, 4_000_000_000);
    for (const bytes of [limit - 1, limit]) {
      assert.deepEqual(
        sizes(groupParts([partOf('a.gz', 1, bytes), partOf('b.gz', 1, bytes)], LOAD_LIMITS)),
        [2],
      );
    }
    assert.throws(() => groupParts([partOf('a.gz', 1, limit + 1)], LOAD_LIMITS), BeamliftError);
    assert.deepEqual(
      sizes(groupParts([partOf('a.gz', 1), partOf('b', 1), partOf('c.gz', 1)], LOAD_LIMITS)),
      [2, 1],
    );
  });

  it('names of files fit into a request', () => {
    // `"gs://staging/a",` has 17 bytes.
    const three = [partOf('a', 1), partOf('b', 1), partOf('c', 1)];
    assert.deepEqual(sizes(groupParts(three, { ...ROOMY, maxUriBytes: 51 })), [3]);
    assert.deepEqual(sizes(groupParts(three, { ...ROOMY, maxUriBytes: 50 })), [2, 1]);
    assert.throws(() => groupParts(three, { ...ROOMY, maxUriBytes: 16 }), BeamliftError);
    const long = Array.from({ length: 10_000 }, (_, index) => partOf('x'.repeat(1000) + String(index), 1));
    for (const group of groupParts(long, LOAD_LIMITS)) {
      assert.ok(JSON.stringify(group.map(({ uri }) => uri)).length < MAX_REQUEST_BYTES / 2 + 2);
    }
  });

  it('an asterisk in a name would load files of other runs', () => {
    assert.throws(() => groupParts([partOf('a*', 1)], LOAD_LIMITS), /cannot be loaded/);
  });

  it('every file with rows is in exactly one group, in order, within the limits, and always the same', () => {
    const limits = { maxFiles: 3, maxBytes: 100, maxFileBytes: 60, maxGzipFileBytes: 60, maxUriBytes: 80 };
    const part = fc.record({
      name: fc.string({ maxLength: 10, unit: 'grapheme-ascii' }),
      rows: fc.nat(2),
      bytes: fc.integer({ min: 1, max: 60 }),
    });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), (drawn) => {
        const given = drawn.map(({ name, rows, bytes }, index) =>
          partOf(`${index}${name.replaceAll('*', '')}`, rows, bytes),
        );
        const groups = groupParts(given, limits);
        assert.deepEqual(groups, groupParts(given, limits));
        const seen = groups.flat();
        assert.equal(new Set(seen).size, seen.length);
        assert.deepEqual(new Set(seen), new Set(given.filter(({ rows }) => rows > 0)));
        for (const group of groups) {
          assert.ok(group.length > 0 && group.length <= limits.maxFiles);
          assert.ok(group.reduce((sum, { bytes }) => sum + bytes, 0) <= limits.maxBytes);
          assert.ok(
            group.reduce((sum, { uri }) => sum + Buffer.byteLength(JSON.stringify(uri)) + 1, 0) <=
              limits.maxUriBytes,
          );
          assert.deepEqual(
            group,
            given.filter((one) => group.includes(one)),
          );
        }
      }),
    );
  });

  it('a later small file fills an earlier group', () => {
    const given = [partOf('a', 1, 60), partOf('b', 1, 60), partOf('c', 1, 40)];
    const groups = groupParts(given, { ...ROOMY, maxBytes: 100 });
    assert.deepEqual(
      groups.map((group) => group.map(({ uri }) => uri.slice(-1)).join('')),
      ['ac', 'b'],
    );
  });
});
