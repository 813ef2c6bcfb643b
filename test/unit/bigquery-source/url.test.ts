import assert from 'node:assert/strict';
import { parseBigquerySourceUrl } from '../../../extractors/bigquery/parse-bigquery-url';
import { hasCode } from '../../has-code';

describe('URL of BigQuery as a source', () => {
  it('names project, dataset, table and fields of the connection', () => {
    assert.deepEqual(parseBigquerySourceUrl('bigquery://bigquery-public-data'), {
      connection: { project: 'bigquery-public-data' },
    });
    assert.deepEqual(
      parseBigquerySourceUrl(
        'bigquery://bigquery-public-data/samples/Order%20items?billing_project=mine&credentials=${file:key.json}&maximum_bytes_billed=1000',
      ),
      {
        connection: {
          project: 'bigquery-public-data',
          dataset: 'samples',
          billing_project: 'mine',
          credentials: '${file:key.json}',
          maximum_bytes_billed: 1000,
        },
        object: { pattern: 'Order items' },
      },
    );
  });
  it('leaves other URLs alone', () => {
    assert.equal(parseBigquerySourceUrl('postgresql://h/d'), undefined);
  });
  for (const [url, why] of [
    ['bigquery:project', /not of that form/],
    ['bigquery:///d', /names no project/],
    ['bigquery://p/d?staging=gs://b', /staging/],
    ['bigquery://Project', /project id/],
    ['bigquery://pp/d?location', /no value/],
    ['bigquery://pp/d?location=EU&location=US', /twice/],
    ['bigquery://pp/d%zz', /percent signs/],
  ] as const) {
    it(`refuses ${url}`, () => assert.throws(() => parseBigquerySourceUrl(url), hasCode('USAGE', why)));
  }
});
