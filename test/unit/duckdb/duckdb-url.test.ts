import assert from 'node:assert/strict';
import { BeamliftError } from '../../../core/errors';
import { parseDuckdbUrl } from '../../../loaders/duckdb/duckdb-url';
import { memoryLimits } from '../../../loaders/duckdb/memory-limits';
import type { ColumnType } from '../../../core/schema';

describe('URLs of DuckDB files', () => {
  for (const [url, path] of [
    ['duckdb:warehouse.duckdb', 'warehouse.duckdb'],
    ['DuckDB:data/any name', 'data/any name'],
    ['duckdb:/abs/x.db', '/abs/x.db'],
    ['duckdb:///abs/x.db', '/abs/x.db'],
    ['warehouse.duckdb', 'warehouse.duckdb'],
    ['./a/b.DUCKDB', './a/b.DUCKDB'],
    ['C:\\data\\w.duckdb', 'C:\\data\\w.duckdb'],
  ] as const) {
    it(`${url} is ${path}`, () => assert.deepEqual(parseDuckdbUrl(url), { path }));
  }

  it('leaves the URLs of others', () => {
    for (const url of ['postgresql://h/x.duckdb', 's3://b/x.duckdb', 'warehouse.csv', '', 'bigquery:x']) {
      assert.equal(parseDuckdbUrl(url), undefined, url);
    }
  });

  it('says what is wrong', () => {
    for (const url of ['duckdb:', 'duckdb://', 'duckdb:///', 'duckdb://host/x', 'duckdb::memory:']) {
      assert.throws(
        () => parseDuckdbUrl(url),
        (error) =>
          error instanceof BeamliftError &&
          error.code === 'USAGE' &&
          /does not name a DuckDB file/.test(error.what),
        url,
      );
    }
  });
});

describe('memory limits for DuckDB', () => {
  const types = (count: number): ColumnType[] => Array.from({ length: count }, () => ({ kind: 'bool' }));

  it('begin small, grow with the columns, and end at half of the machine', () => {
    assert.deepEqual(memoryLimits(undefined, types(14), 1, 1e9), ['64MB', '128MB', '256MB', '500MB']);
    assert.deepEqual(memoryLimits(undefined, types(200), 1, 1e9), ['240MB', '480MB', '500MB']);
    const fields = types(100).map((type, index) => ({ name: `f${index}`, type }));
    const nested: ColumnType = { kind: 'array', element: { kind: 'struct', fields } };
    assert.equal(memoryLimits(undefined, [nested], 1, 1e9)[0], '142MB');
    assert.deepEqual(memoryLimits(undefined, types(1000), 1, 1e9), ['1040MB']);
  });

  it('count for each thread', () => {
    assert.equal(memoryLimits(undefined, types(3), 4, 8e9)[0], '256MB');
  });

  it('are what the configuration says', () => {
    assert.deepEqual(memoryLimits('2GB', types(500), 1, 1e9), ['2GB']);
  });
});
