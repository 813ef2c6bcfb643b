import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { mysqlSource } from '../../extractors/mysql/mysql';
import type { CheckFinding } from '../../core/extractor';
import type { JsonObject } from '../../core/plan';
import { freePort } from './free-port';
import { startMysql, type MysqlServer } from './mysql-server';
import { mysqlConnectionTo, withMysql } from './mysql-opened';
import { never, readAll, servicesWith, table } from './postgres-source';

describe('connecting to MySQL', () => {
  let server: MysqlServer;
  before(async function () {
    this.timeout(60_000);
    server = await startMysql({ tls: true });
    await server.execute(
      'CREATE TABLE orders (id INT PRIMARY KEY)',
      'INSERT INTO orders VALUES (1)',
      'CREATE DATABASE hidden',
      'CREATE TABLE hidden.secrets (id INT)',
      "CREATE USER nobody@'%' IDENTIFIED BY 'pw'",
      "CREATE USER strict@'%' IDENTIFIED BY 'pw' REQUIRE SSL",
      "GRANT SELECT ON shop.* TO strict@'%'",
      "CREATE USER empty@'%'",
      "GRANT SELECT ON shop.orders TO empty@'%'",
    );
  });
  after(() => server.stop());

  const check = async (more: JsonObject, password = server.password): Promise<CheckFinding[]> => {
    const services = servicesWith({ PW: password });
    const connection = mysqlConnectionTo(server, { password: '${env:PW}', connect_timeout: 5, ...more });
    return await mysqlSource.check(connection, services, never);
  };
  const stepsOf = (findings: readonly CheckFinding[]): string[] =>
    findings.map(({ step, ok }) => `${step} ${ok ? 'ok' : 'failed'}`);

  it('goes through every step where all is well', async () => {
    const findings = await check({
      host: 'localhost',
      sslmode: 'verify-full',
      ssl_ca: server.authority ?? '',
    });
    assert.deepEqual(stepsOf(findings), [
      'dns ok',
      'connect ok',
      'tls ok',
      'login ok',
      'database ok',
      'rights ok',
    ]);
    assert.match(findings.find(({ step }) => step === 'tls')?.detail ?? '', /^TLSv1\.3, authority and name/);
  });

  it('tells apart what can be wrong', async () => {
    const cases: readonly (readonly [more: JsonObject, last: string, password?: string])[] = [
      [{ host: 'no-such-host.invalid' }, 'dns failed'],
      [{ port: await freePort() }, 'connect failed'],
      [{ sslmode: 'verify-full', ssl_ca: server.authority ?? '' }, 'tls failed'],
      [{ host: 'localhost', sslmode: 'verify-full' }, 'tls failed'],
      [{}, 'login failed', 'wrong'],
      [{ user: 'nobody there' }, 'login failed'],
      [{ database: 'nowhere' }, 'database failed'],
      [{ user: 'nobody', database: 'hidden' }, 'rights failed', 'pw'],
      [{ user: 'nobody', database: 'information_schema' }, 'rights failed', 'pw'],
      [{ ssl_ca: '/nonexistent/ca.pem' }, 'secret failed'],
    ];
    for (const [more, last, password] of cases) {
      const findings = await check(more, password);
      assert.equal(stepsOf(findings).at(-1), last, JSON.stringify([more, findings]));
      assert.ok(findings.at(-1)?.hint !== undefined, JSON.stringify(findings));
      assert.ok(!JSON.stringify(findings).includes(server.password));
    }
  });

  it('gives up on a server that does not answer', async () => {
    const silent = createServer((socket) => socket.on('error', () => undefined));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    assert.ok(address !== null && typeof address === 'object');
    try {
      const findings = await check({ port: address.port, connect_timeout: 0.3 });
      assert.deepEqual(stepsOf(findings), ['connect failed']);
      assert.match(findings[0]?.detail ?? '', /did not answer within 0\.3 s/);
    } finally {
      silent.close();
    }
  });

  it('takes a server that speaks something else for no MySQL', async () => {
    const other = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    assert.ok(address !== null && typeof address === 'object');
    try {
      const findings = await check({ port: address.port, connect_timeout: 2 });
      assert.equal(findings.at(-1)?.ok, false);
    } finally {
      other.close();
    }
  });

  it('encrypts as sslmode says', async () => {
    const authority = server.authority ?? '';
    const cases: readonly (readonly [more: JsonObject, encrypted: boolean])[] = [
      [{ sslmode: 'disable' }, false],
      [{ sslmode: 'allow' }, false],
      [{ sslmode: 'prefer' }, true],
      [{ sslmode: 'require' }, true],
      // an address is not in the certificate; the authority is checked alone
      [{ sslmode: 'verify-ca', ssl_ca: authority }, true],
      [{ sslmode: 'allow', user: 'strict' }, true],
      [{ host: server.socketPath, user: 'loader' }, false],
    ];
    for (const [more, encrypted] of cases) {
      const findings = await check(more, more['user'] === 'strict' ? 'pw' : server.password);
      assert.ok(
        findings.every(({ ok }) => ok),
        JSON.stringify([more, findings]),
      );
      assert.equal(stepsOf(findings).includes('tls ok'), encrypted, JSON.stringify(more));
    }
    const refused = await check({ sslmode: 'disable', user: 'strict' }, 'pw');
    assert.equal(stepsOf(refused).at(-1), 'login failed');
    const selfSigned = await check({ sslmode: 'require', ssl_ca: OTHER_AUTHORITY });
    assert.equal(stepsOf(selfSigned).at(-1), 'tls failed');
  });

  it('reads with a password of every kind of character, by reference, by URL, from MYSQL_PWD, and without one', async () => {
    const parsed = mysqlSource.parseUrl(
      `mysql://loader:${encodeURIComponent(server.password)}@127.0.0.1:${server.port}/shop?sslmode=disable`,
    );
    assert.ok(parsed !== undefined);
    const object = table('orders');
    const options = [
      { object, connection: parsed.connection },
      { object, connection: { password: '${env:PW}' }, environment: { PW: server.password } },
      { object, connection: { user: 'empty', password: '' } },
    ];
    for (const option of options) {
      await withMysql(server, option, async (source) => {
        assert.deepEqual((await readAll(source)).rows, [[1n]]);
      });
    }
  });

  it('says which right is missing', async () => {
    const connection = { user: 'empty', password: '' };
    await withMysql(server, { object: table('hidden.secrets'), connection }, async (source) => {
      await assert.rejects(source.schema(never), (error: { code: string; hint: string }) => {
        assert.equal(error.code, 'RIGHTS_MISSING');
        assert.match(error.hint, /GRANT SELECT ON `hidden`\.`secrets`/);
        return true;
      });
    });
  });

  it('asks for a database where a name has none', async () => {
    const { host, port, user, password } = server;
    const connection = { host, port, user, password };
    const source = await mysqlSource.open(
      { type: 'mysql', connectionName: 'shop', connection, object: table('orders'), maxConnections: 1 },
      servicesWith(),
    );
    await assert.rejects(source.schema(never), { code: 'CONFIG_INVALID' });
    await source.close();
  });

  it('discovers tables and views, with what is known of their size', async () => {
    await server.execute('CREATE VIEW all_orders AS SELECT * FROM orders', 'ANALYZE TABLE orders');
    const connection = mysqlConnectionTo(server);
    const found = await mysqlSource.discover(connection, servicesWith(), 'shop.*', never);
    assert.deepEqual(
      found.map(({ kind, name }) => `${kind} ${name}`),
      ['view shop.all_orders', 'table shop.orders'],
    );
    assert.equal(found[1]?.rows, 1);
    const hidden = await mysqlSource.discover(connection, servicesWith(), 'secret?', never);
    assert.deepEqual(
      hidden.map(({ name }) => name),
      ['hidden.secrets'],
    );
  });

  it('notices a server that is killed in the middle of a unit', async () => {
    const mortal = await startMysql();
    try {
      await mortal.execute(
        'CREATE TABLE wide (id INT PRIMARY KEY, padding VARCHAR(500))',
        "INSERT INTO wide SELECT seq, REPEAT('x', 500) FROM seq_1_to_20000",
      );
      await withMysql(mortal, { object: table('wide') }, async (source) => {
        const { columns } = await source.schema(never);
        const request = {
          unit: { id: 'all', kind: 'all' as const },
          window: null,
          columns: columns.map(({ name }) => name),
          limit: null,
          pin: undefined,
        };
        await assert.rejects(
          async () => {
            for await (const batch of source.read(request, never).batches) {
              assert.ok(batch.rows.length > 0);
              await mortal.kill();
            }
          },
          { code: 'CONNECTION_LOST' },
        );
        await assert.rejects(readAll(source), { code: 'CONNECTION_REFUSED' });
      });
    } finally {
      await mortal.stop();
    }
  }).timeout(60_000);
});

