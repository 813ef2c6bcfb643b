import assert from 'node:assert/strict';

import { describeRunStore, objectPrefix, type RunStoreSpec } from '../../../launcher/runs/run-store-spec';
import { checkText } from './check-text';

const JOBS = `connections: { here: { type: local, path: data } }
destinations: { warehouse: { type: duckdb, path: w.duckdb } }
jobs: { a: { connection: here, file_pattern: x.csv, load_type: replace } }
`;

const ENVIRONMENT = { URL: 'postgres://etl:canary@h/d', HOST: 'db9' };

function read(runStore: string) {
  const { configuration, problems } = checkText(`${JOBS}run_store: ${runStore}\n`, ENVIRONMENT);
  return { spec: configuration?.runStore, secrets: configuration?.inlineSecrets, problems };
}

describe('run_store', () => {
  const cases: [runStore: string, expected: RunStoreSpec][] = [
    ['sqlite:runs.db', { type: 'sqlite', config: { path: '/base/runs.db' } }],
    ['"sqlite:${env:HOST}.db"', { type: 'sqlite', config: { path: '/base/db9.db' } }],
    ['{ type: sqlite, path: /x }', { type: 'sqlite', config: { path: '/x' } }],
    ['postgres://h/d', { type: 'postgresql', config: { host: 'h', database: 'd' } }],
    [
      '"postgresql://etl:${env:PASSWORD}@h:6432/d?schema=etl%20history&sslmode=verify-full&sslrootcert=ca.pem"',
      {
        type: 'postgresql',
        config: {
          ...{ host: 'h', port: 6432, database: 'd', user: 'etl', password: '${env:PASSWORD}' },
          ...{ schema: 'etl history', sslmode: 'verify-full', ssl_ca: '${file:ca.pem}' },
        },
      },
    ],
    [
      '{ url: "postgres://h/d", schema: etl, password: "${file:pw}" }',
      { type: 'postgresql', config: { host: 'h', database: 'd', schema: 'etl', password: '${file:pw}' } },
    ],
    [
      '{ type: postgres, host: "${env:HOST}", database: d }',
      { type: 'postgresql', config: { host: 'db9', database: 'd' } },
    ],
    ['gs://my-bucket', { type: 'gcs', config: { bucket: 'my-bucket' } }],
    ['gs://my-bucket/etl/prod/', { type: 'gcs', config: { bucket: 'my-bucket', prefix: 'etl/prod/' } }],
    [
      '{ url: gs://my-bucket/x, credentials: anonymous, endpoint: "http://127.0.0.1:4443" }',
      {
        type: 'gcs',
        config: {
          bucket: 'my-bucket',
          prefix: 'x',
          credentials: 'anonymous',
          endpoint: 'http://127.0.0.1:4443',
        },
      },
    ],
    [
      '{ url: gs://my-bucket, credentials: "${file:key.json}" }',
      { type: 'gcs', config: { bucket: 'my-bucket', credentials: '${file:key.json}' } },
    ],
  ];
  for (const [runStore, expected] of cases) {
    it(`reads ${runStore}`, () => {
      const { spec, secrets, problems } = read(runStore);
      assert.deepEqual(problems, []);
      assert.deepEqual(spec, expected);
      assert.deepEqual([...(secrets ?? [])], []);
    });
  }

  it('keeps secrets that are written out apart', () => {
    for (const [runStore, name, secret] of [
      ['postgres://etl:canary@h/d', 'password', 'canary'],
      ['"${env:URL}"', 'password', 'canary'],
      ['{ url: gs://my-bucket, credentials: "{canary}" }', 'credentials', '{canary}'],
    ] as const) {
      const { spec, secrets, problems } = read(runStore);
      assert.deepEqual(problems, []);
      assert.doesNotMatch(JSON.stringify(spec), /canary/);
      assert.deepEqual([...(secrets ?? [])], [[`run_store.${name}`, secret]]);
    }
  });

  const broken: [runStore: string, problem: RegExp][] = [
    ['5', /^f\.yaml:4:1 {2}run_store: expected a text, but this is a number/],
    ['""', /^f\.yaml:4:1 {2}run_store: must not be empty/],
    ['runs.db', /^f\.yaml:4:1 {2}run_store: no run store has a URL of this form; there are sqlite \(/],
    ['oracle://me:canary@db', /^f\.yaml:4:1 {2}run_store: no run store has a URL of this form/],
    ['"postgres://me:canary@h/d?sslmod=require"', /run_store: The PostgreSQL URL cannot be read/],
    ['"postgres://h/d?schema=%zz"', /run_store: The percent signs in schema/],
    [`{ url: "postgres://h/d", schema: ${'x'.repeat(64)} }`, /run_store\.schema: has at most 63 bytes/],
    ['gs://', /run_store: The URL is not of the form gs:\/\/bucket\/prefix/],
    [
      '"gs://my-bucket/x?credentials=canary"',
      /not of the form gs:\/\/bucket\/prefix\. Credentials and endpoint are fields/,
    ],
    ['gs://B', /run_store\.bucket: is not the name of a bucket/],
    [
      '{ url: gs://my-bucket, endpoint: "http://169.254.169.254" }',
      /run_store\.endpoint: may not lead to link-local/,
    ],
    ['{ url: gs://my-bucket, schema: x }', /run_store\.schema: there is no such key/],
    [
      '{ url: gs://my-bucket, type: postgres }',
      /run_store\.url: is a URL of gcs, but the kind says postgresql/,
    ],
    ['{ path: x }', /run_store: says no kind: write type: sqlite, postgresql or gcs; or a url/],
    ['"${env:NONE}"', /run_store: the environment variable NONE is not set/],
  ];
  for (const [runStore, problem] of broken) {
    it(`explains ${runStore.slice(0, 60)}`, () => {
      const { spec, problems } = read(runStore);
      assert.equal(spec, undefined);
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.match(problems[0] ?? '', problem);
      assert.doesNotMatch(problems[0] ?? '', /canary/);
    });
  }

  it('is described without secrets', () => {
    const described = (runStore: string): string => {
      const { spec } = read(runStore);
      assert.ok(spec !== undefined);
      return describeRunStore(spec);
    };
    assert.equal(described('sqlite:runs.db'), 'sqlite:/base/runs.db');
    assert.equal(described('"postgres://u:canary@h/d?schema=etl"'), 'schema etl of postgresql://h/d');
    assert.equal(described('postgres:///'), 'schema public of postgresql://localhost');
    assert.equal(described('gs://my-bucket/x'), 'gs://my-bucket/x/etl_runs/');
    assert.equal(objectPrefix({ prefix: '/' }), 'etl_runs/');
  });
});
