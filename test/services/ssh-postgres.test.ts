import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { BeamliftError } from '../../core/errors';
import type { CheckFinding } from '../../core/extractor';
import type { JsonObject } from '../../core/plan';
import { postgresSource } from '../../extractors/postgres/postgres';
import { freePort } from './free-port';
import { startPostgres, type PostgresServer } from './postgres-server';
import { connectionTo, never, openSource, readAll, servicesWith, table, withSource } from './postgres-source';
import { startSsh, type SshServer } from './ssh-server';

const ROWS = 20_000;

describe('PostgreSQL through SSH', () => {
  let postgres: PostgresServer;
  let ssh: SshServer;
  before(async function () {
    this.timeout(90_000);
    [postgres, ssh] = await Promise.all([startPostgres({ tls: true }), startSsh()]);
    await postgres.execute(
      `CREATE TABLE wide (id int PRIMARY KEY, padding text);
       INSERT INTO wide SELECT n, repeat('x', 500) FROM generate_series(1, ${ROWS}) n`,
    );
  });
  after(async () => {
    await ssh.stop();
    await postgres.stop();
  });

  const tunnel = (more: JsonObject = {}): JsonObject => ({
    host: '127.0.0.1',
    port: ssh.port,
    user: ssh.user,
    private_key: ssh.key,
    host_key: ssh.fingerprint,
    ...more,
  });
  const without = (name: string, fields: JsonObject): JsonObject =>
    Object.fromEntries(Object.entries(fields).filter(([key]) => key !== name));
  /** With a file of known hosts instead of a host key. */
  const unpinned = (knownHosts: string): JsonObject =>
    without('host_key', tunnel({ known_hosts: knownHosts }));
  const check = async (more: JsonObject, connection: JsonObject = {}): Promise<CheckFinding[]> => {
    const services = servicesWith({ PASSPHRASE: ssh.passphrase });
    const given = connectionTo(postgres, { connect_timeout: 5, ssh: tunnel(more), ...connection });
    return await postgresSource.check(given, services, never);
  };
  const stepsOf = (findings: readonly CheckFinding[]): string =>
    findings.map(({ step, ok }) => `${step}${ok ? '' : '!'}`).join(' ');
  const ALL = 'ssh connect login database rights';

  it('logs in with a key as a path, as a text, and under a passphrase; the host key is a fingerprint, a key, or a line', async () => {
    const text = await readFile(ssh.key, 'utf8');
    const cases: readonly JsonObject[] = [
      {},
      { private_key: text },
      { private_key: ssh.encryptedKey, passphrase: '${env:PASSPHRASE}' },
      { host_key: ssh.publicKey },
      { host_key: `SHA256:${'A'.repeat(43)}, ${ssh.fingerprint}` },
    ];
    for (const more of cases) {
      const findings = await check(more, { sslmode: 'disable' });
      assert.equal(stepsOf(findings), ALL, JSON.stringify(findings));
    }
    const known = await check({}, { sslmode: 'disable', ssh: unpinned(ssh.knownHosts) });
    assert.equal(stepsOf(known), ALL, JSON.stringify(known));
    assert.match(known[0]?.detail ?? '', /^\S+@127\.0\.0\.1:\d+, host key SHA256:\S+ \(ssh-ed25519\)$/);
  });

  it('logs in with a key of the agent', async () => {
    const socket = path.join(ssh.folder, 'agent');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
    try {
      await promisify(execFile)('sh', ['-c', 'until test -S "$1"; do sleep 0.02; done', 'sh', socket], {
        timeout: 5_000,
      });
      await promisify(execFile)('ssh-add', ['-q', ssh.key], {
        env: { ...process.env, SSH_AUTH_SOCK: socket },
      });
      const others = without('private_key', tunnel());
      const cases: readonly (readonly [JsonObject, Record<string, string>])[] = [
        [{ agent: socket }, {}],
        [{ agent: true }, { SSH_AUTH_SOCK: socket }],
        [{}, { SSH_AUTH_SOCK: socket }],
      ];
      for (const [more, environment] of cases) {
        const given = connectionTo(postgres, { sslmode: 'disable', ssh: { ...others, ...more } });
        const findings = await postgresSource.check(given, servicesWith(environment), never);
        assert.equal(stepsOf(findings), ALL, JSON.stringify(findings));
      }
    } finally {
      agent.kill();
    }
  });

  it('checks the name of the database in its certificate, not that of the way there', async () => {
    const tls = { sslmode: 'verify-full', ssl_ca: postgres.authority ?? '' };
    const named = await check({}, { ...tls, host: 'localhost' });
    assert.equal(stepsOf(named), 'ssh connect tls login database rights');
    assert.match(named.find(({ step }) => step === 'tls')?.detail ?? '', /authority and name/);
    const other = await check({}, { ...tls, host: '127.0.0.1' });
    assert.equal(stepsOf(other), 'ssh connect tls!');
  });

  it('reaches the unix socket of a database', async () => {
    assert.equal(stepsOf(await check({}, { host: postgres.socketFolder })), ALL);
  });

  it('tells apart what can be wrong, without a secret in any text', async () => {
    const empty = path.join(ssh.folder, 'sshd_config');
    const cases: readonly (readonly [
      steps: string,
      text: RegExp,
      more: JsonObject,
      connection?: JsonObject,
    ])[] = [
      [
        'ssh!',
        /host name no-such-host\.invalid of the SSH server does not resolve/,
        { host: 'no-such-host.invalid' },
      ],
      ['ssh!', /does not accept the connection/, { port: await freePort() }],
      ['ssh!', /not the expected one/, { host_key: `SHA256:${'A'.repeat(43)}` }],
      ['ssh!', /refused the login of \S+: Tried: the private key\./, { private_key: ssh.otherKey }],
      ['ssh!', /refused the login of nobody-there/, { user: 'nobody-there' }],
      ['secret!', /cannot be read: .*passphrase/, { private_key: ssh.encryptedKey }],
      [
        'secret!',
        /cannot be read: .*passphrase/,
        { private_key: ssh.encryptedKey, passphrase: 'wr0ng-s3cret' },
      ],
      ['secret!', /cannot be read: /, { private_key: `${ssh.key}.pub` }],
      ['secret!', /ssh\.private_key is neither/, { private_key: '/nonexistent/key' }],
      ['configuration!', /neither a fingerprint nor a public key/, { host_key: 'abc' }],
      ['configuration!', /nothing to log in/, {}, { ssh: { host: '127.0.0.1' } }],
      ['ssh connect!', /cannot connect to 127\.0\.0\.1:/, {}, { port: await freePort() }],
      ['ssh dns!', /does not resolve on the SSH server/, {}, { host: 'no-such-host.invalid' }],
      ['ssh connect login!', /refused the login/, {}, { password: 'wr0ng-s3cret', sslmode: 'disable' }],
      ['ssh!', /is not known: It is ssh-ed25519 SHA256:/, {}, { ssh: unpinned(empty) }],
    ];
    for (const [steps, text, more, connection] of cases) {
      const findings = await check(more, connection);
      const shown = JSON.stringify([steps, findings], null, 1);
      assert.equal(stepsOf(findings), steps, shown);
      assert.match(findings.at(-1)?.detail ?? '', text, shown);
      assert.ok((findings.at(-1)?.hint ?? '') !== '', shown);
      assert.ok(!/PRIVATE KEY|wr0ng-s3cret/.test(shown) && !shown.includes(ssh.passphrase), shown);
    }
  }).timeout(30_000);

  it('says what to add for a host key that is not known', async () => {
    const findings = await check({}, { ssh: unpinned(path.join(ssh.folder, 'sshd_config')) });
    const hint = findings.at(-1)?.hint ?? '';
    assert.ok(hint.includes(`host_key: "${ssh.fingerprint}"`), hint);
    assert.ok(hint.includes(ssh.knownHosts), hint);
  });

  it('reads under one snapshot with at most as many connections as it may have, all of them in one SSH connection', async () => {
    for (const connection of [{ ssh: tunnel() }, {}]) {
      const options = { object: table('wide'), connection, maxConnections: 3 };
      const logins = (): number => ssh.log().split('Accepted publickey').length;
      const before = logins();
      await withSource(postgres, options, async (source) => {
        const pin = await source.pin(never);
        const halves = await Promise.all(
          [0, 1, 2, 3].map((remainder) =>
            readAll(source, {
              pin,
              unit: { id: `h${remainder}`, kind: 'hash', column: 'id', modulus: 4, remainder },
            }),
          ),
        );
        assert.equal(
          halves.reduce((sum, { rows }) => sum + rows.length, 0),
          ROWS,
        );
        const admin = await postgres.connect();
        try {
          const { rows } = await admin.query<{ n: number }>(
            "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'beamlift'",
          );
          assert.equal(rows[0]?.n, 3);
        } finally {
          await admin.end();
        }
      });
      assert.equal(logins() - before, 'ssh' in connection ? 1 : 0);
    }
  }).timeout(20_000);

  it('stops the statement at the server when the reader leaves, and leaves nothing open', async () => {
    const signal = AbortSignal.timeout(300);
    const slow = { kind: 'query' as const, sql: 'SELECT id, pg_sleep(0.01)::text AS slept FROM wide' };
    const source = await openSource(postgres, { object: slow, connection: { ssh: tunnel() } });
    await assert.rejects(readAll(source, {}, signal), { name: 'TimeoutError' });
    await source.close();
    await source.close();
    const admin = await postgres.connect();
    try {
      for (let tries = 0; ; tries++) {
        const { rows } = await admin.query(
          "SELECT 1 FROM pg_stat_activity WHERE application_name = 'beamlift'",
        );
        if (rows.length === 0) break;
        assert.ok(tries < 40, 'connections are left at the server');
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    } finally {
      await admin.end();
    }
  }).timeout(20_000);

  it('notices a tunnel that breaks in the middle of a unit, and opens another one', async () => {
    await withSource(postgres, { object: table('wide'), connection: { ssh: tunnel() } }, async (source) => {
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
            await ssh.dropConnections();
          }
        },
        (error: unknown) => {
          assert.ok(error instanceof BeamliftError);
          assert.equal(error.code, 'CONNECTION_LOST', JSON.stringify(error.toReport()));
          assert.match(`${error.what} ${error.why ?? ''}`, /SSH connection/);
          return true;
        },
      );
      assert.equal((await readAll(source)).rows.length, ROWS);
    });
  }).timeout(20_000);
});
