import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { connectMysql } from '../../core/clients/mysql';
import { mysqlConnectionSchema } from '../../core/clients/mysql-connection';
import { resolveMysqlSettings } from '../../core/clients/mysql-settings';
import type { JsonObject } from '../../core/plan';
import { startMysql8StandIn, type Mysql8Options, type Mysql8StandIn } from './mysql8-stand-in';
import { never, servicesWith } from './postgres-source';

const PASSWORD = "c4nary é'\\s3cret";

/** MariaDB has no caching_sha2_password, which is the default of MySQL 8. */
describe('logging in to MySQL 8', () => {
  let folder: string;
  let tls: { key: string; cert: string };
  const servers: Mysql8StandIn[] = [];
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'beamlift-mysql8-'));
    const file = (name: string): string => path.join(folder, name);
    await promisify(execFile)('openssl', [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
      ...['-keyout', file('key.pem'), '-out', file('cert.pem')],
    ]);
    tls = { key: await readFile(file('key.pem'), 'utf8'), cert: await readFile(file('cert.pem'), 'utf8') };
  });
  afterEach(() => Promise.all(servers.splice(0).map((server) => server.stop())));
  after(() => rm(folder, { recursive: true }));

  const logIn = async (options: Mysql8Options, connection: JsonObject): Promise<readonly string[]> => {
    const server = await startMysql8StandIn(options);
    servers.push(server);
    const fields = {
      ...{ host: 'localhost', user: 'etl', password: PASSWORD, connect_timeout: 5 },
      ...(options.path === undefined ? { port: server.port } : { host: options.path }),
      ...connection,
    };
    const settings = await resolveMysqlSettings(mysqlConnectionSchema.parse(fields), servicesWith(), never);
    const client = await connectMysql(settings, never);
    client.destroy();
    return server.passwords;
  };

  it('sends the password inside TLS, after the certificate was checked', async () => {
    const verified = { sslmode: 'verify-full', ssl_ca: tls.cert };
    assert.deepEqual(await logIn({ tls }, verified), [`cleartext: ${PASSWORD}`]);
    assert.deepEqual(await logIn({ tls }, { sslmode: 'prefer' }), [`cleartext: ${PASSWORD}`]);
    const [server] = servers;
    await assert.rejects(logIn({ tls }, { ...verified, host: '127.0.0.1' }), { code: 'CONNECTION_TLS' });
    assert.ok(server !== undefined);
    assert.deepEqual(
      servers.at(-1)?.passwords.filter((password) => password.includes(PASSWORD)),
      [],
    );
  });

  it('encrypts the password with the key of the server where there is no TLS', async () => {
    for (const sslmode of ['disable', 'prefer']) {
      assert.deepEqual(await logIn({}, { sslmode }), [`RSA: ${PASSWORD}`], sslmode);
    }
  });

  it('sends no password where the server knows it from before', async () => {
    assert.deepEqual(await logIn({ isCached: true }, { sslmode: 'disable' }), []);
  });

  it('sends it as it is through a unix socket, which both sides take for safe', async () => {
    const socketPath = path.join(folder, 's');
    assert.deepEqual(await logIn({ path: socketPath }, {}), [`cleartext: ${PASSWORD}`]);
  });

  it('lets the server ask for no file, and takes one statement at a time', async () => {
    await logIn({}, {});
    const [capabilities = 0] = servers[0]?.capabilities ?? [];
    assert.notEqual(capabilities, 0);
    for (const [name, flag] of [
      ['LOCAL_FILES', 0x80],
      ['MULTI_STATEMENTS', 0x10000],
      ['MULTI_RESULTS', 0x20000],
    ] as const) {
      assert.equal(capabilities & flag, 0, name);
    }
  });

  it('refuses methods that would give the password away, or that it does not know', async () => {
    for (const plugin of ['mysql_clear_password', 'client_ed25519', 'toString']) {
      await assert.rejects(
        logIn({ plugin }, { sslmode: 'disable' }),
        (error: { code: string; why?: string; hint?: string }) => {
          assert.equal(error.code, 'LOGIN_FAILED', JSON.stringify(error));
          assert.ok(error.why?.includes(plugin), error.why);
          assert.ok(!JSON.stringify(error).includes('s3cret'));
          return true;
        },
        plugin,
      );
      assert.ok(!JSON.stringify(servers.at(-1)?.passwords).includes('s3cret'));
    }
  });
});
