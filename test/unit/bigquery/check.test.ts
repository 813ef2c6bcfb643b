import assert from 'node:assert/strict';
import type { BigQueryApi, InsertOutcome } from '../../../core/clients/bigquery-api';
import type { BucketSettings } from '../../../core/clients/gcs-bucket';
import { BeamliftError } from '../../../core/errors';
import type { CheckFinding } from '../../../core/extractor';
import { checkBigQuery, type CheckedPlaces } from '../../../loaders/bigquery/check-bigquery';
import { canLoadFrom, canonicalLocation } from '../../../loaders/bigquery/load-locations';
import { MemoryBucket } from './memory-bucket';
import { NEVER } from './staged-run';
import { VirtualClock } from './virtual-clock';

const MISSING_RIGHT = new BeamliftError('RIGHTS_MISSING', {
  what: 'BigQuery: could not do it',
  why: 'Access Denied',
});

/** What `check` asks of BigQuery; everything works unless changed. */
function apiOf(changes: Partial<BigQueryApi> = {}): BigQueryApi & { readonly tables: string[] } {
  const tables: string[] = [];
  const never = (): never => {
    throw new Error('check does not do that');
  };
  return {
    tables,
    project: 'billing',
    getDataset: () => Promise.resolve({ location: 'EU' }),
    createTable: ({ tableId }) => {
      tables.push(tableId);
      return Promise.resolve('created');
    },
    deleteTable: ({ tableId }) => {
      tables.splice(tables.indexOf(tableId), 1);
      return Promise.resolve();
    },
    insertJob: (reference, configuration) => {
      assert.deepEqual(configuration, { query: { query: 'SELECT 1', useLegacySql: false } });
      assert.deepEqual([reference.projectId, reference.location], ['billing', 'EU']);
      return Promise.resolve<InsertOutcome>({
        kind: 'accepted',
        job: { jobReference: reference, configuration, status: { state: 'DONE' } },
      });
    },
    getTable: never,
    patchTable: never,
    getJob: never,
    cancelJob: never,
    queryRows: never,
    ...changes,
  };
}

class Bucket extends MemoryBucket {
  constructor(private readonly found: Partial<BucketSettings> | BeamliftError = {}) {
    super();
  }

  override settings(): Promise<BucketSettings> {
    if (this.found instanceof BeamliftError) return Promise.reject(this.found);
    return Promise.resolve({
      location: 'EU',
      deletesAfterDays: () => undefined,
      retentionSeconds: undefined,
      ...this.found,
    });
  }
}

async function check(changes: Partial<CheckedPlaces> = {}): Promise<CheckFinding[]> {
  const places = {
    api: apiOf(),
    bucket: new Bucket(),
    prefix: 'beamlift/',
    projectId: 'my-project',
    datasetId: 'raw',
    location: undefined,
    clock: new VirtualClock(),
    ...changes,
  };
  return await checkBigQuery(places, NEVER);
}

/** The one finding that is not ok. */
async function failing(changes: Partial<CheckedPlaces>): Promise<CheckFinding> {
  const failed = (await check(changes)).filter(({ ok }) => !ok);
  assert.equal(failed.length, 1, JSON.stringify(failed));
  return failed[0] ?? assert.fail();
}

