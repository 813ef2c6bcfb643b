import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import type { CheckFinding } from '../../core/extractor';
import type { JsonObject } from '../../core/plan';
import { mysqlSource } from '../../extractors/mysql/mysql';
import { postgresSource } from '../../extractors/postgres/postgres';
import { signCertificate, type Certificate } from './certificates';
import { mysqlConnectionTo } from './mysql-opened';
import { startMysql } from './mysql-server';
import { startPostgres } from './postgres-server';
import { connectionTo, never, servicesWith } from './postgres-source';

/** A server with TLS, as the tests of both databases want it. */
interface TlsServer {
  readonly authority: string;
  /** Where the authority's key is. */
  readonly folder: string;
  check(connection: JsonObject, environment: Record<string, string>): Promise<CheckFinding[]>;
  /** Has the server show another certificate from now on. */
  show(certificate: Certificate): Promise<void>;
  stop(): Promise<void>;
}

/** `certificate_only` logs in with a client certificate for that name alone. */
async function postgresWithTls(): Promise<TlsServer> {
  const server = await startPostgres({
    tls: true,
    hba: [
      'hostssl all certificate_only 127.0.0.1/32 cert',
      'hostnossl all certificate_only 127.0.0.1/32 reject',
    ],
  });
  const { authority = '', socketFolder: folder } = server;
  await server.execute('CREATE ROLE certificate_only LOGIN; CREATE TABLE t (id int)');
  await server.execute('GRANT SELECT ON t TO certificate_only');
  const set = async (name: string, value: string): Promise<void> => {
    await server.execute(`ALTER SYSTEM SET ${name} = '${value}'`);
    await server.execute('SELECT pg_reload_conf(), pg_sleep(0.3)');
  };
  await set('ssl_ca_file', path.join(folder, 'ca.crt'));
  return {
    authority,
    folder,
    check: (connection, environment) =>
      postgresSource.check(connectionTo(server, connection), servicesWith(environment), never),
    show: async ({ certFile, keyFile }) => {
      await set('ssl_cert_file', certFile);
      await set('ssl_key_file', keyFile);
    },
    stop: () => server.stop(),
  };
}

async function mysqlWithTls(): Promise<TlsServer> {
  const server = await startMysql({ tls: true });
  const { authority = '', socketPath } = server;
  const folder = path.dirname(socketPath);
  await server.execute(
    'CREATE TABLE t (id INT)',
    "CREATE USER certificate_only@'%' REQUIRE X509",
    "GRANT SELECT ON shop.* TO certificate_only@'%'",
  );
  return {
    authority,
    folder,
    check: (connection, environment) =>
      mysqlSource.check(mysqlConnectionTo(server, connection), servicesWith(environment), never),
    show: async ({ certFile, keyFile }) => {
      await copyFile(certFile, path.join(folder, 'server.crt'));
      await copyFile(keyFile, path.join(folder, 'server.key'));
      await server.execute('FLUSH SSL');
    },
    stop: () => server.stop(),
  };
}

