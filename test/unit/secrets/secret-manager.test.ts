import assert from 'node:assert/strict';
import { createVerify, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ServerResponse } from 'node:http';
import { createSecretResolver } from '../../../core/clients/secrets';
import { BeamliftError } from '../../../core/errors';
import { SecretRedactor } from '../../../core/secret-redactor';
import { LoopbackServer, sendJson, type ReceivedRequest } from './loopback-server';

const REFERENCE = '${secret:projects/shop/secrets/db/versions/latest}';
const ACCESS = '/v1/projects/shop/secrets/db/versions/latest:access';
const CANARY = 'canary-7f3c9a-value';
const RETRY = { attempts: 3, minDelayMs: 1, maxDelayMs: 2, factor: 1 };

describe('Secret Manager', () => {
  const signal = new AbortController().signal;
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  let folder = '';

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'beamlift-secret-manager-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  function resolverFor(server: LoopbackServer, environment: Record<string, string> = {}) {
    return createSecretResolver({
      environment: { GCE_METADATA_HOST: server.url.slice('http://'.length), ...environment },
      baseFolder: folder,
      inlineSecrets: new Map(),
      redactor: new SecretRedactor(),
      secretManagerEndpoint: server.url,
      tokenEndpoints: { oauth: `${server.url}/token`, serviceAccount: `${server.url}/token` },
      retry: RETRY,
    });
  }

  /** A server that hands out tokens, and answers accesses as told. */
  async function start(
    access: (response: ServerResponse, accesses: number, request: ReceivedRequest) => void,
  ) {
    let accesses = 0;
    return await LoopbackServer.start((request, response) => {
      if (request.path.includes('/computeMetadata/') || request.path === '/token') {
        sendJson(response, 200, { access_token: 'token-of-the-test', expires_in: 3600 });
        return;
      }
      accesses++;
      access(response, accesses, request);
    });
  }

  function payload(text: string, dataCrc32c?: string) {
    return {
      payload: {
        data: Buffer.from(text).toString('base64'),
        ...(dataCrc32c === undefined ? {} : { dataCrc32c }),
      },
    };
  }

  async function failure(work: Promise<unknown>): Promise<BeamliftError> {
    try {
      await work;
    } catch (error) {
      assert.ok(error instanceof BeamliftError, String(error));
      assert.doesNotMatch(JSON.stringify(error.toReport()), /canary|token-of-the-test/);
      return error;
    }
    assert.fail('it did not fail');
  }

  it('reads a version with a token of the metadata server, once', async () => {
    await using server = await start((response) => sendJson(response, 200, payload(CANARY)));
    const secrets = resolverFor(server);
    const values = await Promise.all([
      secrets.resolve(REFERENCE, signal),
      secrets.resolve(REFERENCE, signal),
    ]);
    assert.deepEqual([...values, await secrets.resolve(REFERENCE, signal)], [CANARY, CANARY, CANARY]);
    assert.deepEqual(
      server.requests.map((request) => request.path),
      ['/computeMetadata/v1/instance/service-accounts/default/token', ACCESS],
    );
    assert.equal(server.requests[0]?.headers['metadata-flavor'], 'Google');
    assert.equal(server.requests[1]?.headers.authorization, 'Bearer token-of-the-test');
  });

  it('keeps a line end of the payload', async () => {
    await using server = await start((response) => sendJson(response, 200, payload('a\n')));
    assert.equal(await resolverFor(server).resolve(REFERENCE, signal), 'a\n');
  });

  it('checks the checksum', async () => {
    // The check value of CRC-32C for "123456789" is 0xE3069283.
    await using right = await start((response) =>
      sendJson(response, 200, payload('123456789', '3808858755')),
    );
    assert.equal(await resolverFor(right).resolve(REFERENCE, signal), '123456789');
    await using wrong = await start((response) => sendJson(response, 200, payload(CANARY, '3808858755')));
    assert.match((await failure(resolverFor(wrong).resolve(REFERENCE, signal))).why ?? '', /checksum/);
  });

  it('tries again after faults of the server', async () => {
    await using server = await start((response, count) =>
      count < 3 ? sendJson(response, count === 1 ? 503 : 429, {}) : sendJson(response, 200, payload(CANARY)),
    );
    assert.equal(await resolverFor(server).resolve(REFERENCE, signal), CANARY);
    assert.equal(server.requests.filter((request) => request.path === ACCESS).length, 3);
  });

  it('gives up when the attempts are used up', async () => {
    await using server = await start((response) => response.destroy());
    const error = await failure(resolverFor(server).resolve(REFERENCE, signal));
    assert.equal(error.code, 'SECRET_UNRESOLVED');
    assert.equal(server.requests.filter((request) => request.path === ACCESS).length, RETRY.attempts);
  });

  it('does not repeat what was refused, and says what to do', async () => {
    await using server = await start((response) =>
      sendJson(response, 403, { error: { code: 403, message: 'Permission denied on resource' } }),
    );
    const error = await failure(resolverFor(server).resolve(REFERENCE, signal));
    assert.match(error.what, /projects\/shop\/secrets\/db\/versions\/latest/);
    assert.match(error.why ?? '', /HTTP 403: Permission denied on resource/);
    assert.match(error.hint ?? '', /secretmanager\.secretAccessor/);
    assert.equal(server.requests.filter((request) => request.path === ACCESS).length, 1);
  });

  it('refuses redirects, which would carry the token elsewhere', async () => {
    await using thief = await start((response) => sendJson(response, 200, payload('stolen')));
    await using server = await start((response) => {
      response.writeHead(302, { location: `${thief.url}${ACCESS}` });
      response.end();
    });
    await failure(resolverFor(server).resolve(REFERENCE, signal));
    assert.equal(thief.requests.length, 0);
  });

  it('refuses answers that are not what they should be, without quoting them', async () => {
    const answers: ((response: ServerResponse) => void)[] = [
      (response) => response.end(`<html>${CANARY}`),
      (response) => sendJson(response, 200, { payload: {} }),
      (response) => sendJson(response, 200, null),
      (response) => response.end('x'.repeat(300 * 1024)),
    ];
    for (const answer of answers) {
      await using server = await start(answer);
      assert.equal((await failure(resolverFor(server).resolve(REFERENCE, signal))).code, 'SECRET_UNRESOLVED');
    }
  });

  it('signs a statement with the key of a service account', async () => {
    const file = path.join(folder, 'key.json');
    await writeFile(
      file,
      JSON.stringify({
        type: 'service_account',
        client_email: 'etl@shop.iam.gserviceaccount.com',
        private_key_id: 'k1',
        private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
        token_uri: 'https://oauth2.googleapis.com/token',
      }),
    );
    await using server = await start((response) => sendJson(response, 200, payload(CANARY)));
    const secrets = resolverFor(server, { GOOGLE_APPLICATION_CREDENTIALS: file });
    assert.equal(await secrets.resolve(REFERENCE, signal), CANARY);
    const form = new URLSearchParams(server.requests[0]?.body);
    assert.equal(form.get('grant_type'), 'urn:ietf:params:oauth:grant-type:jwt-bearer');
    const [header = '', claims = '', signature = ''] = (form.get('assertion') ?? '').split('.');
    assert.ok(
      createVerify('RSA-SHA256').update(`${header}.${claims}`).verify(publicKey, signature, 'base64url'),
    );
    const said = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8')) as Record<string, unknown>;
    assert.equal(said['iss'], 'etl@shop.iam.gserviceaccount.com');
    assert.equal(Number(said['exp']) - Number(said['iat']), 3600);
  });

  it('exchanges the refresh token of a login, also from its usual place', async () => {
    const file = path.join(folder, 'application_default_credentials.json');
    await writeFile(
      file,
      JSON.stringify({
        type: 'authorized_user',
        client_id: 'c',
        client_secret: 's',
        refresh_token: 'canary-refresh',
      }),
    );
    for (const environment of [{ GOOGLE_APPLICATION_CREDENTIALS: file }, { CLOUDSDK_CONFIG: folder }]) {
      await using server = await start((response) => sendJson(response, 200, payload(CANARY)));
      assert.equal(await resolverFor(server, environment).resolve(REFERENCE, signal), CANARY);
      assert.equal(new URLSearchParams(server.requests[0]?.body).get('refresh_token'), 'canary-refresh');
    }
  });

  it('explains credentials that cannot be used', async () => {
    const cases: [string, RegExp][] = [
      ['{canary', /is not JSON/],
      [JSON.stringify({ type: 'external_account' }), /neither a service account's key nor a user's login/],
      [JSON.stringify({ type: 'authorized_user', client_id: 'c' }), /has no client_secret/],
      [
        JSON.stringify({
          type: 'service_account',
          client_email: 'e',
          private_key: 'canary',
          token_uri: 'https://x',
        }),
        /not a usable RSA key/,
      ],
    ];
    await using server = await start((response) => sendJson(response, 200, payload(CANARY)));
    for (const [text, expected] of cases) {
      const file = path.join(folder, 'key.json');
      await writeFile(file, text);
      const secrets = resolverFor(server, { GOOGLE_APPLICATION_CREDENTIALS: file });
      assert.match((await failure(secrets.resolve(REFERENCE, signal))).why ?? '', expected);
    }
    const missing = resolverFor(server, { GOOGLE_APPLICATION_CREDENTIALS: path.join(folder, 'none.json') });
    assert.match((await failure(missing.resolve(REFERENCE, signal))).why ?? '', /cannot be read \(ENOENT\)/);
  });

  it('lets one caller leave without disturbing the other', async () => {
    let release: () => void = () => undefined;
    await using server = await start((response) => {
      release = () => sendJson(response, 200, payload(CANARY));
    });
    const secrets = resolverFor(server);
    const leaving = new AbortController();
    const first = secrets.resolve(REFERENCE, leaving.signal);
    const second = secrets.resolve(REFERENCE, signal);
    while (!server.requests.some((request) => request.path === ACCESS)) await new Promise(setImmediate);
    const reason = new Error('leaving');
    leaving.abort(reason);
    await assert.rejects(first, reason);
    release();
    assert.equal(await second, CANARY);
  });

  it('stops at once when its only caller leaves, and starts again for the next', async () => {
    let closed: () => void = () => undefined;
    const connectionClosed = new Promise<void>((resolve) => (closed = resolve));
    await using server = await start((response, count) => {
      response.on('close', closed);
      if (count > 1) sendJson(response, 200, payload(CANARY));
    });
    const secrets = resolverFor(server);
    const leaving = new AbortController();
    const first = secrets.resolve(REFERENCE, leaving.signal);
    while (!server.requests.some((request) => request.path === ACCESS)) await new Promise(setImmediate);
    leaving.abort(new Error('leaving'));
    await assert.rejects(first, /leaving/);
    await connectionClosed;
    assert.equal(await secrets.resolve(REFERENCE, signal), CANARY);
  });
});