describe('the check of a BigQuery destination', () => {
  it('goes through every step and leaves nothing behind', async () => {
    const [api, bucket] = [apiOf(), new Bucket()];
    const findings = await check({ api, bucket, location: 'eu' });
    assert.deepEqual(
      findings.map(({ step, ok }) => [step, ok]),
      ['login', 'dataset', 'bucket', 'bucket location', 'lifecycle', 'objects', 'jobs', 'tables'].map(
        (step) => [step, true],
      ),
    );
    assert.deepEqual([bucket.names, api.tables], [[], []]);
  });

  it('makes a table that goes by itself, should the check die', async () => {
    const clock = new VirtualClock();
    const api = apiOf({
      createTable: (table, resource) => {
        assert.match(table.tableId, /^_beamlift_check_[0-9a-f]{32}$/);
        assert.equal(resource['expirationTime'], String(clock.now() + 3_600_000));
        return Promise.resolve('created');
      },
      deleteTable: () => Promise.resolve(),
    });
    await check({ api, clock });
  });

  it('tells a missing dataset, and goes on with the rest', async () => {
    const api = apiOf({
      getDataset: () => Promise.resolve(undefined),
      insertJob: () => Promise.resolve({ kind: 'exists' }),
    });
    const findings = await check({ api });
    assert.deepEqual(
      findings.filter(({ ok }) => !ok).map(({ step }) => step),
      ['dataset'],
    );
    assert.ok(findings.some(({ step }) => step === 'objects'));
    assert.ok(!findings.some(({ step }) => step === 'tables'));
    assert.match(findings.find(({ step }) => step === 'dataset')?.hint ?? '', /bq mk .*my-project:raw/);
  });

  it('tells which role is missing on the dataset, for jobs, and for tables', async () => {
    const noDataset = apiOf({
      getDataset: () => Promise.reject(MISSING_RIGHT),
      insertJob: () => Promise.resolve({ kind: 'exists' }),
    });
    const dataset = await failing({ api: noDataset });
    assert.equal(dataset.step, 'dataset');
    assert.match(dataset.hint ?? '', /roles\/bigquery\.dataEditor .*bigquery\.datasets\.get/);

    const error = Object.assign(new Error('Access Denied: Project billing'), {
      status: 403,
      reason: 'accessDenied',
    });
    const noJobs = apiOf({ insertJob: () => Promise.resolve({ kind: 'refused', error, retry: false }) });
    const jobs = await failing({ api: noJobs });
    assert.match(jobs.detail, /Access Denied/);
    assert.match(jobs.hint ?? '', /roles\/bigquery\.jobUser on the project billing/);

    const noTables = apiOf({ createTable: () => Promise.reject(MISSING_RIGHT) });
    const tables = await failing({ api: noTables });
    assert.deepEqual(tables.step, 'tables');
    assert.match(tables.hint ?? '', /dataEditor on the dataset my-project:raw/);
  });

  it('tells a project that is not there', async () => {
    const error = Object.assign(new Error('Not found: Project billing'), {
      status: 404,
      reason: 'notFound',
    });
    const api = apiOf({ insertJob: () => Promise.resolve({ kind: 'refused', error, retry: false }) });
    assert.match((await failing({ api })).hint ?? '', /billing_project/);
  });

  for (const [code, step] of [
    ['CONNECTION_REFUSED', 'endpoint'],
    ['CONNECTION_DNS', 'endpoint'],
    ['DESTINATION_UNAVAILABLE', 'endpoint'],
    ['LOGIN_FAILED', 'login'],
  ] as const) {
    it(`calls ${code} a fault of the ${step}, and sends no job then`, async () => {
      const failure = new BeamliftError(code, { what: 'It did not work', hint: 'Do something.' });
      const api = apiOf({
        getDataset: () => Promise.reject(failure),
        insertJob: () => assert.fail('no job'),
      });
      const found = await failing({ api });
      assert.deepEqual([found.step, found.hint], [step, 'Do something.']);
    });
  }

  it('compares the location with the configured one', async () => {
    const api = apiOf({ insertJob: () => Promise.resolve({ kind: 'exists' }) });
    const found = await failing({ api, location: 'US' });
    assert.match(found.detail, /is in EU, and the destination says US/);
  });

  it('tells a bucket that is not there, or whose settings may not be read', async () => {
    const missing = await failing({
      bucket: new Bucket(new BeamliftError('BUCKET_NOT_FOUND', { what: 'no such bucket' })),
    });
    assert.match(missing.hint ?? '', /gcloud storage buckets create gs:\/\/staging/);
    const bucket = new Bucket(MISSING_RIGHT);
    const findings = await check({ bucket });
    const hint = findings.find(({ step }) => step === 'bucket')?.hint;
    assert.match(hint ?? '', /storage\.buckets\.get/);
    assert.equal(findings.find(({ step }) => step === 'objects')?.ok, true);
  });

  it('tells a bucket that the dataset cannot load from', async () => {
    const found = await failing({ bucket: new Bucket({ location: 'US-CENTRAL1' }) });
    assert.match(found.detail, /dataset in EU cannot load from staging, a bucket in US-CENTRAL1/);
  });

  it('refuses a bucket that deletes before a run can be resumed', async () => {
    const asked: string[] = [];
    const deletes = (days: number) =>
      new Bucket({
        deletesAfterDays: (prefix) => {
          asked.push(prefix);
          return days;
        },
      });
    const found = await failing({ bucket: deletes(6) });
    assert.deepEqual([found.step, asked], ['lifecycle', ['beamlift/']]);
    assert.match(found.detail, /after 6 days; a run can be resumed for 7/);
    const kept = await check({ bucket: deletes(7) });
    assert.deepEqual(kept.find(({ step }) => step === 'lifecycle')?.ok, true);
  });

  it('refuses a bucket in which nothing can be written over', async () => {
    const found = await failing({ bucket: new Bucket({ retentionSeconds: 60 }) });
    assert.equal(found.step, 'retention');
  });

  for (const verb of ['write', 'read', 'list', 'delete'] as const) {
    it(`tells when objects cannot be ${{ write: 'written', read: 'read', list: 'listed', delete: 'deleted' }[verb]}`, async () => {
      const bucket = new Bucket();
      bucket.before = (call) => {
        if (call.verb === verb) throw MISSING_RIGHT;
      };
      const found = await failing({ bucket });
      assert.equal(found.step, 'objects');
      assert.match(found.detail, new RegExp(`cannot be ${verb.slice(0, 3)}`));
      assert.match(found.hint ?? '', /roles\/storage\.objectUser/);
    });
  }

  it('ends when it is told to', async () => {
    const stop = new AbortController();
    const api = apiOf({
      getDataset: () => {
        stop.abort(new Error('told to'));
        return Promise.reject(MISSING_RIGHT);
      },
    });
    const places = { api, bucket: new Bucket(), prefix: '', clock: new VirtualClock() };
    await assert.rejects(
      checkBigQuery({ ...places, projectId: 'p', datasetId: 'd', location: undefined }, stop.signal),
      /told to/,
    );
  });
});

