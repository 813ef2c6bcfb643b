import assert from 'node:assert/strict';
import fc from 'fast-check';
import { azureSettings, type AzureFields } from '../../../core/clients/azure-settings';
import { BeamliftError } from '../../../core/errors';

const KEY = Buffer.from('k'.repeat(64)).toString('base64');
const OTHER_KEY = Buffer.from('o'.repeat(64)).toString('base64');
const TOKEN = 'sv=2024-01-01&sp=rl&sig=abc%3D';
const CONTAINER = { container: 'raw' };

function problem(fields: Partial<AzureFields>, environment: Record<string, string> = {}): string {
  try {
    azureSettings({ ...CONTAINER, ...fields }, environment);
  } catch (error) {
    assert.ok(error instanceof BeamliftError && error.code === 'CONFIG_INVALID', String(error));
    return `${error.what} ${error.hint ?? ''}`;
  }
  assert.fail('there was no problem');
}

describe('settings of Azure Blob Storage', () => {
  it('say where the container is, and who asks', () => {
    const account = { account: 'shop', ...CONTAINER };
    const address = 'https://shop.blob.core.windows.net';
    const cases: [AzureFields, string, object][] = [
      [{ ...account, account_key: KEY }, address, { kind: 'key', account: 'shop', key: KEY }],
      [{ ...account, sas_token: `?${TOKEN}` }, address, { kind: 'sas', token: TOKEN }],
      [{ ...CONTAINER, sas_token: `${address}/raw?${TOKEN}` }, address, { kind: 'sas', token: TOKEN }],
      [account, address, { kind: 'default' }],
      [{ ...account, credentials: 'anonymous' }, address, { kind: 'anonymous' }],
      [
        { ...account, credentials: 'managed_identity' },
        address,
        { kind: 'managed identity', client: undefined },
      ],
      [{ ...account, client_id: 'c' }, address, { kind: 'managed identity', client: 'c' }],
      [
        { ...account, client_id: 'c', tenant_id: 't', client_secret: 's' },
        address,
        { kind: 'service principal', tenant: 't', client: 'c', secret: 's' },
      ],
      [
        {
          ...CONTAINER,
          connection_string: `AccountName=shop;AccountKey=${KEY};EndpointSuffix=core.chinacloudapi.cn`,
        },
        'https://shop.blob.core.chinacloudapi.cn',
        { kind: 'key', account: 'shop', key: KEY },
      ],
      [
        { ...CONTAINER, connection_string: `BlobEndpoint=${address}/;SharedAccessSignature=?${TOKEN}` },
        address,
        { kind: 'sas', token: TOKEN },
      ],
      [
        { ...CONTAINER, account_key: KEY, endpoint: 'https://shop.dfs.core.windows.net/' },
        address,
        { kind: 'key', account: 'shop', key: KEY },
      ],
      [
        { ...account, account_key: KEY, endpoint: 'http://127.0.0.1:10000/shop/' },
        'http://127.0.0.1:10000/shop',
        { kind: 'key', account: 'shop', key: KEY },
      ],
    ];
    for (const [fields, endpoint, login] of cases) {
      const settings = azureSettings(fields, {});
      assert.deepEqual([settings.endpoint, settings.login], [endpoint, login]);
      assert.equal(settings.container, 'raw');
    }
    const development = azureSettings({ ...CONTAINER, connection_string: 'UseDevelopmentStorage=true' }, {});
    assert.equal(development.endpoint, 'http://127.0.0.1:10000/devstoreaccount1');
  });

  it('take what they leave out from the environment, of the same account', () => {
    const environment = {
      AZURE_STORAGE_ACCOUNT: 'shop',
      AZURE_STORAGE_KEY: KEY,
      AZURE_STORAGE_SAS_TOKEN: TOKEN,
    };
    const login = (fields: Partial<AzureFields>, more: Record<string, string> = {}): object => {
      const found = azureSettings({ ...CONTAINER, ...fields }, { ...environment, ...more });
      return [found.account, found.login.kind, found.endpoint];
    };
    const address = 'https://shop.blob.core.windows.net';
    assert.deepEqual(login({}), ['shop', 'key', address]);
    assert.deepEqual(login({ account: 'shop' }), ['shop', 'key', address]);
    assert.deepEqual(login({}, { AZURE_STORAGE_KEY: '' }), ['shop', 'sas', address]);
    assert.deepEqual(login({ credentials: 'default' }), ['shop', 'default', address]);
    assert.deepEqual(login({ account: 'other' }), [
      'other',
      'default',
      'https://other.blob.core.windows.net',
    ]);
    const url = `https://other.blob.core.windows.net/raw?${TOKEN}`;
    assert.deepEqual(login({ sas_token: url }), ['other', 'sas', 'https://other.blob.core.windows.net']);
    const connection = { AZURE_STORAGE_CONNECTION_STRING: `AccountName=third;AccountKey=${OTHER_KEY}` };
    assert.deepEqual(login({}, connection), ['third', 'key', 'https://third.blob.core.windows.net']);
    assert.deepEqual(login({ account: 'shop' }, connection), ['shop', 'key', address]);
  });

  it('say what is wrong with them', () => {
    assert.match(problem({}), /Neither `account` nor `endpoint` nor `connection_string`/);
    assert.match(problem({ account: 'My-Account' }), /"My-Account".*3 to 24 small letters/);
    assert.match(
      problem({ account_key: KEY, endpoint: 'https://x.example' }),
      /`account_key` needs `account`/,
    );
    assert.match(problem({ account: 'shop', account_key: 'no base64!' }), /no base64/);
    assert.match(problem({ account: 'shop', sas_token: 'sv=1&sp=r' }), /no `sig`/);
    assert.match(
      problem({ connection_string: 'Server=tcp:sql;Password=p4ss' }),
      /not one of a storage account/,
    );
    assert.match(problem({ account: 'shop', client_secret: 's' }), /needs `tenant_id` and `client_id`/);
    assert.match(problem({ account: 'shop', endpoint: 'http://169.254.169.254' }), /metadata/);
    assert.match(problem({ account: 'shop', endpoint: 'http://azurite:10000/shop' }), /without https/);
    assert.match(
      problem({ connection_string: `BlobEndpoint=http://x.example;SharedAccessSignature=${TOKEN}` }),
      /https/,
    );
    azureSettings({ ...CONTAINER, account: 'shop', account_key: KEY, endpoint: 'http://azurite:1/shop' }, {});
  });

  it('never quote a secret', () => {
    const secret = fc.string({ minLength: 8 }).map((text) => `S3CRET${text}`);
    fc.assert(
      fc.property(
        secret,
        fc.constantFrom('account_key', 'sas_token', 'connection_string', 'client_secret'),
        (text, field) => {
          try {
            azureSettings({ ...CONTAINER, account: 'shop', [field]: text }, {});
          } catch (error) {
            assert.ok(error instanceof BeamliftError);
            assert.ok(!JSON.stringify(error.toReport()).includes('S3CRET'));
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
