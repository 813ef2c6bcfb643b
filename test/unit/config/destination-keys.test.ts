import assert from 'node:assert/strict';
import type { DestinationModule } from '../../../core/loader';
import type { ConfigurationModules } from '../../../launcher/config/endpoint-modules';
import type { JobSpec } from '../../../launcher/config/job-spec';
import { nameProblem } from '../../../loaders/bigquery/object-names';
import { checkText } from './check-text';
import { FAKE_MODULES, fakeWarehouse } from './fake-modules';

/** A destination that knows all keys. */
const loadJobs: DestinationModule = {
  ...fakeWarehouse,
  type: 'bigquery',
  jobKeys: ['table_options', 'staging_format', 'verify'],
  parseUrl: () => undefined,
};

const MODULES: ConfigurationModules = { ...FAKE_MODULES, destinations: [fakeWarehouse, loadJobs] };

function configuration(job: string, defaults = ''): string {
  return `connections:
  here: { type: local, path: . }
destinations:
  file: { type: duckdb, path: w.duckdb }
  jobs: { type: bigquery, path: w }
${defaults}
jobs:
  a:
    connection: here
    file_pattern: "*.csv"
    load_type: catalog
${job.replace(/^/gm, '    ')}`;
}

function jobOf(text: string): JobSpec {
  const { configuration: checked, problems } = checkText(text, {}, true, MODULES);
  assert.deepEqual(problems, []);
  const job = checked?.jobs[0];
  assert.ok(job !== undefined && 'destination' in job);
  return job;
}

function problemsOf(text: string): readonly string[] {
  return checkText(text, {}, true, MODULES).problems;
}

describe('names that a destination refuses', () => {
  const named: DestinationModule = { ...loadJobs, nameProblem };
  const check = (job: string): readonly string[] =>
    checkText(configuration(job), {}, true, { ...MODULES, destinations: [fakeWarehouse, named] }).problems;

  it('are problems of the file', () => {
    assert.deepEqual(check('destination: jobs\ndest_table_name: orders\ndataset: raw'), []);
    assert.deepEqual(check('destination: jobs\ndest_table_name: orders$20240101'), [
      'f.yaml:13:5  jobs.a.dest_table_name: "orders$20240101" cannot be the name of a table in BigQuery: Letters, digits, spaces, _ and - are allowed, and at least one of them.',
    ]);
    assert.deepEqual(check('destination: jobs\ndataset: raw-data'), [
      'f.yaml:13:5  jobs.a.dataset: "raw-data" cannot be the name of a dataset: a dataset has letters, digits and _ in its name',
    ]);
  });

  it('are no problem elsewhere', () => {
    assert.deepEqual(check('destination: file\ndest_table_name: orders$20240101'), []);
  });
});

describe('keys that not every destination knows', () => {
  it('reach the job', () => {
    const job = jobOf(
      configuration(`destination: jobs
verify: strict
staging_format: ndjson
table_options:
  partition_by: created_at
  cluster_by: [a, b]
  description: Orders
  kms_key_name: projects/p/locations/eu/keyRings/r/cryptoKeys/k`),
    );
    assert.equal(job.verify, 'strict');
    assert.equal(job.stagingFormat, 'ndjson');
    assert.deepEqual(job.tableOptions, {
      partitionBy: { by: 'day', column: 'created_at' },
      clusterBy: ['a', 'b'],
      description: 'Orders',
      kmsKeyName: 'projects/p/locations/eu/keyRings/r/cryptoKeys/k',
    });
  });

  it('have partitions by time or by range', () => {
    const partitionBy = (written: string) =>
      jobOf(configuration(`destination: jobs\ntable_options: { partition_by: ${written} }`)).tableOptions
        .partitionBy;
    assert.deepEqual(partitionBy('{ column: at, by: month }'), { by: 'month', column: 'at' });
    assert.deepEqual(partitionBy('{ column: id, start: -5, end: 100, interval: 10 }'), {
      by: 'range',
      column: 'id',
      start: -5,
      end: 100,
      interval: 10,
    });
  });

  it('are refused for a destination that lacks them, with the kinds that have them', () => {
    assert.deepEqual(problemsOf(configuration('destination: file\nverify: strict\ntable_options: {}')), [
      'f.yaml:13:5  jobs.a.verify: is for destinations of kind bigquery, and this one is duckdb; remove it',
      'f.yaml:14:5  jobs.a.table_options: is for destinations of kind bigquery, and this one is duckdb; remove it',
    ]);
  });

  it('hold as defaults only for the destinations that know them', () => {
    const defaults =
      'defaults: { verify: strict, staging_format: avro, table_options: { description: d, cluster_by: [a] } }';
    const without = jobOf(configuration('destination: file', defaults));
    assert.deepEqual(
      [without.verify, without.stagingFormat, without.tableOptions],
      ['counts', undefined, { clusterBy: [] }],
    );
    const own = jobOf(configuration('destination: jobs\ntable_options: { description: own }', defaults));
    assert.deepEqual(
      [own.verify, own.stagingFormat, own.tableOptions],
      ['strict', 'avro', { clusterBy: ['a'], description: 'own' }],
    );
  });

  for (const [written, problem] of [
    ['verify: twice', 'verify: expected counts or strict'],
    ['staging_format: csv', 'staging_format: expected avro or ndjson'],
    [
      'table_options: { partition_by: { column: at, by: week } }',
      'table_options.partition_by: expected a column, as in created_at; { column: created_at, by: month } with hour, day, month or year; or { column: id, start: 0, end: 1000000, interval: 1000 }',
    ],
    [
      'table_options: { partition_by: { column: id, start: 5, end: 5, interval: 1 } }',
      'table_options.partition_by: start must be less than end',
    ],
    ['table_options: { cluster_by: [a, b, c, d, e] }', 'table_options.cluster_by: must have at most 4 items'],
    [
      'table_options: { kms_key_name: k }',
      'table_options.kms_key_name: expected projects/P/locations/L/keyRings/R/cryptoKeys/K',
    ],
    [
      'table_options: { partitions: a }',
      'table_options.partitions: there is no such key; did you mean partition_by?',
    ],
  ] as const) {
    it(`refuses ${written}`, () => {
      const found = problemsOf(configuration(`destination: jobs\n${written}`));
      assert.deepEqual(
        found.map((text) => text.replace(/^\S+ {2}jobs\.a\./, '')),
        [problem],
      );
    });
  }
});
