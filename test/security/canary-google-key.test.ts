import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { Workspace } from '../pipelines/workspace';

const CANARY = 'canary-4e2b-private-key';

/** A key that no signature can be made with. */
const KEY = JSON.stringify({
  type: 'service_account',
  project_id: 'my-project',
  private_key_id: 'canary-4e2b-key-id',
  private_key: `-----BEGIN PRIVATE KEY-----\n${CANARY}\n-----END PRIVATE KEY-----\n`,
  client_email: 'etl@my-project.iam.gserviceaccount.com',
});

describe('the key of a service account', function () {
  this.timeout(60_000);
  let workspace: Workspace;
  beforeEach(async () => {
    workspace = await Workspace.create();
    await workspace.write('data/a.csv', 'id\n1\n');
  });
  afterEach(async () => {
    await workspace.remove();
  });

  for (const [kind, credentials] of Object.entries({
    inline: `'${KEY}'`,
    environment: "'${env:KEY}'",
    file: "'${file:key.json}'",
  })) {
    it(`is shown nowhere and kept nowhere: ${kind}`, async () => {
      await workspace.write('key.json', kind === 'file' ? KEY : '');
      await workspace.write(
        'beamlift.yaml',
        `connections:
  here: { type: local, path: data }
destinations:
  warehouse:
    type: bigquery
    project: my-project
    dataset: raw
    staging: gs://my-bucket/beamlift
    credentials: ${credentials}
jobs:
  a: { connection: here, file_pattern: "*.csv", load_type: catalog, create_table: true }
`,
      );
      for (const command of [['check'], ['plan', '--json'], ['run'], ['run', '--json']]) {
        const host = workspace.host({ KEY, LOG_LEVEL: 'debug' });
        const { code, out, err } = await workspace.beamlift(command, host);
        assert.notEqual(code, 0, command.join(' '));
        assert.match(out + err, /LOGIN_FAILED|login/, 'it got as far as the login');
        assert.ok(!/canary-4e2b/.test(out + err), out + err);
      }
      const entries = await readdir(workspace.folder, { recursive: true, withFileTypes: true });
      for (const entry of entries.filter((found) => found.isFile())) {
        if (['beamlift.yaml', 'key.json'].includes(entry.name)) continue;
        const content = await readFile(path.join(entry.parentPath, entry.name), 'latin1').catch(() => '');
        assert.ok(!content.includes('canary-4e2b'), entry.name);
      }
    });
  }
});
