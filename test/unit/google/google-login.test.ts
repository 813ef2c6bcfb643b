import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { codeOfFailure, GoogleServiceFailure } from '../../../core/clients/google-failures';
import {
  openGoogleLogin,
  type GoogleLogin,
  type GoogleLoginOptions,
} from '../../../core/clients/google-login';
import { BeamliftError } from '../../../core/errors';
import { hasCode } from '../../has-code';
import { calm } from './unruly-server';

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2_048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const SERVICE_ACCOUNT = JSON.stringify({
  type: 'service_account',
  project_id: 'key-project',
  private_key_id: 'k1',
  private_key: privateKey,
  client_email: 'loader@key-project.iam.gserviceaccount.com',
  token_uri: 'https://evil.example/token',
});
const USER = JSON.stringify({
  type: 'authorized_user',
  client_id: 'id',
  client_secret: 'the-client-secret',
  refresh_token: 'the-refresh-token',
  quota_project_id: 'quota-project',
});

interface Call {
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
}

/** Google's token services, as far as they are asked. */
function tokenService(answer: (call: Call, count: number) => Response | Promise<Response>) {
  const calls: Call[] = [];
  const fetchUrl: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    const call = { url: request.url, headers: request.headers, body: await request.text() };
    calls.push(call);
    return await answer(call, calls.length);
  };
  return { calls, fetch: fetchUrl };
}

const granting = (call: Call, count: number): Response =>
  Response.json(
    call.url.includes('generateAccessToken')
      ? { accessToken: `acting-${count}`, expireTime: new Date(Date.now() + 3_600_000).toISOString() }
      : { access_token: `token-${count}`, expires_in: 3_600, token_type: 'Bearer', issued_token_type: 'x' },
  );

async function login(options: Partial<GoogleLoginOptions>): Promise<GoogleLogin> {
  return await openGoogleLogin({ environment: {}, ...options }, calm());
}

