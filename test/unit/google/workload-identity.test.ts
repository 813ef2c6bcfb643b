import assert from 'node:assert/strict';
import * as library from 'google-auth-library';
import { clientOf } from '../../../core/clients/google-keys';

describe('workload identity', () => {
  it('goes to Google also where the file has other spellings of an address, or another universe', () => {
    const key = {
      type: 'external_account',
      audience: 'a',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      tokenUrl: 'https://evil.example/v1/token',
      tokenInfoUrl: 'https://evil.example/v1/introspect',
      serviceAccountImpersonationUrl: 'https://evil.example/who@evil.example:generateAccessToken',
      universe_domain: 'evil.example',
      universeDomain: 'evil.example',
      credential_source: { file: '/nowhere' },
    };
    const client = clientOf(library, key, 'a test', {}, {});
    assert.ok(client instanceof library.BaseExternalAccountClient);
    assert.equal(Reflect.get(client, 'tokenUrl'), 'https://sts.googleapis.com/v1/token');
    assert.equal(client.universeDomain, 'googleapis.com');
    assert.equal(client.getServiceAccountEmail(), null);
  });
});
