import assert from 'node:assert/strict';
import { parseLocalUrl } from '../../../extractors/files/local-url';

const CASES: readonly [url: string, path: string | undefined, pattern?: string][] = [
  ['orders.csv', '.', 'orders.csv'],
  ['./orders.csv', '.', 'orders.csv'],
  ['data/orders.csv.gz', 'data', 'orders.csv.gz'],
  ['/data/orders.parquet', '/data', 'orders.parquet'],
  ['/orders.csv', '/', 'orders.csv'],
  ['../exports/2025-*.csv', '../exports', '2025-*.csv'],
  ['data/**/*.jsonl', 'data', '**/*.jsonl'],
  ['*.csv', '.', '*.csv'],
  ['/*.csv', '/', '*.csv'],
  ['data/', 'data/'],
  ['./data', 'data'],
  ['/data/v1.2', '/data/v1.2'],
  ['file:///data/sales/a.csv', '/data/sales', 'a.csv'],
  ['file:///data/my%20files/*.csv', '/data/my files', '*.csv'],
  ['file:///data/part-?.csv', '/data', 'part-?.csv'],
  ['file:data/a.csv', 'data', 'a.csv'],
  ['shop', undefined],
  ['', undefined],
  ['postgresql://host/db', undefined],
  ['gs://bucket/*.csv', undefined],
  ['duckdb:warehouse.duckdb', undefined],
];

describe('parseLocalUrl', () => {
  for (const [url, path, pattern] of CASES) {
    it(JSON.stringify(url), () => {
      assert.deepEqual(parseLocalUrl(url), path === undefined ? undefined : { path, pattern });
    });
  }

  it('refuses files of other machines', () => {
    assert.throws(() => parseLocalUrl('file://server/share/a.csv'), { code: 'USAGE' });
    assert.throws(() => parseLocalUrl('file:%zz/a.csv'), { code: 'USAGE' });
  });
});
