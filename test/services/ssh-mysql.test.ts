import assert from 'node:assert/strict';
import { BeamliftError } from '../../core/errors';
import type { CheckFinding } from '../../core/extractor';
import type { JsonObject } from '../../core/plan';
import { mysqlSource } from '../../extractors/mysql/mysql';
import { mysqlConnectionTo, withMysql } from './mysql-opened';
import { startMysql, type MysqlServer } from './mysql-server';
import { never, query, readAll, requestOf, servicesWith, table } from './postgres-source';
import { startSsh, type SshServer } from './ssh-server';

const ROWS = 20_000;

describe('MySQL through SSH', () => {
  let mysql: MysqlServer;
  let ssh: SshServer;
  let closed: SshServer;
  before(async function () {
    this.timeout(90_000);
    [mysql, ssh, closed] = await Promise.all([
      startMysql({ tls: true }),
      startSsh(),
      startSsh({ config: ['PermitOpen 127.0.0.1:1'] }),
    ]);
    await mysql.execute(
      'CREATE TABLE wide (id INT PRIMARY KEY, padding VARCHAR(500))',
      `INSERT INTO wide SELECT seq, REPEAT('x', 500) FROM seq_1_to_${ROWS}`,
    );
  });
  after(async () => {
    await Promise.all([ssh.stop(), closed.stop()]);
    await mysql.stop();
  });

  const tunnel = (server: SshServer = ssh): JsonObject => ({
    host: 'localhost',
    port: server.port,
    user: server.user,
    private_key: server.encryptedKey,
    passphrase: '${env:PASSPHRASE}',
    host_key: server.fingerprint,
  });
  const environment = (): Record<string, string> => ({ PASSPHRASE: ssh.passphrase });
  const check = async (connection: JsonObject): Promise<CheckFinding[]> => {
    const given = mysqlConnectionTo(mysql, { connect_timeout: 5, ssh: tunnel(), ...connection });
    return await mysqlSource.check(given, servicesWith(environment()), never);
  };
  const stepsOf = (findings: readonly CheckFinding[]): string =>
    findings.map(({ step, ok }) => `${step}${ok ? '' : '!'}`).join(' ');

  it('goes through every step, encrypted or not, by TCP and by the unix socket of the server', async () => {
    const authority = mysql.authority ?? '';
    const cases: readonly (readonly [steps: string, connection: JsonObject])[] = [
      ['ssh connect login database rights', { sslmode: 'disable' }],
      [
        'ssh connect tls login database rights',
        { sslmode: 'verify-full', host: 'localhost', ssl_ca: authority },
      ],
      // the name of the database counts, not that of the SSH server
      ['ssh connect tls!', { sslmode: 'verify-full', ssl_ca: authority }],
      ['ssh connect login database rights', { host: mysql.socketPath, user: 'loader' }],
    ];
    for (const [steps, connection] of cases) {
      const findings = await check(connection);
      assert.equal(stepsOf(findings), steps, JSON.stringify(findings));
    }
  });

  it('says that the SSH server does not forward', async () => {
    const findings = await check({ ssh: tunnel(closed) });
    assert.equal(stepsOf(findings), 'ssh connect!', JSON.stringify(findings));
    assert.match(findings.at(-1)?.detail ?? '', /does not forward connections to 127\.0\.0\.1:\d+ for/);
    assert.match(findings.at(-1)?.hint ?? '', /PermitOpen/);
  });

  it('lists and reads with at most as many connections as it may have', async () => {
    const connection = { ssh: tunnel() };
    const found = await mysqlSource.discover(
      mysqlConnectionTo(mysql, connection),
      servicesWith(environment()),
      'wide',
      never,
    );
    assert.deepEqual(
      found.map(({ name }) => name),
      ['shop.wide'],
    );
    for (const way of [connection, {}]) {
      const options = {
        object: table('wide'),
        connection: way,
        environment: environment(),
        maxConnections: 2,
      };
      await withMysql(mysql, options, async (source) => {
        const counts = await Promise.all(
          [0, 1, 2, 3].map(async (remainder) => {
            const unit = { id: `h${remainder}`, kind: 'hash' as const, column: 'id', modulus: 4, remainder };
            return (await readAll(source, { unit })).rows.length;
          }),
        );
        assert.equal(
          counts.reduce((sum, count) => sum + count, 0),
          ROWS,
        );
        assert.equal(await connectionsOf(mysql), 2);
      });
      await assertNoneLeft(mysql);
    }
  }).timeout(20_000);

  it('stops a statement at the server through the tunnel, and then closes it', async () => {
    const options = {
      object: query('SELECT id, SLEEP(0.05) AS slept FROM wide'),
      connection: { ssh: tunnel() },
      environment: environment(),
    };
    await withMysql(mysql, options, async (source) => {
      const signal = AbortSignal.timeout(400);
      await assert.rejects(readAll(source, {}, signal), { name: 'TimeoutError' });
    });
    await assertNoneLeft(mysql);
  }).timeout(20_000);

  it('notices a tunnel that breaks in the middle of a unit, and reads it again through another one', async () => {
    const options = { object: table('wide'), connection: { ssh: tunnel() }, environment: environment() };
    await withMysql(mysql, options, async (source) => {
      const request = await requestOf(source);
      await assert.rejects(
        async () => {
          for await (const batch of source.read(request, never).batches) {
            assert.ok(batch.rows.length > 0);
            await ssh.dropConnections();
          }
        },
        (error: unknown) => {
          assert.ok(error instanceof BeamliftError);
          assert.equal(error.code, 'CONNECTION_LOST');
          assert.match(error.what, /SSH connection to localhost:\d+ broke/);
          assert.equal(error.where.unit, 'all');
          return true;
        },
      );
      assert.equal((await readAll(source)).rows.length, ROWS);
    });
  }).timeout(20_000);
});

async function connectionsOf(server: MysqlServer): Promise<number> {
  const admin = await server.connect();
  try {
    return await new Promise<number>((resolve, reject) => {
      const sql = "SELECT COUNT(*) AS n FROM information_schema.PROCESSLIST WHERE USER = 'loader'";
      admin.query(sql, (error, rows: unknown) => {
        if (error === null) resolve(Number((rows as { n: number }[])[0]?.n));
        else reject(error);
      });
    });
  } finally {
    admin.destroy();
  }
}

async function assertNoneLeft(server: MysqlServer): Promise<void> {
  for (let tries = 0; (await connectionsOf(server)) > 0; tries++) {
    assert.ok(tries < 40, 'connections are left at the server');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