for (const [name, start] of [
  ['PostgreSQL', postgresWithTls],
  ['MySQL', mysqlWithTls],
] as const) {
  describe(`TLS to ${name}`, () => {
    let server: TlsServer;
    let client: Certificate;
    before(async function () {
      this.timeout(90_000);
      server = await start();
      client = await signCertificate(server.folder, 'client', { host: 'certificate_only' });
    });
    after(() => server.stop());

    const check = async (connection: JsonObject): Promise<CheckFinding[]> => {
      const findings = await server.check(
        { host: 'localhost', connect_timeout: 5, ...connection },
        { CLIENT_KEY: client.key },
      );
      assert.ok(!/PRIVATE KEY|[A-Za-z0-9+/]{60}/.test(JSON.stringify(findings)), 'a key is in a text');
      return findings;
    };
    const stepsOf = (findings: readonly CheckFinding[]): string =>
      findings.map(({ step, ok }) => `${step}${ok ? '' : '!'}`).join(' ');

    it('logs in by a client certificate, by reference, as a text and as a path', async () => {
      const login = {
        user: 'certificate_only',
        password: '',
        sslmode: 'verify-full',
        ssl_ca: server.authority,
      };
      const all = 'dns connect tls login database rights';
      for (const key of ['${env:CLIENT_KEY}', client.key, client.keyFile]) {
        const findings = await check({ ...login, ssl_cert: client.certFile, ssl_key: key });
        assert.equal(stepsOf(findings), all, JSON.stringify(findings));
      }
      const without = await check(login);
      assert.equal(stepsOf(without), 'dns connect tls login!', JSON.stringify(without));
    });

    it('says what is wrong with certificates and keys that it is given', async () => {
      const other = await signCertificate(server.folder, 'other');
      const cases: readonly (readonly [step: string, text: RegExp, hint: RegExp, fields: JsonObject])[] = [
        [
          'secret!',
          /ssl_cert, ssl_key cannot be used/,
          /do not belong together/,
          { ssl_cert: client.cert, ssl_key: other.key },
        ],
        ['configuration!', /ssl_cert is given without ssl_key/, /both/, { ssl_cert: client.cert }],
        ['configuration!', /ssl_key is given without ssl_cert/, /both/, { ssl_key: client.key }],
        ['secret!', /ssl_ca cannot be used/, /PEM/, { ssl_ca: '-----BEGIN NOTHING-----' }],
      ];
      for (const [step, text, hint, fields] of cases) {
        for (const sslmode of ['require', 'prefer']) {
          const last = (await check({ sslmode, ...fields })).at(-1);
          const shown = JSON.stringify([step, sslmode, last]);
          assert.equal(`${last?.step ?? ''}${last?.ok === false ? '!' : ''}`, step, shown);
          assert.match(last?.detail ?? '', text, shown);
          assert.match(last?.hint ?? '', hint, shown);
        }
      }
    });

    it('refuses a certificate that has expired, or names another host, and says which', async () => {
      const expired = await signCertificate(server.folder, 'expired', { days: -1 });
      const elsewhere = await signCertificate(server.folder, 'elsewhere', { host: 'db.example.org' });
      const ca = { ssl_ca: server.authority };
      await server.show(expired);
      for (const sslmode of ['verify-full', 'verify-ca', 'require']) {
        const findings = await check({ sslmode, ...ca });
        assert.equal(stepsOf(findings), 'dns connect tls!', sslmode);
        assert.match(findings.at(-1)?.detail ?? '', /certificate has expired/);
        assert.match(findings.at(-1)?.hint ?? '', /renews it/);
      }
      assert.match(stepsOf(await check({ sslmode: 'require' })), /^dns connect tls login/);
      await server.show(elsewhere);
      const named = await check({ sslmode: 'verify-full', ...ca });
      assert.equal(stepsOf(named), 'dns connect tls!');
      assert.match(named.at(-1)?.detail ?? '', /db\.example\.org/);
      assert.match(named.at(-1)?.hint ?? '', /verify-ca/);
      assert.match(stepsOf(await check({ sslmode: 'verify-ca', ...ca })), /^dns connect tls login/);
    }).timeout(30_000);
  });
}

describe('words for the modes of TLS', () => {
  it("take MySQL's own", () => {
    for (const mode of ['DISABLED', 'PREFERRED', 'REQUIRED', 'VERIFY_CA', 'VERIFY_IDENTITY', 'verify-full']) {
      assert.equal(mysqlSource.connectionSchema.safeParse({ sslmode: mode }).success, true, mode);
    }
    assert.equal(mysqlSource.connectionSchema.safeParse({ sslmode: 'sometimes' }).success, false);
    const url = mysqlSource.parseUrl('mysql://u@h/d?ssl-mode=VERIFY_IDENTITY');
    assert.equal(url?.connection['sslmode'], 'VERIFY_IDENTITY');
  });
});
