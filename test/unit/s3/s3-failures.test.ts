import assert from 'node:assert/strict';
import type { ErrorCode } from '../../../core/error-codes';
import { BeamliftError } from '../../../core/errors';
import type { S3Settings } from '../../../core/clients/s3-settings';
import { refuse, S3StandIn, type Answer } from './s3-stand-in';

/** What S3 answers, what it means, and what the words and the advice must say. */
const ANSWERS: readonly (readonly [
  name: string,
  answer: Answer,
  code: ErrorCode,
  what: RegExp,
  hint: RegExp,
])[] = [
  [
    'another region',
    refuse(
      301,
      'PermanentRedirect',
      'The bucket you are attempting to access must be addressed using the specified endpoint.',
      '<Endpoint>lake.s3.eu-west-3.amazonaws.com</Endpoint><Bucket>lake</Bucket>',
      { 'x-amz-bucket-region': 'eu-west-3' },
    ),
    'CONFIG_INVALID',
    /bucket lake is in the region eu-west-3, not in us-east-1/,
    /`region: eu-west-3`/,
  ],
  [
    'another region, by the signature',
    refuse(
      400,
      'AuthorizationHeaderMalformed',
      "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-3'",
      '<Region>eu-west-3</Region>',
    ),
    'CONFIG_INVALID',
    /in the region eu-west-3/,
    /`region: eu-west-3`/,
  ],
  [
    'another region, which is not said',
    refuse(301, 'PermanentRedirect', 'Moved'),
    'CONFIG_INVALID',
    /another region than us-east-1/,
    /`region`/,
  ],
  [
    'a token that has expired',
    refuse(400, 'ExpiredToken', 'The provided token has expired.'),
    'LOGIN_FAILED',
    /Could not list/,
    /session has expired.*aws sso login/,
  ],
  [
    'a clock that is wrong',
    refuse(
      403,
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
    ),
    'LOGIN_FAILED',
    /Could not list/,
    /clock of this machine/,
  ],
  [
    'a wrong secret',
    refuse(
      403,
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided.',
      '<StringToSign>AWS4-HMAC-SHA256</StringToSign>',
    ),
    'LOGIN_FAILED',
    /Could not list/,
    /secret access key does not fit.*copy it again/,
  ],
  [
    'a key that is not known',
    refuse(403, 'InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.'),
    'LOGIN_FAILED',
    /Could not list/,
    /does not know the access key/,
  ],
  [
    'a token of another key',
    refuse(400, 'InvalidToken', 'The provided token is malformed or otherwise invalid.'),
    'LOGIN_FAILED',
    /Could not list/,
    /session token is not valid/,
  ],
  [
    'no such bucket',
    refuse(404, 'NoSuchBucket', 'The specified bucket does not exist'),
    'BUCKET_NOT_FOUND',
    /no bucket "lake"/,
    /Check `bucket`/,
  ],
  [
    'no right to list',
    refuse(403, 'AccessDenied', 'Access Denied'),
    'RIGHTS_MISSING',
    /login may not/,
    /s3:ListBucket on arn:aws:s3:::lake and s3:GetObject on arn:aws:s3:::lake\/\*/,
  ],
  [
    'something new',
    refuse(418, 'Teapot', 'short and stout'),
    'SOURCE_REFUSED',
    /Could not list/,
    /Check `endpoint`/,
  ],
];

describe('failures of S3', () => {
  const { signal } = new AbortController();
  const server = new S3StandIn();
  before(() => server.start());
  after(() => server.stop());

  const failureOf = async (
    answer: Answer,
    act: 'list' | 'read',
    more: Partial<S3Settings> = {},
  ): Promise<BeamliftError> => {
    server.answers = [answer];
    const client = await server.client(more);
    try {
      if (act === 'list') await client.listPage('exports/', undefined, signal);
      else {
        for await (const piece of client.read({ key: 'a', version: 'v', start: 0, end: 1 }, signal)) {
          assert.fail(`${piece.length} bytes came`);
        }
      }
    } catch (error) {
      assert.ok(error instanceof BeamliftError, String(error));
      assert.doesNotMatch(JSON.stringify(error.toReport()), /a-secret-key-for-tests|StringToSign/);
      assert.equal(error.cause, undefined);
      return error;
    } finally {
      await client.close();
    }
    throw new Error('nothing was thrown');
  };

  for (const [name, answer, code, what, hint] of ANSWERS) {
    it(`tells ${name}`, async () => {
      const error = await failureOf(answer, 'list');
      assert.equal(error.code, code, error.what);
      assert.match(error.what, what);
      assert.match(error.hint ?? '', hint);
      assert.match(error.why ?? '', /\(HTTP \d+\)/);
    });
  }

  it('tells an object that may not be read where its bucket may be listed', async () => {
    const denied = await failureOf(refuse(403, 'AccessDenied', 'Access Denied'), 'read');
    assert.equal(denied.code, 'RIGHTS_MISSING');
    assert.equal(denied.what, 's3://lake/a may not be read by this login');
    assert.match(denied.hint ?? '', /s3:GetObject on arn:aws:s3:::lake\/\*/);
    const encrypted = await failureOf(
      refuse(403, 'AccessDenied', 'User is not authorized to perform: kms:Decrypt on the resource'),
      'read',
    );
    assert.match(encrypted.hint ?? '', /^Grant the login kms:Decrypt/);
    const archived = await failureOf(
      refuse(
        403,
        'InvalidObjectState',
        'The operation is not valid for the object',
        '<StorageClass>GLACIER</StorageClass>',
      ),
      'read',
    );
    assert.equal(archived.code, 'SOURCE_REFUSED');
    assert.match(archived.hint ?? '', /archived/);
  });

  it('tells what the network says', async () => {
    const refused = await failureOf(refuse(500, '', ''), 'list', { endpoint: 'http://127.0.0.1:1' });
    assert.equal(refused.code, 'CONNECTION_REFUSED');
    assert.match(refused.hint ?? '', /`endpoint` \(http:\/\/127\.0\.0\.1:1\)/);
    const tls = await failureOf(refuse(500, '', ''), 'list', {
      endpoint: server.endpoint.replace('http:', 'https:'),
    });
    assert.equal(tls.code, 'CONNECTION_TLS');
    assert.match(tls.why ?? '', /^wrong version number$/);
    const reset = await failureOf((response) => response.socket?.resetAndDestroy(), 'list');
    assert.equal(reset.code, 'CONNECTION_LOST');
  });
});
