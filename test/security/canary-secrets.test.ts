import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import path from 'node:path';
import { Readable } from 'node:stream';
import { Workspace } from '../pipelines/workspace';

/** A long password, and one with characters that URLs and JSON escape. */
const CANARIES = ['canary-7c1d-long-password', 'cänary "quoted" \\ / @ : % $'];

/** PostgreSQL's ErrorResponse to a wrong password. */
function refusal(message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C28P01\0M${message}\0\0`, 'utf8');
  const head = Buffer.from([0x45, 0, 0, 0, 0]);
  head.writeInt32BE(4 + fields.length, 1);
  return Buffer.concat([head, fields]);
}

describe('canary secrets', function () {
  this.timeout(60_000);
  let workspace: Workspace;
  let server: Server;
  let port: number;
  const received = new Set<string>();

  before(async () => {
    // A server that asks for the password in clear text, and repeats it in its refusal.
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.once('data', (answer) => {
          const password = answer.toString('utf8', 5, answer.length - 1);
          received.add(password);
          socket.end(refusal(`who is ${password}?`));
        });
        socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    port = typeof address === 'object' && address !== null ? address.port : 0;
  });
  after(() => {
    server.close();
  });
  beforeEach(async () => {
    workspace = await Workspace.create();
  });
  afterEach(async () => {
    await workspace.remove();
  });

  async function assertNowhere(canary: string, shown: string, except: string): Promise<void> {
    const spellings = [canary, encodeURIComponent(canary), JSON.stringify(canary).slice(1, -1)];
    for (const spelling of spellings)
      assert.ok(!shown.includes(spelling), `the output shows ${spelling}:\n${shown}`);
    const entries = await readdir(workspace.folder, { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((candidate) => candidate.isFile() && candidate.name !== except)) {
      // SQLite removes its helper files when it is done.
      const content = await readFile(path.join(entry.parentPath, entry.name)).catch(() => '');
      for (const spelling of spellings)
        assert.ok(!content.includes(spelling), `${entry.name} holds ${spelling}`);
    }
  }

  const commands = [
    ['run'],
    ['plan'],
    ['plan', '--json'],
    ['check'],
    ['check', '--json'],
    ['preview'],
    ['discover', 'shop'],
    ['runs', 'list', '--json'],
  ];
  for (const canary of CANARIES) {
    it(`${canary}: written into the configuration, by reference, in a file and in a URL`, async () => {
      const connections = {
        inline: JSON.stringify(canary),
        environment: "'${env:CANARY}'",
        file: "'${file:secret.txt}'",
      };
      await workspace.write('secret.txt', `${canary}\n`);
      for (const [kind, password] of Object.entries(connections)) {
        await workspace.write(
          'beamlift.yaml',
          `connections:
  shop: { source_type: postgresql, host: 127.0.0.1, port: ${port}, database: d, user: u, password: ${password}, sslmode: disable }
destinations:
  warehouse: { type: duckdb, path: warehouse.duckdb }
jobs:
  orders: { connection: shop, source_table_name: public.orders, load_type: catalog }
`,
        );
        for (const command of kind === 'inline' ? commands : [['run'], ['check']]) {
          const host = workspace.host({ CANARY: canary, LOG_LEVEL: 'debug' });
          const { code, out, err } = await workspace.beamlift(command, host);
          if (command[0] !== 'runs') assert.notEqual(code, 0, `${kind} ${command.join(' ')}`);
          const leaf = kind === 'inline' ? 'beamlift.yaml' : 'secret.txt';
          await workspace.write('secret.txt', kind === 'file' ? `${canary}\n` : '');
          await assertNowhere(canary, out + err, leaf);
        }
      }
      const url = `postgresql://u:${encodeURIComponent(canary)}@127.0.0.1:${port}/d?sslmode=disable`;
      const flags = ['--from', url, '--table', 'public.orders', '--to', 'duckdb:warehouse.duckdb'];
      await workspace.write('beamlift.yaml', '');
      await workspace.write('secret.txt', '');
      for (const command of ['run', 'plan']) {
        const { code, out, err } = await workspace.beamlift([command, ...flags]);
        assert.notEqual(code, 0);
        await assertNowhere(canary, out + err, '');
      }
      assert.ok(received.has(canary), 'the server was told the password');
    });

    it(`${canary}: stored encrypted by commands, used, edited and kept from everyone`, async () => {
      const environment = { BEAMLIFT_SECRET_KEY: Buffer.alloc(32, 5).toString('base64'), LOG_LEVEL: 'debug' };
      const stored = async (args: readonly string[], input?: string): Promise<void> => {
        const host = workspace.host(environment);
        const withInput = input === undefined ? host : { ...host, input: Readable.from([input]) };
        const { out, err } = await workspace.beamlift(args, withInput);
        await assertNowhere(canary, out + err, 'secret.yaml');
      };
      const fields = ['--type', 'postgresql', '--host', '127.0.0.1', '--port', String(port)];
      const rest = ['--database', 'd', '--user', 'u', '--set', 'sslmode=disable'];
      await stored(['connections', 'add', 'shop', ...fields, ...rest, '--password-stdin'], `${canary}\n`);
      const [named] = (await workspace.beamlift(['connections', 'list', '--json'])).out.split('\n');
      assert.match(named ?? '', /"password":\{"kept":"encrypted"/);
      await workspace.write(
        'beamlift.yaml',
        `destinations:
  warehouse: { type: duckdb, path: warehouse.duckdb }
jobs:
  orders: { connection: shop, source_table_name: public.orders, load_type: catalog }
`,
      );
      received.clear();
      for (const command of [
        ...commands,
        ['connections', 'test', 'shop'],
        ['connections', 'test', 'shop', '--json'],
      ]) {
        await stored(command);
      }
      assert.ok(received.has(canary), 'the server was told the password');
      const url = `postgresql://u:${encodeURIComponent(canary)}@127.0.0.1:${port}/d?sslmode=disable`;
      await workspace.write(
        'secret.yaml',
        `source_type: postgresql\npassword: ${JSON.stringify(canary)}\nprt: 1\n`,
      );
      for (const command of [
        ['add', 'two', '--url', url, '--test'],
        ['add', 'two', '--url', url, '--set', 'hots=x'],
        ['add', 'two', '--url', url],
        ['add', 'three', ...fields, '--set', `password=${canary}`, '--set', 'port=x'],
        ['add', 'three', '--type', 'nonsense', '--set', `password=${canary}`],
        ['add', 'three', '--from-file', 'secret.yaml'],
        ['edit', 'shop', '--set', `password=${canary}`, '--test'],
        ['edit', 'shop', '--set', `sslmode=${canary}`, '--set', `password=${canary}`],
        ['show', 'shop'],
        ['list'],
        ['rotate-key'],
        ['delete', 'two'],
      ]) {
        await stored(['connections', ...command]);
      }
      await stored(
        ['connections', 'edit', 'shop', '--from-file', '-'],
        `password: ${JSON.stringify(canary)}\nprt: 1`,
      );
    });
  }
});
