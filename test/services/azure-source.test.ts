import assert from 'node:assert/strict';
import type { CheckFinding } from '../../core/extractor';
import type { JsonObject } from '../../core/plan';
import { azureBlobSource } from '../../extractors/files/azure-blob';
import { quietServices } from '../contract/quiet-services';
import { startAzurite, type AzuriteServer } from './azurite-server';
import { describeBucketLoads } from './bucket-loads';
import { freePort } from './free-port';

// The service itself turns \ into /, and takes no name that ends with a dot or a slash.
const ODD_NAMES = ['a b.csv', 'c+d%20e#f?.csv', 'ü/📦 &=.csv', 'quote\'"<>.csv', '~!$()*,;:@.csv', '%2F.csv'];

describe('Azure Blob Storage into a warehouse', function () {
  this.timeout(120_000);
  let server: AzuriteServer;

  before(async () => {
    server = await startAzurite('lake');
  });
  after(() => server.stop());

  describeBucketLoads(() => ({
    module: azureBlobSource,
    endpoint: server.endpoint,
    connection: (endpoint, prefix) => ({
      container: server.container,
      prefix,
      account: server.account,
      account_key: '${env:LAKE_KEY}',
      endpoint,
    }),
    resolved: (prefix) => ({
      container: server.container,
      prefix,
      account: server.account,
      account_key: server.key,
      endpoint: server.endpoint,
    }),
    environment: { LAKE_KEY: server.key },
    secrets: [server.key],
    write: (key, body, contentEncoding) =>
      server.write(key, body, contentEncoding === undefined ? {} : { contentEncoding }),
    delete: (key) => server.delete(key),
    oddNames: ODD_NAMES,
  }));
});

describe('settings of Azure Blob Storage, right and wrong', function () {
  this.timeout(60_000);
  let server: AzuriteServer;

  before(async () => {
    server = await startAzurite('lake');
    await server.write('exports/a.csv', 'id\n1\n');
    // How an account with a hierarchical namespace shows the folder.
    await server.write('exports', '', { metadata: { hdi_isfolder: 'true' } });
    await server.client('open').create({ access: 'container' });
    await server.client('open').getBlockBlobClient('b.csv').upload('id\n1\n', 5);
  });
  after(() => server.stop());

  const WRONG_KEY = Buffer.from('wrong'.repeat(12)).toString('base64');
  const inAnHour = (): Date => new Date(Date.now() + 3_600_000);
  const check = async (
    more: JsonObject,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<CheckFinding[]> =>
    await azureBlobSource.check(
      { container: 'lake', ...more },
      { ...quietServices('/'), environment },
      new AbortController().signal,
    );
  const here = (): JsonObject => ({ account: server.account, endpoint: server.endpoint });
  const failing = async (more: JsonObject): Promise<string> => {
    const findings = await check(more);
    const last = findings.at(-1);
    assert.equal(last?.ok, false, JSON.stringify(findings));
    const text = `${last.step}: ${last.detail} -> ${last.hint ?? ''}`;
    const sas = typeof more['sas_token'] === 'string' ? more['sas_token'] : server.key;
    const signature = /sig=([^&]+)/.exec(sas)?.[1] ?? server.key;
    for (const secret of [server.key, WRONG_KEY, signature, decodeURIComponent(signature)])
      assert.ok(!text.includes(secret), text);
    return text;
  };

  it('passes with each kind of login', async () => {
    const { account, key, endpoint } = server;
    const token = await server.sas('rl', inAnHour());
    const connectionString = `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${key};BlobEndpoint=${endpoint};`;
    const ways: [JsonObject, Record<string, string>][] = [
      [{ ...here(), account_key: key }, {}],
      [{ ...here(), sas_token: token }, {}],
      [{ ...here(), sas_token: `${endpoint}/lake${token}` }, {}],
      [{ connection_string: connectionString }, {}],
      [{ connection_string: `BlobEndpoint=${endpoint};SharedAccessSignature=${token.slice(1)}` }, {}],
      [{}, { AZURE_STORAGE_CONNECTION_STRING: connectionString }],
      [{ endpoint }, { AZURE_STORAGE_ACCOUNT: account, AZURE_STORAGE_KEY: key }],
      [{ endpoint }, { AZURE_STORAGE_ACCOUNT: account, AZURE_STORAGE_SAS_TOKEN: token }],
    ];
    for (const [fields, environment] of ways) {
      const findings = await check({ ...fields, prefix: 'exports' }, environment);
      assert.deepEqual(
        findings.map(({ step, ok }) => [step, ok]),
        [
          ['bucket', true],
          ['list', true],
          ['read', true],
        ],
        JSON.stringify([Object.keys(fields), findings]),
      );
      assert.match(findings[1]?.detail ?? '', /^1 file below /);
    }
  });

  it('reads public containers without a login', async () => {
    const findings = await check({ ...here(), container: 'open', credentials: 'anonymous' });
    assert.ok(findings.length === 3 && findings.every(({ ok }) => ok), JSON.stringify(findings));
    assert.match(await failing({ ...here(), credentials: 'anonymous' }), /^login: .*not public/);
  });

  it('names what is wrong, at its step', async () => {
    const key = server.key;
    assert.match(
      await failing({ ...here(), account_key: WRONG_KEY }),
      /^login: .*AuthorizationFailure.* -> .*a current key of the account beamlifttest/,
    );
    assert.match(
      await failing({ ...here(), account_key: key, container: 'leak' }),
      /^bucket: There is no container "leak".*ContainerNotFound/,
    );
    assert.match(
      await failing({ ...here(), account_key: key, endpoint: `http://127.0.0.1:${await freePort()}/x` }),
      /^connect: .*ECONNREFUSED 127\.0\.0\.1.*`endpoint`/,
    );
    assert.match(
      await failing({ account: 'nobody', account_key: key, endpoint: 'https://nobody.example.invalid' }),
      /^dns: .*ENOTFOUND nobody\.example\.invalid -> Check `account` \(nobody\)/,
    );
  });

  it('tells what a SAS token lacks', async () => {
    const expired = await server.sas('rl', new Date(Date.now() - 3_600_000));
    assert.match(await failing({ ...here(), sas_token: expired }), /^login: .*The SAS token expired at 20/);
    const reading = await server.sas('r', inAnHour());
    assert.match(await failing({ ...here(), sas_token: reading }), /^list: .*lacks the right to list/);
    const listing = await server.sas('l', inAnHour());
    assert.match(
      await failing({ ...here(), sas_token: listing }),
      /^read: the bucket can be listed, but exports\/a\.csv cannot be read: .*lacks the right to read/,
    );
    const tampered = (await server.sas('rl', inAnHour())).replace(/sig=./, 'sig=A');
    assert.match(await failing({ ...here(), sas_token: tampered }), /^login: .*Make a new one/);
  });
});