describe('a login at Google', () => {
  let folder: string;
  before(async () => (folder = await mkdtemp(path.join(tmpdir(), 'beamlift-login-'))));
  after(async () => await rm(folder, { recursive: true }));

  it('by a service account signs a statement, at Google’s own address', async () => {
    const service = tokenService(granting);
    const account = await login({ credentials: SERVICE_ACCOUNT, fetch: service.fetch });
    assert.equal(account.project, 'key-project');
    assert.deepEqual(await account.headers(calm()), { authorization: 'Bearer token-1' });
    assert.deepEqual(await account.headers(calm()), { authorization: 'Bearer token-1' });
    assert.deepEqual(
      service.calls.map(({ url }) => url),
      ['https://oauth2.googleapis.com/token'],
    );
    const assertion = new URLSearchParams(service.calls[0]?.body).get('assertion') ?? '';
    const claims = JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString()) as Record<
      string,
      unknown
    >;
    assert.equal(claims['iss'], 'loader@key-project.iam.gserviceaccount.com');
    assert.equal(claims['scope'], 'https://www.googleapis.com/auth/cloud-platform');
  });

  it('by a user’s file exchanges the refresh token and names the project that pays', async () => {
    const service = tokenService(granting);
    const user = await login({ credentials: USER, fetch: service.fetch });
    assert.deepEqual(await user.headers(calm()), {
      authorization: 'Bearer token-1',
      'x-goog-user-project': 'quota-project',
    });
    assert.equal(new URLSearchParams(service.calls[0]?.body).get('refresh_token'), 'the-refresh-token');
  });

  it('by workload identity begins with the token of a file', async () => {
    const credentials = JSON.stringify({
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: 'https://sts.googleapis.com/v1/token',
      credential_source: { file: path.join(folder, 'no-subject') },
    });
    const account = await login({ credentials });
    await assert.rejects(account.headers(calm()), (error) => {
      assert.equal(codeOfFailure(error as GoogleServiceFailure), 'LOGIN_FAILED');
      assert.match((error as Error).message, /no-subject/);
      return true;
    });
  });

  it('by workload identity goes to Google alone, and runs no program unless the environment allows it', async () => {
    const base = {
      type: 'external_account',
      audience: 'a',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: 'https://sts.googleapis.com/v1/token',
      credential_source: { file: '/nowhere' },
    };
    const refused = [
      { ...base, token_url: 'https://sts.googleapis.com.evil.example/v1/token' },
      { ...base, token_url: 'http://sts.googleapis.com/v1/token' },
      { ...base, service_account_impersonation_url: 'https://evil.example/x:generateAccessToken' },
      { ...base, credential_source: { executable: { command: '/bin/true' } } },
    ];
    for (const key of refused) {
      const service = tokenService(granting);
      const account = await login({ credentials: JSON.stringify(key), fetch: service.fetch });
      await assert.rejects(account.headers(calm()), hasCode('LOGIN_FAILED'));
      assert.equal(service.calls.length, 0);
    }
  });

  it('acts as another account where one is named', async () => {
    const service = tokenService(granting);
    const acting = await login({
      credentials: USER,
      impersonate: 'robot@p.iam.gserviceaccount.com',
      fetch: service.fetch,
    });
    assert.equal((await acting.headers(calm()))['authorization'], 'Bearer acting-2');
    assert.match(
      service.calls[1]?.url ?? '',
      /serviceAccounts\/robot@p\.iam\.gserviceaccount\.com:generateAccessToken$/,
    );
    const file = JSON.stringify({
      type: 'impersonated_service_account',
      service_account_impersonation_url:
        'https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/other@p.iam.gserviceaccount.com:generateAccessToken',
      source_credentials: JSON.parse(USER) as unknown,
    });
    const second = tokenService(granting);
    await (await login({ credentials: file, fetch: second.fetch })).headers(calm());
    assert.match(second.calls[1]?.url ?? '', /other@p\.iam/);
  });

  it('anonymous sends nothing and asks nobody', async () => {
    const service = tokenService(granting);
    const anonymous = await login({
      credentials: 'anonymous',
      fetch: service.fetch,
      environment: { GOOGLE_CLOUD_PROJECT: 'p' },
    });
    assert.deepEqual(await anonymous.headers(calm()), {});
    assert.ok(anonymous.isAnonymous);
    assert.equal(anonymous.project, 'p');
    assert.equal(anonymous.renew({}), false);
    assert.equal(service.calls.length, 0);
  });

  it('is found in the environment that is given, and nowhere else', async () => {
    const file = path.join(folder, 'key.json');
    await writeFile(file, USER);
    const gcloud = path.join(folder, 'home', '.config', 'gcloud');
    await mkdir(gcloud, { recursive: true });
    await writeFile(path.join(gcloud, 'application_default_credentials.json'), SERVICE_ACCOUNT);
    const home = path.join(folder, 'home');
    assert.equal(
      (await login({ environment: { GOOGLE_APPLICATION_CREDENTIALS: file, HOME: home } })).project,
      'quota-project',
    );
    assert.equal((await login({ environment: { HOME: home } })).project, 'key-project');
    assert.equal(
      (await login({ environment: { HOME: '/nowhere', CLOUDSDK_CONFIG: gcloud } })).project,
      'key-project',
    );
    await assert.rejects(
      login({ environment: { GOOGLE_APPLICATION_CREDENTIALS: '/nowhere/key.json' } }),
      hasCode('LOGIN_FAILED', /\/nowhere\/key\.json does not exist/),
    );
  });

  it('comes from the metadata server when nothing else is there', async () => {
    const service = tokenService(granting);
    const machine = await login({ environment: { GCE_METADATA_HOST: 'meta.test' }, fetch: service.fetch });
    assert.equal((await machine.headers(calm()))['authorization'], 'Bearer token-1');
    assert.equal(
      service.calls[0]?.url,
      'http://meta.test/computeMetadata/v1/instance/service-accounts/default/token',
    );
    assert.equal(service.calls[0].headers.get('metadata-flavor'), 'Google');
    const nobody = await login({
      fetch: () => Promise.reject(new TypeError('fetch failed')),
    });
    await assert.rejects(nobody.headers(calm()), (error) => {
      assert.ok(error instanceof GoogleServiceFailure);
      assert.equal(codeOfFailure(error), 'LOGIN_FAILED');
      assert.match(error.message, /no Google credentials/);
      return true;
    });
  });

  it('gets a new token after one was refused that had been accepted', async () => {
    const service = tokenService(granting);
    const user = await login({ credentials: USER, fetch: service.fetch });
    const first = await user.headers(calm());
    assert.equal(user.renew(first), false);
    const second = await user.headers(calm());
    user.confirm(second);
    assert.equal(user.renew(second), true);
    const third = await user.headers(calm());
    assert.equal(third['authorization'], 'Bearer token-3');
    // The answer to an older request comes late.
    assert.equal(user.renew(second), true);
    assert.deepEqual(await user.headers(calm()), third);
  });

  it('that expired or was revoked is LOGIN_FAILED in the service’s words, never with a secret', async () => {
    const service = tokenService(() =>
      Response.json(
        { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' },
        { status: 400 },
      ),
    );
    for (const credentials of [USER, SERVICE_ACCOUNT]) {
      const account = await login({ credentials, fetch: service.fetch });
      await assert.rejects(account.headers(calm()), (error) => {
        assert.ok(error instanceof GoogleServiceFailure);
        assert.equal(codeOfFailure(error), 'LOGIN_FAILED');
        assert.match(error.message, /invalid_grant: Token has been expired or revoked/);
        const shown = inspect(error, { depth: 20, showHidden: true });
        for (const secret of ['the-client-secret', 'the-refresh-token', 'PRIVATE KEY', 'assertion']) {
          assert.ok(!shown.includes(secret), secret);
        }
        return true;
      });
    }
  });

  it('that cannot reach the token service may pass', async () => {
    const broken = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    const user = await login({
      credentials: USER,
      fetch: () => Promise.reject(new TypeError('fetch failed', { cause: broken })),
    });
    await assert.rejects(user.headers(calm()), (error) => {
      assert.ok(error instanceof GoogleServiceFailure);
      assert.equal(codeOfFailure(error), 'DESTINATION_UNAVAILABLE');
      return true;
    });
    const busy = tokenService(() => new Response('no', { status: 503 }));
    const other = await login({ credentials: USER, fetch: busy.fetch });
    await assert.rejects(
      other.headers(calm()),
      (error) => codeOfFailure(error as GoogleServiceFailure) === 'DESTINATION_UNAVAILABLE',
    );
  });

  it('of credentials that cannot be used says why, without quoting them', async () => {
    const unusable = [
      ['not json the-secret', /not JSON/],
      ['["the-secret"]', /not a JSON object/],
      ['{"type":"service_account","client_email":"a@b"}', /no private_key/],
      ['{"type":"authorized_user","client_id":"x","client_secret":"the-secret"}', /no refresh_token/],
      ['{"type":"api_key","key":"the-secret"}', /no service_account/],
      ['{"installed":{"client_secret":"the-secret"}}', /no service_account/],
      [
        JSON.stringify({ ...(JSON.parse(SERVICE_ACCOUNT) as object), private_key: 'the-secret' }),
        /private_key that cannot be read/,
      ],
    ] as const;
    for (const [credentials, why] of unusable) {
      await assert.rejects(
        async () => await (await login({ credentials })).headers(calm()),
        (error) => {
          assert.ok(error instanceof BeamliftError);
          assert.equal(error.code, 'LOGIN_FAILED');
          assert.match(error.why ?? '', why);
          assert.ok(!inspect(error, { depth: 20 }).includes('the-secret'));
          return true;
        },
      );
    }
  });

  it('stops waiting when the signal aborts; the token serves the next one', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const service = tokenService(async (call, count) => {
      await held;
      return granting(call, count);
    });
    const user = await login({ credentials: USER, fetch: service.fetch });
    const stop = new AbortController();
    const first = user.headers(stop.signal);
    const second = user.headers(calm());
    setTimeout(() => stop.abort(new Error('enough')), 20);
    await assert.rejects(first, /enough/);
    release();
    assert.equal((await second)['authorization'], 'Bearer token-1');
    assert.equal(service.calls.length, 1);
  });
});