/** Of nobody's: made by openssl, and its key thrown away. */
const OTHER_AUTHORITY = `-----BEGIN CERTIFICATE-----
MIIBjzCCATWgAwIBAgIUaKif0+r3oIY4HGCzWVSeJcdIOpEwCgYIKoZIzj0EAwIw
HDEaMBgGA1UEAwwRYW5vdGhlciBhdXRob3JpdHkwIBcNMjYxMTIyMTI1NjM3WhgP
MjEyNjEwMjkxMjU2MzdaMBwxGjAYBgNVBAMMEWFub3RoZXIgYXV0aG9yaXR5MFkw
EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEyV/oKd1MMVjuKeK/n3X7eK4wzRNb37c4
JcC4m9SmmHZ3RynNiqrahEP+ntmYOp/kU+rv7NsXavQojp4ZenST8qNTMFEwHQYD
VR0OBBYEFEpyHUVUqExIIZFfr/Sdwn/NEEbgMB8GA1UdIwQYMBaAFEpyHUVUqExI
IZFfr/Sdwn/NEEbgMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIg
aw3C5eYd6ZvHVFbeRFv79nFxtFHooEMo6po3OPEX5E4CIQDdgFL+4VsnyI4uiimD
ggoFkxJdmhqYZL/tmrq+zOqfeA==
-----END CERTIFICATE-----
`;
