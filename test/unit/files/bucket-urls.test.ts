import assert from 'node:assert/strict';
import { azureConnectionSchema, azurePlace } from '../../../core/clients/azure-connection';
import { gcsConnectionSchema, gcsPlace } from '../../../core/clients/gcs-connection';
import { parseAzureUrl } from '../../../extractors/files/azure-url';
import { parseGcsUrl } from '../../../extractors/files/gcs-url';
import { hasCode } from '../../has-code';

describe('URLs of Cloud Storage', () => {
  it('name a bucket, a folder and a pattern', () => {
    const cases: [string, object | undefined][] = [
      ['gs://lake', { connection: { bucket: 'lake' } }],
      ['gs://lake/exports/2024', { connection: { bucket: 'lake', prefix: 'exports/2024' } }],
      [
        'gs://lake/exports/*.csv',
        { connection: { bucket: 'lake', prefix: 'exports' }, object: { pattern: '*.csv' } },
      ],
      ['gcs://lake/a b#1%20.csv', { connection: { bucket: 'lake' }, object: { pattern: 'a b#1%20.csv' } }],
      ['s3://lake/x', undefined],
      ['lake/x.csv', undefined],
    ];
    for (const [url, expected] of cases) assert.deepEqual(parseGcsUrl(url), expected, url);
    for (const url of ['gs://', 'gs:///x', 'gs://user:pw@lake/x'])
      assert.throws(() => parseGcsUrl(url), hasCode('USAGE'), url);
  });

  it('may stand for the bucket of a connection', () => {
    assert.deepEqual(gcsPlace({ bucket: 'gs://lake/a/b' }), { bucket: 'lake', prefix: 'a/b' });
    assert.deepEqual(gcsPlace({ bucket: 'lake', prefix: 'a' }), { bucket: 'lake', prefix: 'a' });
    const problems = (fields: object): string[] =>
      gcsConnectionSchema.safeParse(fields).error?.issues.map(({ path }) => path.join('.')) ?? [];
    assert.deepEqual(problems({ bucket: 'gs://lake/a', prefix: 'b' }), ['prefix']);
    assert.deepEqual(problems({ bucket: 'gs://' }), ['bucket']);
    assert.deepEqual(problems({ bucket: 'b', endpoint: 'http://127.0.0.1:1' }), ['endpoint']);
    assert.deepEqual(problems({ bucket: 'b', endpoint: 'http://metadata', credentials: 'anonymous' }), [
      'endpoint',
    ]);
    assert.deepEqual(problems({ bucket: 'b', endpoint: '${secret:x}' }), []);
    assert.deepEqual(problems({ bucket: 'b', impersonate: 'a@b', credentials: 'anonymous' }), [
      'impersonate',
    ]);
  });
});

describe('URLs of Azure Blob Storage', () => {
  it('name an account, a container, a folder and a pattern', () => {
    const raw = { account: 'shop', container: 'raw' };
    const files = { connection: { ...raw, prefix: 'a b' }, object: { pattern: '*.csv' } };
    const cases: [string, object | undefined][] = [
      ['azure://shop/raw', { connection: raw }],
      ['azure://shop/raw/a b/*.csv', files],
      ['abfss://raw@shop.dfs.core.windows.net/a b/*.csv', files],
      ['wasbs://raw@shop.blob.core.windows.net/a b/*.csv', files],
      ['https://shop.blob.core.windows.net/raw/a%20b/*.csv', files],
      [
        'https://shop.blob.core.windows.net/raw/x.csv?sp=r&sig=abc%3D',
        { connection: { ...raw, sas_token: 'sp=r&sig=abc%3D' }, object: { pattern: 'x.csv' } },
      ],
      [
        'https://shop.blob.core.usgovcloudapi.net/raw',
        { connection: { ...raw, endpoint: 'https://shop.blob.core.usgovcloudapi.net' } },
      ],
      ['https://example.com/raw/x.csv', undefined],
      ['gs://lake', undefined],
    ];
    for (const [url, expected] of cases) assert.deepEqual(parseAzureUrl(url), expected, url);
    for (const url of ['azure://shop', 'azure://', 'https://shop.blob.core.windows.net/', 'abfss://raw/x'])
      assert.throws(() => parseAzureUrl(url), hasCode('USAGE'), url);
  });

  it('may stand for the container of a connection', () => {
    const place = { account: 'shop', container: 'raw', prefix: 'a/b' };
    assert.deepEqual(azurePlace({ container: 'azure://shop/raw/a/b' }), place);
    assert.deepEqual(azurePlace({ container: 'abfss://raw@shop.dfs.core.windows.net/a/b' }), place);
    assert.deepEqual(azurePlace({ container: 'raw/a/b' }), { container: 'raw', prefix: 'a/b' });
    const problems = (fields: object): string[] =>
      azureConnectionSchema.safeParse(fields).error?.issues.map(({ path }) => path.join('.')) ?? [];
    assert.deepEqual(problems({ container: 'raw' }), []);
    assert.deepEqual(problems({ container: 'raw/a', prefix: 'b' }), ['prefix']);
    assert.deepEqual(problems({ container: 'azure://shop/raw', account: 'shop' }), ['account']);
    assert.deepEqual(problems({ container: 'raw', account_key: 'k', sas_token: 's' }), ['sas_token']);
    assert.deepEqual(problems({ container: 'raw', client_secret: 's' }), ['client_secret']);
    assert.deepEqual(problems({ container: 'raw', endpoint: 'nowhere' }), ['endpoint']);
  });
});
