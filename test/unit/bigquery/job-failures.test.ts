import assert from 'node:assert/strict';
import type { JobError, JobResource } from '../../../core/clients/bigquery-api';
import { codeOfFailure } from '../../../core/clients/google-failures';
import type { ErrorCode } from '../../../core/error-codes';
import { explainJob, failureRule } from '../../../loaders/bigquery/job-failures';
import { failure } from './job-service';

const job = (errorResult: JobError | undefined, errors: readonly JobError[] = []): JobResource => ({
  jobReference: { projectId: 'p', jobId: 'beamlift_1', location: 'EU' },
  configuration: {
    load: { destinationTable: { projectId: 'p', datasetId: 'd', tableId: 't' }, sourceUris: ['gs://b/x'] },
  },
  status: { state: 'DONE', ...(errorResult === undefined ? {} : { errorResult }), errors },
});

describe('failures of jobs', () => {
  const RULES: readonly [reason: string, retry: boolean, code: ErrorCode][] = [
    ['backendError', true, 'DESTINATION_UNAVAILABLE'],
    ['jobBackendError', true, 'DESTINATION_UNAVAILABLE'],
    ['internalError', true, 'DESTINATION_UNAVAILABLE'],
    ['jobInternalError', true, 'DESTINATION_UNAVAILABLE'],
    ['tableUnavailable', true, 'DESTINATION_UNAVAILABLE'],
    ['rateLimitExceeded', true, 'DESTINATION_UNAVAILABLE'],
    ['jobRateLimitExceeded', true, 'DESTINATION_UNAVAILABLE'],
    ['resourceInUse', true, 'DESTINATION_UNAVAILABLE'],
    ['quotaExceeded', false, 'QUOTA_EXCEEDED'],
    ['resourcesExceeded', false, 'DESTINATION_FAILED'],
    ['responseTooLarge', false, 'DESTINATION_FAILED'],
    ['timeout', false, 'DESTINATION_FAILED'],
    ['stopped', false, 'DESTINATION_FAILED'],
    ['invalid', false, 'DESTINATION_FAILED'],
    ['invalidQuery', false, 'DESTINATION_FAILED'],
    ['duplicate', false, 'DESTINATION_FAILED'],
    ['blocked', false, 'DESTINATION_FAILED'],
    ['billingNotEnabled', false, 'DESTINATION_FAILED'],
    ['accessDenied', false, 'RIGHTS_MISSING'],
    ['notFound', false, 'DESTINATION_NOT_FOUND'],
    ['somethingNew', false, 'DESTINATION_FAILED'],
    ['constructor', false, 'DESTINATION_FAILED'],
  ];

  it('may pass or not, by the reason', () => {
    for (const [reason, retry, code] of RULES) {
      const rule = failureRule({ reason, message: 'words' });
      assert.deepEqual([rule.retry, rule.code], [retry, code], reason);
      assert.ok(rule.hint.length > 10, reason);
      assert.equal(explainJob(job({ reason, message: 'words' })).transient, retry, reason);
    }
    assert.equal(failureRule(undefined).retry, false);
  });

  it('mean the same as in the answer to a request', () => {
    const requestsOnly = new Set(['resourceInUse', 'notFound']);
    for (const [reason, , code] of RULES) {
      if (!requestsOnly.has(reason)) assert.equal(codeOfFailure(failure(400, reason, 'words')), code, reason);
    }
  });

  it('are told apart by words where one reason means many things', () => {
    const rule = (reason: string, message: string): [boolean, ErrorCode] => {
      const { retry, code } = failureRule({ reason, message });
      return [retry, code];
    };
    assert.deepEqual(
      rule('invalidQuery', 'Could not serialize access to table p:d.t due to concurrent update'),
      [true, 'DESTINATION_UNAVAILABLE'],
    );
    assert.deepEqual(rule('invalid', 'Could not parse "due to concurrent update" as INT64'), [
      false,
      'DESTINATION_FAILED',
    ]);
    assert.deepEqual(
      rule('invalid', 'Cannot read and write in different locations: source: US, destination: EU'),
      [false, 'LOCATION_MISMATCH'],
    );
    assert.deepEqual(rule('notFound', 'Not found: Dataset p:d was not found in location EU'), [
      false,
      'DATASET_NOT_FOUND',
    ]);
    assert.deepEqual(rule('notFound', 'Not found: Table p:d.t'), [false, 'DESTINATION_NOT_FOUND']);
  });

  it('are explained by the errors of rows, with file, row and field', () => {
    const summary = {
      reason: 'invalid',
      location: 'gs://b/x',
      message:
        'Error while reading data, error message: JSON table encountered too many errors, giving up. Rows: 1; errors: 1.',
    };
    const row = {
      reason: 'invalid',
      location: 'gs://b/runs/orders/r/parts/u.0.ndjson',
      message:
        "Error while reading data, error message: JSON processing error in row starting at position 1024: Couldn't convert value to timestamp. Field: created_at; Value: soon",
    };
    const error = explainJob(job(summary, [summary, row]));
    assert.equal(error.code, 'DESTINATION_FAILED');
    assert.match(
      error.what,
      /^The load job p:EU\.beamlift_1 into p\.d\.t failed: Error while reading data.* too many errors/,
    );
    assert.deepEqual(error.where, {
      object: 'gs://b/runs/orders/r/parts/u.0.ndjson',
      row: 'row starting at position 1024',
      column: 'created_at',
    });
    assert.match(
      error.why ?? '',
      /^invalid: Error.*convert value to timestamp.*\(in gs:\/\/b\/runs\/orders\/r\/parts\/u\.0\.ndjson\); invalid: .*giving up/,
    );
    assert.match(error.hint ?? '', /bq show --format=prettyjson -j p:EU\.beamlift_1$/);
  });

  it('show the first five of many, each on one line and not too long', () => {
    const errors = Array.from({ length: 40 }, (_, index) => ({
      reason: 'invalid',
      message: `error ${index}\n\u001b[31m\u202e${'x'.repeat(5_000)}`,
    }));
    const { why = '', what } = explainJob(job({ reason: 'invalid', message: 'Too many errors' }, errors));
    assert.match(why, /^invalid: error 0 .*; invalid: error 4 .*; and 36 more errors$/);
    assert.ok(why.length < 3_000, `${why.length} characters`);
    assert.doesNotMatch(`${what}${why}`, /[\p{Cc}\u202e]/u);
  });

  it('may come without any word', () => {
    const error = explainJob(job({}));
    assert.match(error.what, /failed: BigQuery gives no reason$/);
    assert.deepEqual(error.where, { object: 'p.d.t' });
    assert.equal(error.why, 'no reason: no message');
  });

  it('of a query name no table', () => {
    const query = {
      ...job({ reason: 'invalidQuery', message: 'Syntax error' }),
      configuration: { query: { query: 'x' } },
    };
    assert.match(explainJob(query).what, /^The query job p:EU\.beamlift_1 failed: Syntax error$/);
  });
});
