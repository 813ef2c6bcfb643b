import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fieldAt, withFieldAt } from '../../../core/nested-fields';
import { checkConfiguration, loadConfiguration } from '../../../launcher/config/load-configuration';
import { withFolder } from './temporary-folder';

const TEXT = `connections:
  shop:
    source_type: postgresql
    host: db.internal
    password: "\${env:PW}"
    ssh:
      host: "\${env:BASTION}"
      port: "\${env:SSH_PORT}"
      user: etl
      password: plain s3cret
      private_key: "\${file:id_ed25519}"
      passphrase: "a\${env:PW}"
      known_hosts: "\${file:known_hosts}"
destinations: { warehouse: { type: duckdb, path: w.duckdb } }
jobs: { orders: { connection: shop, source_table_name: orders, load_type: catalog } }
`;

describe('secrets in mappings of a connection', () => {
  it('are references or are taken out; what is no secret is filled in', async () => {
    await withFolder(async (folder) => {
      await writeFile(path.join(folder, 'beamlift.yaml'), TEXT);
      const environment = { BASTION: 'bastion.example.org', SSH_PORT: '2222', PW: 'c4nary' };
      const { connections, inlineSecrets } = await loadConfiguration({
        file: undefined,
        cwd: folder,
        environment,
      });
      const { config } = connections.get('shop') ?? {};
      assert.deepEqual(config?.['ssh'], {
        host: 'bastion.example.org',
        port: 2222,
        user: 'etl',
        password: '\${inline:connections.shop.ssh.password}',
        private_key: '\${file:id_ed25519}',
        passphrase: '\${inline:connections.shop.ssh.passphrase}',
        known_hosts: '\${file:known_hosts}',
      });
      assert.deepEqual(Object.fromEntries(inlineSecrets), {
        'connections.shop.ssh.password': 'plain s3cret',
        'connections.shop.ssh.passphrase': 'a\${env:PW}',
      });
    });
  });

  it('are checked with their place in the file', async () => {
    await withFolder(async (folder) => {
      const broken = TEXT.replace('user: etl', 'usr: etl').replace('"\${file:id_ed25519}"', '"\${vault:x}"');
      await writeFile(path.join(folder, 'beamlift.yaml'), broken);
      const environment = { BASTION: 'b', SSH_PORT: '2222', PW: 'c4nary' };
      const problems = JSON.stringify(
        await checkConfiguration({ file: undefined, cwd: folder, environment }),
      );
      assert.match(problems, /usr/);
      assert.match(problems, /did you mean user/);
      assert.match(problems, /vault/);
      assert.ok(!problems.includes('plain s3cret'));
    });
  });
});

describe('fields in mappings', () => {
  it('are found and replaced by their path, and nothing else is touched', () => {
    const fields = { a: 1, ssh: { host: 'h', inner: { key: 'k' } }, 'x.y': 'literal' };
    assert.equal(fieldAt(fields, 'ssh.inner.key'), 'k');
    for (const path of ['ssh.no', 'a.b', 'no', 'ssh.constructor', '__proto__.x', 'x.y']) {
      assert.equal(fieldAt(fields, path), undefined, path);
      assert.deepEqual(withFieldAt(fields, path, 'new'), fields, path);
    }
    assert.deepEqual(withFieldAt(fields, 'ssh.inner.key', 'new'), {
      ...fields,
      ssh: { host: 'h', inner: { key: 'new' } },
    });
    assert.deepEqual(fields.ssh.inner, { key: 'k' });
  });
});
