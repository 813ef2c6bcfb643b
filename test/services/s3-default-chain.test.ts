import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startS3Server, type S3Server } from './s3-server';

const ROOT = path.join(__dirname, '..', '..');

/** In processes of their own: the SDK looks at the variables of its process. */
describe('credentials of S3 that the AWS SDK finds', function () {
  this.timeout(60_000);
  let server: S3Server;
  let folder: string;
  let machine: Server;

  before(async () => {
    server = await startS3Server();
    await server.write('a.csv', 'id\n1\n');
    folder = await mkdtemp(path.join(tmpdir(), 'beamlift-s3-chain-'));
    await writeFile(
      path.join(folder, 'credentials'),
      `[etl]\naws_access_key_id = ${server.accessKeyId}\naws_secret_access_key = ${server.secretAccessKey}\n`,
    );
    await writeFile(path.join(folder, 'config'), `[profile etl]\nregion = ${server.region}\n`);
    await writeFile(
      path.join(folder, 'beamlift.yaml'),
      `connections:
  chain: { source_type: s3, bucket: lake, endpoint: "${server.endpoint}" }
  profile: { source_type: s3, bucket: lake, endpoint: "${server.endpoint}", profile: etl }
  unknown: { source_type: s3, bucket: lake, endpoint: "${server.endpoint}", profile: nobody, region: ${server.region} }
destinations: { warehouse: { type: duckdb, path: warehouse.duckdb } }
jobs:
  a: { connection: chain, destination: warehouse, file_pattern: "*.csv", load_type: catalog, dest_table_name: a }
`,
    );
    // As a container's credentials are handed out.
    machine = createServer((request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          AccessKeyId: request.headers.authorization === 'of-the-task' ? server.accessKeyId : 'AKIANOBODY',
          SecretAccessKey: server.secretAccessKey,
          Token: '',
          Expiration: new Date(Date.now() + 3_600_000).toISOString(),
        }),
      );
    });
    await new Promise<void>((resolve) => machine.listen(0, '127.0.0.1', resolve));
  });
  after(async () => {
    await new Promise((resolve) => {
      machine.close(resolve);
      machine.closeAllConnections();
    });
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const check = async (
    connection: string,
    environment: Readonly<Record<string, string>>,
  ): Promise<{ code: number | null; output: string }> => {
    const { PATH = '' } = process.env;
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', 'launcher/cli.ts', 'check', connection, '-f', path.join(folder, 'beamlift.yaml')],
      {
        cwd: ROOT,
        env: {
          PATH,
          HOME: folder,
          AWS_EC2_METADATA_DISABLED: 'true',
          ...environment,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    assert.ok(!output.includes(server.secretAccessKey));
    return { code, output };
  };
  const files = (): Record<string, string> => ({
    AWS_SHARED_CREDENTIALS_FILE: path.join(folder, 'credentials'),
    AWS_CONFIG_FILE: path.join(folder, 'config'),
  });

  it('are those of a profile, with its region', async () => {
    for (const [connection, environment] of [
      ['profile', files()],
      ['chain', { ...files(), AWS_PROFILE: 'etl' }],
    ] as const) {
      const { code, output } = await check(connection, environment);
      assert.equal(code, 0, output);
      assert.match(output, /ok +connection (?:profile|chain) \(s3\): bucket, list, read/);
    }
  });

  it('are those of the machine', async () => {
    const { code, output } = await check('chain', {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${(machine.address() as AddressInfo).port}/`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'of-the-task',
      AWS_REGION: server.region,
    });
    assert.equal(code, 0, output);
  });

  it('are none where there are none, which is said', async () => {
    const nothing = await check('chain', { AWS_REGION: server.region });
    assert.equal(nothing.code, 1, nothing.output);
    assert.match(nothing.output, /login: failed .*Could not load credentials.*\n.*No credentials were found/);
    const unknown = await check('unknown', files());
    assert.equal(unknown.code, 1, unknown.output);
    assert.match(unknown.output, /No credentials were found by the profile nobody/);
  });
});
