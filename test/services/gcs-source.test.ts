import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import type { CheckFinding } from '../../core/extractor';
import type { JsonObject } from '../../core/plan';
import { gcsSource } from '../../extractors/files/gcs';
import { quietServices } from '../contract/quiet-services';
import { describeBucketLoads } from './bucket-loads';
import { freePort } from './free-port';
import { startGcsServer, type GcsServer } from './gcs-server';

const ODD_NAMES = [
  'a b.csv',
  'c+d%20e#f?.csv',
  'ü/📦 &=.csv',
  'quote\'"<>.csv',
  '~!$()*,;:@.csv',
  'x\\y.csv',
  '%2F.csv',
];

describe('Cloud Storage into a warehouse', function () {
  this.timeout(120_000);
  let server: GcsServer;

  before(async () => {
    server = await startGcsServer('lake');
  });
  after(() => server.stop());

  describeBucketLoads(() => ({
    module: gcsSource,
    endpoint: server.endpoint,
    connection: (endpoint, prefix) => ({
      bucket_path: `gs://${server.bucket}/${prefix}`,
      service_account_json: 'anonymous',
      endpoint,
    }),
    resolved: (prefix) => ({
      bucket: server.bucket,
      prefix,
      credentials: 'anonymous',
      endpoint: server.endpoint,
    }),
    environment: {},
    secrets: [],
    write: async (key, body, contentEncoding) => {
      if (contentEncoding === undefined) await server.write(key, body);
      else await writeEncoded(server, key, body, contentEncoding);
    },
    delete: (key) => server.delete(key),
    oddNames: ODD_NAMES,
  }));
});

async function writeEncoded(
  { endpoint, bucket }: GcsServer,
  name: string,
  body: string | Uint8Array,
  contentEncoding: string,
): Promise<void> {
  const query = new URLSearchParams({ uploadType: 'media', name, contentEncoding });
  const response = await fetch(`${endpoint}/upload/storage/v1/b/${bucket}/o?${query.toString()}`, {
    method: 'POST',
    body: Buffer.from(body),
  });
  assert.ok(response.ok, await response.text());
}

describe('settings of Cloud Storage, right and wrong', function () {
  this.timeout(60_000);
  let server: GcsServer;

  before(async () => {
    server = await startGcsServer('lake');
    await server.write('exports/a.csv', 'id\n1\n');
  });
  after(() => server.stop());

  const check = async (more: JsonObject): Promise<CheckFinding[]> => {
    const fields = { bucket: 'lake', credentials: 'anonymous', endpoint: server.endpoint, ...more };
    const services = quietServices('/');
    return await gcsSource.check(
      fields,
      { ...services, environment: { GCE_METADATA_HOST: '127.0.0.1:1' } },
      new AbortController().signal,
    );
  };
  const failing = async (more: JsonObject): Promise<string> => {
    const findings = await check(more);
    const last = findings.at(-1);
    assert.equal(last?.ok, false, JSON.stringify(findings));
    return `${last.step}: ${last.detail} -> ${last.hint ?? ''}`;
  };

  it('passes with right ones', async () => {
    const findings = await check({ prefix: 'exports' });
    assert.deepEqual(
      findings.map(({ step, ok, detail }) => [step, ok, detail]),
      [
        ['bucket', true, 'gs://lake is there, the login is accepted'],
        ['list', true, '1 file below gs://lake/exports/'],
        ['read', true, 'exports/a.csv can be read'],
      ],
    );
  });

  it('names what is wrong, at its step', async () => {
    assert.match(await failing({ bucket: 'leak' }), /^bucket: There is no bucket "leak".*`bucket`/);
    const nothing = `http://127.0.0.1:${await freePort()}`;
    assert.match(await failing({ endpoint: nothing }), /^connect: .*ECONNREFUSED 127\.0\.0\.1.*`endpoint`/);
    const other = 'https://storage.example.invalid';
    assert.match(await failing({ endpoint: other }), /^dns: .*storage\.example\.invalid.*`endpoint`/);
    assert.match(
      await failing({ credentials: 'a secret that is no key', endpoint: other }),
      /^login: .*`credentials` of the connection is not JSON -> .*\$\{file:key\.json\}/,
    );
    const text = await failing({ credentials: keyFile(), endpoint: server.endpoint });
    assert.match(text, /^configuration: .*without https:\/\//);
    assert.ok(!text.includes('PRIVATE KEY'));
  });
});

/** Of a service account that nobody knows. */
function keyFile(): string {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return JSON.stringify({
    type: 'service_account',
    client_email: 'nobody@example.iam.gserviceaccount.com',
    private_key: privateKey,
  });
}
