import assert from 'node:assert/strict';
import { describeAzureFailure } from '../../../core/clients/azure-answers';
import { azureError, codeOfAzureFailure, type AzureFailure } from '../../../core/clients/azure-failures';
import type { AzureLogin } from '../../../core/clients/azure-settings';
import type { ErrorCode } from '../../../core/error-codes';

const NOW = Date.parse('2026-05-01T12:00:00Z');
const NOTHING: AzureFailure = {
  status: undefined,
  code: undefined,
  message: 'said',
  serverTimeMs: undefined,
  identity: false,
};
const KEY: AzureLogin = { kind: 'key', account: 'shop', key: 'c2VjcmV0' };

function error(failure: Partial<AzureFailure>, login: AzureLogin = KEY): ReturnType<typeof azureError> {
  return azureError(
    { ...NOTHING, ...failure },
    {
      action: 'list azure://shop/raw/',
      object: 'azure://shop/raw/',
      container: 'raw',
      account: 'shop',
      endpoint: 'https://shop.blob.core.windows.net',
      login,
      nowMs: NOW,
    },
  );
}

const hint = (failure: Partial<AzureFailure>, login?: AzureLogin): string => error(failure, login).hint ?? '';

describe('failures of Azure Blob Storage', () => {
  it('have one meaning each', () => {
    const cases: [number | undefined, string | undefined, ErrorCode][] = [
      [404, 'ContainerNotFound', 'BUCKET_NOT_FOUND'],
      [404, 'ResourceNotFound', 'BUCKET_NOT_FOUND'],
      [404, 'BlobNotFound', 'SOURCE_CHANGED'],
      [412, 'ConditionNotMet', 'SOURCE_CHANGED'],
      [416, undefined, 'SOURCE_CHANGED'],
      [403, 'AuthenticationFailed', 'LOGIN_FAILED'],
      [401, undefined, 'LOGIN_FAILED'],
      [409, 'PublicAccessNotPermitted', 'LOGIN_FAILED'],
      [403, 'AuthorizationPermissionMismatch', 'RIGHTS_MISSING'],
      [403, 'AuthorizationSourceIPMismatch', 'RIGHTS_MISSING'],
      [409, 'BlobArchived', 'SOURCE_REFUSED'],
      [404, undefined, 'SOURCE_REFUSED'],
      [400, 'InvalidUri', 'SOURCE_REFUSED'],
      [503, 'ServerBusy', 'SOURCE_UNAVAILABLE'],
      [500, 'OperationTimedOut', 'SOURCE_UNAVAILABLE'],
      [429, undefined, 'SOURCE_UNAVAILABLE'],
      [undefined, 'ENOTFOUND', 'CONNECTION_DNS'],
      [undefined, 'ECONNREFUSED', 'CONNECTION_REFUSED'],
      [undefined, 'ETIMEDOUT', 'CONNECTION_TIMEOUT'],
      [undefined, 'ECONNRESET', 'CONNECTION_LOST'],
      [undefined, 'SELF_SIGNED_CERT_IN_CHAIN', 'CONNECTION_TLS'],
      [undefined, 'PARSE_ERROR', 'SOURCE_REFUSED'],
    ];
    for (const [status, code, expected] of cases) {
      assert.equal(codeOfAzureFailure({ ...NOTHING, status, code }), expected, `${status} ${code}`);
    }
    const identity = { ...NOTHING, identity: true };
    assert.equal(codeOfAzureFailure(identity), 'LOGIN_FAILED');
    const unreachable = { ...identity, message: 'network_error: Network request failed' };
    assert.equal(codeOfAzureFailure(unreachable), 'CONNECTION_LOST');
    const machine = { ...identity, message: 'ManagedIdentityCredential: network_error' };
    assert.equal(codeOfAzureFailure(machine), 'LOGIN_FAILED');
  });

  it('tell what to do about a login', () => {
    const failed = { status: 403, code: 'AuthenticationFailed', serverTimeMs: NOW };
    assert.match(hint(failed), /current key of the account shop/);
    assert.match(hint({ ...failed, serverTimeMs: NOW - 40 * 60_000 }), /40 minutes ahead of Azure's/);
    assert.match(hint({ ...failed, serverTimeMs: NOW + 16 * 60_000 }), /16 minutes behind Azure's/);
    const sas = (token: string): string => hint(failed, { kind: 'sas', token });
    assert.match(sas('se=2026-05-01T11%3A59%3A00Z&sig=x'), /expired at 2026-05-01T11:59:00\.000Z/);
    assert.match(sas('st=2026-05-02&se=2027-01-01&sig=x'), /not valid before 2026-05-02/);
    assert.match(sas('se=2027-01-01&sig=x'), /another account/);
    assert.match(hint(failed, { kind: 'anonymous' }), /not public/);
    assert.match(
      hint({ ...failed, identity: true, message: 'ChainedTokenCredential' }, { kind: 'default' }),
      /az login/,
    );
    const rights = { status: 403, code: 'AuthorizationPermissionMismatch' };
    assert.match(hint(rights, { kind: 'default' }), /Storage Blob Data Reader on the container raw/);
    assert.match(hint(rights, { kind: 'sas', token: 'sp=r&sr=c&sig=x' }), /lacks the right to list/);
    assert.match(hint(rights, { kind: 'sas', token: 'sp=rl&sr=b&sig=x' }), /single blob/);
    assert.match(hint(rights, { kind: 'sas', token: 'sp=rl&sr=c&sig=x' }), /allows this address/);
    assert.match(hint({ status: 403, code: 'AuthorizationFailure' }), /firewall/);
    assert.match(hint({ status: 409, code: 'BlobArchived' }), /archive/);
  });

  it('are taken from what the library throws, without the request', () => {
    const headers = new Map([
      ['x-ms-error-code', 'AuthenticationFailed'],
      ['date', 'Fri, 01 May 2026 11:00:00 GMT'],
    ]);
    const thrown = Object.assign(
      new Error('Server failed to authenticate https://x/?sp=r&sig=S3CRET%3D now.\nRequestId:1\nTime:2'),
      {
        name: 'RestError',
        statusCode: 403,
        code: 'AuthenticationFailed',
        response: { headers },
        request: { url: 'https://x/?sig=S3CRET' },
        details: { authenticationErrorDetail: "The MAC signature 'S3CRET' is not the same" },
      },
    );
    assert.deepEqual(describeAzureFailure(thrown), {
      status: 403,
      code: 'AuthenticationFailed',
      message: 'Server failed to authenticate https://x/?sp=r&sig=… now.',
      serverTimeMs: NOW - 3_600_000,
      identity: false,
    });
    const times = 'Signature not valid in the specified time frame: Start [a] - Expiry [b] - Current [c]';
    const late = Object.assign(new Error('No.'), {
      statusCode: 403,
      details: { authenticationErrorDetail: times },
    });
    assert.equal(describeAzureFailure(late).message, `No. ${times}`);
    assert.equal(describeAzureFailure(new TypeError('undefined')).code, 'PARSE_ERROR');
    assert.equal(
      describeAzureFailure(Object.assign(new Error(''), { code: 'ECONNRESET' })).message,
      'ECONNRESET',
    );
    assert.equal(describeAzureFailure('nothing').message, 'the connection failed');
    const shown = JSON.stringify(
      error(describeAzureFailure(thrown), { kind: 'sas', token: 'sig=S3CRET' }).toReport(),
    );
    assert.ok(!shown.includes('S3CRET'), shown);
  });
});
