import assert from 'node:assert/strict';
import fc from 'fast-check';
import { serviceEndpointProblem } from '../../../core/service-endpoint';
import { neverAborts } from '../../../core/never-aborts';
import { fingerprint, type FingerprintedJob } from '../../../launcher/config/fingerprint';
import { bigquery } from '../../../loaders/bigquery/bigquery-destination';
import { parseBigqueryUrl, parseStaging } from '../../../loaders/bigquery/bigquery-url';
import { tableReference } from '../../../loaders/bigquery/object-names';
import { quietServices } from '../../contract/quiet-services';
import { hasCode } from '../../has-code';

const CONFIG = { project: 'my-project', dataset: 'raw_data', staging: 'gs://my-bucket/beamlift' };

function problemsOf(changes: Readonly<Record<string, unknown>>): string[] {
  const result = bigquery.configSchema.safeParse({ ...CONFIG, ...changes });
  return result.success
    ? []
    : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('the configuration of BigQuery', () => {
  it('takes what the design shows', () => {
    const changes = {
      location: 'EU',
      credentials: '${file:key.json}',
      impersonate: 'etl@my-project.iam.gserviceaccount.com',
      billing_project: 'example.com:billing',
      endpoint: 'https://bigquery.example.com',
      staging_endpoint: 'https://storage.example.com',
    };
    assert.deepEqual(problemsOf({}), []);
    assert.deepEqual(problemsOf(changes), []);
    const emulators = { endpoint: 'http://127.0.0.1:9050', staging_endpoint: 'http://127.0.0.1:4443' };
    assert.deepEqual(problemsOf({ credentials: 'anonymous', ...emulators }), []);
    assert.deepEqual(problemsOf({ credentials: '${env:KEY}', ...emulators }), []);
  });

  for (const [changes, problem] of [
    [{ project: 'My_Project' }, /^project: a project id has lower-case letters/],
    [{ project: 'p.d' }, /^project: /],
    [{ dataset: 'raw-data' }, /^dataset: a dataset has letters/],
    [{ dataset: '' }, /^dataset: /],
    [{ dataset: 'a'.repeat(1025) }, /^dataset: /],
    [{ location: 'E U' }, /^location: expected a location/],
    [{ staging: 'my-bucket' }, /^staging: expected gs:\/\/bucket\/prefix/],
    [{ staging: 's3://my-bucket/x' }, /^staging: /],
    [{ impersonate: 'etl' }, /^impersonate: expected the address/],
    [{ endpoint: 'localhost:9050' }, /^endpoint: must be a URL/],
    [{ staging_endpoint: 'http://169.254.169.254' }, /^staging_endpoint: may not lead to link-local/],
    [{ credentials: '' }, /^credentials: /],
    [
      { credentials: 'anonymous', endpoint: 'http://127.0.0.1:9050' },
      /^credentials: anonymous is for emulators, and staging_endpoint is missing/,
    ],
    [{ endpoint: 'http://127.0.0.1:9050' }, /^endpoint: credentials are sent to https:\/\/ addresses alone/],
  ] as const) {
    it(`refuses ${JSON.stringify(changes).slice(0, 60)}`, () => {
      const [found, ...more] = problemsOf(changes);
      assert.match(found ?? '', problem);
      assert.deepEqual(more, []);
    });
  }

  it('is refused with names that BigQuery refuses, before anything is opened', async () => {
    const open = async (table: string, dataset?: string) =>
      await bigquery.open(
        {
          type: 'bigquery',
          destinationName: 'warehouse',
          config: CONFIG,
          table,
          ...(dataset === undefined ? {} : { dataset }),
        },
        quietServices('/nowhere'),
        neverAborts(),
      );
    await assert.rejects(open('a.b'), hasCode('PLAN_REFUSED', /"a\.b" cannot be the name of a table/));
    await assert.rejects(open('orders', 'raw-data'), hasCode('PLAN_REFUSED', /name of a dataset/));
  });

  it('opens without a request, with the login of an emulator', async () => {
    const loader = await bigquery.open(
      {
        type: 'bigquery',
        destinationName: 'warehouse',
        config: { ...CONFIG, credentials: 'anonymous', endpoint: 'http://127.0.0.1:1' },
        table: 'orders',
      },
      quietServices('/nowhere'),
      neverAborts(),
    );
    assert.ok(loader.recovery !== undefined && loader.reviewPlan !== undefined);
    await loader.close();
  });

  it('sends no credentials to an address that everybody can read along with', async () => {
    const findings = await bigquery.check(
      {
        ...CONFIG,
        credentials: JSON.stringify({
          type: 'authorized_user',
          client_id: 'i',
          client_secret: 's',
          refresh_token: 'r',
        }),
        endpoint: 'http://bigquery.example.com',
      },
      quietServices('/nowhere'),
      neverAborts(),
    );
    assert.deepEqual(
      findings.map(({ step, ok }) => [step, ok]),
      [['configuration', false]],
    );
    assert.match(findings[0]?.detail ?? '', /without https/);
  });
});

describe('URLs of BigQuery', () => {
  it('become fields', () => {
    assert.deepEqual(parseBigqueryUrl('bigquery://my-project/raw?staging=gs://bucket/a/b'), {
      project: 'my-project',
      dataset: 'raw',
      staging: 'gs://bucket/a/b',
    });
    assert.deepEqual(
      parseBigqueryUrl(
        'bigquery://my-project/raw/?staging=gs%3A%2F%2Fbucket&location=EU&credentials=${file:a key.json}&endpoint=http://127.0.0.1:9050&staging_endpoint=http://[::1]:1&billing_project=other&impersonate=a%40b.c',
      ),
      {
        project: 'my-project',
        dataset: 'raw',
        staging: 'gs://bucket',
        location: 'EU',
        credentials: '${file:a key.json}',
        endpoint: 'http://127.0.0.1:9050',
        staging_endpoint: 'http://[::1]:1',
        billing_project: 'other',
        impersonate: 'a@b.c',
      },
    );
  });

  it('are others', () => {
    for (const url of ['', 'duckdb:x', 'bigqueryx://a/b', 'my-project/raw', 'gs://b/x'])
      assert.equal(parseBigqueryUrl(url), undefined, url);
  });

  for (const [url, why] of [
    ['bigquery:project', 'not of that form'],
    ['bigquery://project', 'no project and dataset'],
    ['bigquery:///dataset?staging=gs://b', 'no project and dataset'],
    ['bigquery://p/d', 'staging is missing'],
    ['bigquery://p/d/t?staging=gs://b', 'not of that form'],
    ['bigquery://p/d?staging=gs://b&staging=gs://c', 'twice'],
    ['bigquery://p/d?staging=gs://b&password=hunter2', 'it may have staging'],
    ['bigquery://p/d?staging=%zz', 'percent signs in staging'],
    ['bigquery://p/d?staging', 'it may have staging'],
    ['bigquery://p/d?staging=gs://b&credentials=${nope:x}', 'not a known reference'],
  ] as const) {
    it(`cannot be ${url}`, () => {
      assert.throws(
        () => parseBigqueryUrl(url),
        (error: Error & { why?: string }) => {
          hasCode('USAGE')(error);
          assert.ok((error.why ?? '').includes(why), error.why);
          assert.ok(!JSON.stringify(error).includes('hunter2'));
          return true;
        },
      );
    });
  }
});

describe('the staging folder', () => {
  it('is a bucket and a prefix with a slash at its end', () => {
    assert.deepEqual(parseStaging('gs://my-bucket'), { bucket: 'my-bucket', prefix: '' });
    assert.deepEqual(parseStaging('gs://my-bucket/'), { bucket: 'my-bucket', prefix: '' });
    assert.deepEqual(parseStaging('gs://my.bucket_1/a/b-c=d/'), {
      bucket: 'my.bucket_1',
      prefix: 'a/b-c=d/',
    });
  });

  for (const text of [
    'gs://',
    'gs://b',
    'gs:///a',
    'gs://My-Bucket/a',
    'gs://bucket//a',
    'gs://bucket/a//b',
    'gs://bucket/../other',
    'gs://bucket/./a',
    'gs://bucket/a?b',
    'gs://bucket/a#b',
    'gs://bucket/a*',
    'gs://bucket/a b',
    'gs://bucket/ä',
    'gs://bucket/a\nb',
    `gs://bucket/${'a'.repeat(401)}`,
    'gs://bucket@evil/a',
  ]) {
    it(`cannot be ${JSON.stringify(text).slice(0, 50)}`, () => {
      assert.equal(parseStaging(text), undefined);
    });
  }
});

describe('names of tables in BigQuery', () => {
  for (const name of [
    'orders',
    'table 01',
    'ग्राहक',
    '00_お客様',
    'étudiant-01',
    'A_'.repeat(512),
    '__proto__',
  ]) {
    it(`may be ${name.slice(0, 20)}`, () => {
      assert.equal(tableReference('p', 'd', name).tableId, name);
      assert.equal(bigquery.nameProblem({ table: name }), undefined);
    });
  }

  for (const name of [
    '',
    ' ',
    'a.b',
    'a/b',
    'a$20240101',
    'a@-1',
    'a`b',
    'a\nb',
    'a*',
    '📦',
    'ü'.repeat(513),
    'a'.repeat(1025),
    '_beamlift_state',
    'BEAMLIFT_TMP_x',
  ]) {
    it(`may not be ${JSON.stringify(name).slice(0, 20)}`, () => {
      assert.throws(() => tableReference('p', 'd', name), hasCode('PLAN_REFUSED', /name of a table/));
      assert.equal(bigquery.nameProblem({ table: name })?.key, 'dest_table_name');
    });
  }
});

describe('endpoints of services', () => {
  for (const url of [
    'http://127.0.0.1:9050',
    'https://bigquery.googleapis.com',
    'https://private.example.com/path/',
    'http://[::1]:1',
    'http://emulator:9050',
    'http://169.253.1.1',
    'http://metadata.example.com',
  ]) {
    it(`may be ${url}`, () => {
      assert.equal(serviceEndpointProblem(url), undefined);
    });
  }

  for (const url of [
    '',
    'localhost:9050',
    '127.0.0.1:9050',
    'http:127.0.0.1',
    'ftp://host',
    'http://user@host',
    'http://user:secret@host',
    'http://host?a=b',
    'http://host#a',
    'http://169.254.169.254',
    'http://169.254.0.1:80/x',
    'http://2852039166',
    'http://0xa9fea9fe',
    'http://0251.0376.0251.0376',
    'http://[fe80::1]',
    'http://[febf::1]',
    'http://[::ffff:169.254.169.254]',
    'http://[64:ff9b::169.254.169.254]',
    'http://[fd00:ec2::254]',
    'http://metadata.google.internal',
    'http://METADATA.google.internal.',
    'http://metadata/',
    'http://100.100.100.200',
  ]) {
    it(`may not be ${url}`, () => {
      const problem = serviceEndpointProblem(url);
      assert.ok(problem !== undefined);
      assert.ok(!problem.includes('secret'));
    });
  }

  it('never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webUrl(), fc.ipV6()), (text) => {
        serviceEndpointProblem(text);
        serviceEndpointProblem(`http://${text}`);
        serviceEndpointProblem(`http://[${text}]`);
      }),
    );
  });
});

describe('the identity of a job into BigQuery', () => {
  const job = (changes: Readonly<Record<string, string>>, table = 'orders'): FingerprintedJob => ({
    source: {
      type: 'postgresql',
      connectionName: 'shop',
      connection: { host: 'db' },
      object: { kind: 'table', name: 'public.orders' },
      maxConnections: 1,
    },
    destination: { type: 'bigquery', destinationName: 'w', config: { ...CONFIG, ...changes }, table },
    sourceCategory: 'database',
    loadType: 'transactional',
    timestampColumn: 'at',
  });

  it('is its project, dataset and table', () => {
    const own = fingerprint(job({}));
    for (const other of [job({ project: 'other-project' }), job({ dataset: 'other' }), job({}, 'other')])
      assert.notEqual(fingerprint(other), own);
  });

  it('is not the bucket that holds the state: whoever moves it takes the state along', () => {
    assert.equal(fingerprint(job({ staging: 'gs://other/x', location: 'EU' })), fingerprint(job({})));
    assert.equal(fingerprint(job({ billing_project: 'other', credentials: 'x' })), fingerprint(job({})));
  });
});
