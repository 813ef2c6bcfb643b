import assert from 'node:assert/strict';
import {
  beamliftErrorOf,
  codeOfFailure,
  GoogleServiceFailure,
  mayPass,
} from '../../../core/clients/google-failures';
import type { ErrorCode } from '../../../core/error-codes';

const CALL = { service: 'BigQuery', action: 'create the table p.d.t', object: 'p.d.t' } as const;

function failure(
  status: number | undefined,
  reason: string | undefined,
  message = 'words',
  cause?: Error,
): GoogleServiceFailure {
  return new GoogleServiceFailure(message, status, reason, { cause });
}

function caused(code: string): GoogleServiceFailure {
  const inner = Object.assign(new Error(code), { code });
  return failure(undefined, undefined, code, new TypeError('fetch failed', { cause: inner }));
}

describe('a failure of a Google service', () => {
  it('has a code by its word, then by its status', () => {
    const table: [number | undefined, string | undefined, ErrorCode, mayPass: boolean][] = [
      [undefined, undefined, 'DESTINATION_UNAVAILABLE', true],
      [429, undefined, 'DESTINATION_UNAVAILABLE', true],
      [408, undefined, 'DESTINATION_UNAVAILABLE', true],
      [500, 'internalError', 'DESTINATION_UNAVAILABLE', true],
      [503, undefined, 'DESTINATION_UNAVAILABLE', true],
      [403, 'rateLimitExceeded', 'DESTINATION_UNAVAILABLE', true],
      [403, 'userRateLimitExceeded', 'DESTINATION_UNAVAILABLE', true],
      [400, 'backendError', 'DESTINATION_UNAVAILABLE', true],
      [403, 'accessDenied', 'RIGHTS_MISSING', false],
      [403, 'forbidden', 'RIGHTS_MISSING', false],
      [403, undefined, 'RIGHTS_MISSING', false],
      [403, 'quotaExceeded', 'QUOTA_EXCEEDED', false],
      [429, 'quotaExceeded', 'QUOTA_EXCEEDED', false],
      [403, 'billingNotEnabled', 'DESTINATION_FAILED', false],
      [403, 'retentionPolicyNotMet', 'DESTINATION_FAILED', false],
      [401, undefined, 'LOGIN_FAILED', false],
      [400, 'invalid_grant', 'LOGIN_FAILED', false],
      [404, 'notFound', 'DESTINATION_FAILED', false],
      [400, 'invalid', 'DESTINATION_FAILED', false],
      [400, '__proto__', 'DESTINATION_FAILED', false],
      [501, 'notImplemented', 'DESTINATION_FAILED', false],
      [307, undefined, 'DESTINATION_FAILED', false],
    ];
    for (const [status, reason, code, passes] of table) {
      assert.equal(codeOfFailure(failure(status, reason)), code, `${status} ${reason}`);
      assert.equal(mayPass(failure(status, reason)), passes, `${status} ${reason}`);
    }
    assert.equal(codeOfFailure(failure(404, 'notFound'), 'BUCKET_NOT_FOUND'), 'BUCKET_NOT_FOUND');
  });

  it('without an answer is told by its cause', () => {
    assert.equal(codeOfFailure(caused('ENOTFOUND')), 'CONNECTION_DNS');
    assert.equal(codeOfFailure(caused('ECONNREFUSED')), 'CONNECTION_REFUSED');
    assert.equal(codeOfFailure(caused('DEPTH_ZERO_SELF_SIGNED_CERT')), 'CONNECTION_TLS');
    assert.equal(codeOfFailure(caused('ECONNRESET')), 'DESTINATION_UNAVAILABLE');
    assert.equal(mayPass(caused('CERT_HAS_EXPIRED')), false);
    const several = new AggregateError([Object.assign(new Error('x'), { code: 'ECONNREFUSED' })]);
    assert.equal(codeOfFailure(failure(undefined, undefined, 'x', several)), 'CONNECTION_REFUSED');
  });

  it('names the right that is missing and a role that has it', () => {
    const cases = [
      [
        "Permission 'storage.objects.create' denied on resource",
        /storage\.objects\.create.*roles\/storage\.objectUser on the bucket/,
      ],
      ["Permission 'storage.buckets.get' denied", /storage\.buckets\.get.*roles\/storage\.bucketViewer/],
      [
        'Access Denied: Project p: User does not have bigquery.jobs.create permission in project p.',
        /bigquery\.jobs\.create.*roles\/bigquery\.jobUser on the project/,
      ],
      [
        'Permission bigquery.tables.updateData denied on table p:d.t (or it may not exist).',
        /bigquery\.tables\.updateData.*roles\/bigquery\.dataEditor on the dataset/,
      ],
      ["Permission 'iam.serviceAccounts.getAccessToken' denied", /roles\/iam\.serviceAccountTokenCreator/],
      ['Access Denied', /roles\/bigquery\.jobUser/],
    ] as const;
    for (const [message, hint] of cases) {
      const error = beamliftErrorOf(failure(403, 'accessDenied', message), CALL);
      assert.equal(error.why, message);
      assert.match(error.hint ?? '', hint);
    }
  });

  it('says what was tried, where, and what to do', () => {
    const error = beamliftErrorOf(failure(403, 'quotaExceeded', 'Quota exceeded: imports per table'), CALL, {
      unit: 'u1',
    });
    assert.equal(error.what, 'BigQuery: could not create the table p.d.t');
    assert.deepEqual(error.where, { object: 'p.d.t', unit: 'u1' });
    assert.match(error.why ?? '', /imports per table/);
    assert.match(error.hint ?? '', /quota/);
    assert.match(
      beamliftErrorOf(failure(400, 'invalid_grant'), CALL).hint ?? '',
      /gcloud auth application-default login/,
    );
  });
});