describe('locations to load from', () => {
  it('are written as the API writes them', () => {
    const written = ['eu', 'Us', 'EUROPE-CENTRAL2', 'us-east1'].map(canonicalLocation);
    assert.deepEqual(written, ['EU', 'US', 'europe-central2', 'us-east1']);
  });

  for (const [dataset, bucket] of [
    ['US', 'EU'],
    ['US', 'ASIA-EAST1'],
    ['EU', 'EU'],
    ['eu', 'europe-west4'],
    ['EU', 'EUR4'],
    ['europe-west4', 'EU'],
    ['europe-west4', 'EUR4'],
    ['europe-west2', 'EUR5'],
    ['europe-central2', 'EUROPE-CENTRAL2'],
    ['us-east1', 'US'],
    ['us-east1', 'NAM4'],
    ['asia-northeast1', 'ASIA'],
    ['asia-northeast1', 'ASIA1'],
  ] as const) {
    it(`a dataset in ${dataset} loads from ${bucket}`, () => assert.ok(canLoadFrom(dataset, bucket)));
  }

  for (const [dataset, bucket] of [
    ['EU', 'US'],
    ['EU', 'EUROPE-WEST2'],
    ['EU', 'EUROPE-WEST6'],
    ['EU', 'EUR5'],
    ['europe-west4', 'EUROPE-WEST1'],
    ['europe-west2', 'EU'],
    ['europe-west1', 'EUR4'],
    ['us-east1', 'US-EAST4'],
    ['northamerica-northeast1', 'US'],
    ['asia-east1', 'ASIA'],
    ['aws-us-east-1', 'US'],
  ] as const) {
    it(`a dataset in ${dataset} does not load from ${bucket}`, () =>
      assert.ok(!canLoadFrom(dataset, bucket)));
  }
});
