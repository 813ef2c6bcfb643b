import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { resolvePostgresSettings } from '../../../core/clients/postgres-settings';
import { verification } from '../../../core/clients/database-tls';
import { encryptionAttempts } from '../../../core/clients/postgres-tls';
import type { PostgresConnection } from '../../../core/clients/postgres-connection';
import type { Environment, SourceServices } from '../../../core/extractor';

describe('postgres: settings', () => {
  let folder: string;
  const warnings: unknown[] = [];
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'beamlift-settings-'));
  });
  after(() => rm(folder, { recursive: true }));

  const signal = new AbortController().signal;
  const resolve = async (connection: PostgresConnection, environment: Environment = {}) => {
    const ignore = (): void => undefined;
    const services: SourceServices = {
      secrets: { resolve: (text) => Promise.resolve(text.replace('${env:PW}', 'from the environment')) },
      environment: { HOME: folder, ...environment },
      log: {
        debug: ignore,
        info: ignore,
        error: ignore,
        warn: (event, fields) => void warnings.push([event, fields]),
      },
      baseFolder: folder,
    };
    return await resolvePostgresSettings(connection, services, signal);
  };

  it('fills in as libpq does: configuration, PG variables, defaults', async () => {
    const environment = {
      PGHOST: 'env.example',
      PGPORT: '6000',
      PGUSER: 'env',
      PGPASSWORD: 'pw',
      PGSSLMODE: 'require',
      PGAPPNAME: 'app',
      PGOPTIONS: '-c x=1',
      PGCONNECT_TIMEOUT: '3',
    };
    const fromEnvironment = await resolve({}, environment);
    assert.deepEqual(
      [
        fromEnvironment.host,
        fromEnvironment.port,
        fromEnvironment.user,
        fromEnvironment.database,
        fromEnvironment.password,
      ],
      ['env.example', 6000, 'env', 'env', 'pw'],
    );
    assert.deepEqual(
      [
        fromEnvironment.sslMode,
        fromEnvironment.applicationName,
        fromEnvironment.options,
        fromEnvironment.connectTimeoutMs,
      ],
      ['require', 'app', '-c x=1', 3000],
    );
    const configured = await resolve(
      { host: 'h', user: 'u', password: '${env:PW}', sslmode: 'disable' },
      environment,
    );
    assert.deepEqual(
      [configured.host, configured.database, configured.password, configured.sslMode],
      ['h', 'u', 'from the environment', 'disable'],
    );
    const bare = await resolve({ user: 'u' });
    assert.deepEqual(
      [bare.host, bare.port, bare.database, bare.password, bare.sslMode, bare.applicationName],
      ['localhost', 5432, 'u', undefined, 'prefer', 'beamlift'],
    );
  });

  it('looks in ~/.pgpass, or where PGPASSFILE says, and warns of an open file', async () => {
    await writeFile(path.join(folder, '.pgpass'), 'h:5432:d:u:home\n', { mode: 0o600 });
    await writeFile(path.join(folder, 'open'), 'h:5432:d:u:open\n', { mode: 0o666 });
    const connection = { host: 'h', user: 'u', database: 'd' };
    assert.equal((await resolve(connection)).password, 'home');
    assert.equal((await resolve({ ...connection, user: 'x' })).password, undefined);
    const ignored = await resolve(connection, { PGPASSFILE: path.join(folder, 'open') });
    assert.equal(ignored.password, undefined);
    assert.match(ignored.passwordFileIgnored ?? '', /chmod 600/);
    assert.equal(warnings.length, 1);
  });

  it('takes certificates as PEM texts or as paths', async () => {
    const pem = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n';
    await writeFile(path.join(folder, 'ca.pem'), pem);
    assert.deepEqual((await resolve({ user: 'u', ssl_ca: 'ca.pem', ssl_cert: pem })).tls, {
      ca: pem,
      cert: pem,
    });
    await assert.rejects(
      resolve({ user: 'u', ssl_key: 'super secret' }),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'SECRET_UNRESOLVED');
        assert.doesNotMatch(JSON.stringify(error), /super secret/);
        return true;
      },
    );
  });

  it('refuses variables that make no sense', async () => {
    for (const bad of [{ PGPORT: 'x' }, { PGSSLMODE: 'yes' }, { PGCONNECT_TIMEOUT: '-1' }]) {
      await assert.rejects(resolve({ user: 'u' }, bad), { code: 'CONFIG_INVALID' });
    }
  });

  it('tries and checks what libpq does for each sslmode', async () => {
    const modes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
    const results = [];
    for (const sslmode of modes) {
      const settings = await resolve({ user: 'u', sslmode });
      results.push([sslmode, encryptionAttempts(settings).join(' '), verification(settings)]);
    }
    assert.deepEqual(results, [
      ['disable', 'none', 'nothing'],
      ['allow', 'none required', 'nothing'],
      ['prefer', 'if-offered none', 'nothing'],
      ['require', 'required', 'nothing'],
      ['verify-ca', 'required', 'authority'],
      ['verify-full', 'required', 'authority and name'],
    ]);
    const pem = '-----BEGIN CERTIFICATE-----';
    assert.equal(verification(await resolve({ user: 'u', sslmode: 'require', ssl_ca: pem })), 'authority');
    const socket = await resolve({ user: 'u', sslmode: 'verify-full', host: '/run/postgresql' });
    assert.deepEqual(encryptionAttempts(socket), ['none']);
  });
});
