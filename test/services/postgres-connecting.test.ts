import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BeamliftError } from '../../core/errors';
import type { CheckFinding } from '../../core/extractor';
import type { JsonObject } from '../../core/plan';
import { postgresSource } from '../../extractors/postgres/postgres';
import { startPostgres, type PostgresServer } from './postgres-server';
import { connectionTo, never, openSource, query, servicesWith, table, withSource } from './postgres-source';

const SECRET = 'c4nary-s3cret';

describe('postgres: connecting', () => {
  let postgres: PostgresServer;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'beamlift-connecting-'));
    postgres = await startPostgres({
      tls: true,
      hba: [
        'hostssl all only_plain 127.0.0.1/32 reject',
        'hostnossl all only_tls 127.0.0.1/32 reject',
        'host all nobody_there 127.0.0.1/32 reject',
      ],
    });
    await postgres.execute(`
      CREATE ROLE only_plain LOGIN PASSWORD '${SECRET}'; CREATE ROLE only_tls LOGIN PASSWORD '${SECRET}';
      CREATE ROLE etl LOGIN PASSWORD '${SECRET}'; CREATE ROLE nobody_there LOGIN PASSWORD '${SECRET}';
      CREATE SCHEMA hidden; CREATE TABLE hidden.t (a int); GRANT SELECT ON hidden.t TO etl;
      CREATE TABLE "Orders" (id int PRIMARY KEY, a int, b int); GRANT SELECT (id, a) ON "Orders" TO etl;
      CREATE TABLE secrets (id int); CREATE TABLE customer_orders (id int);`);
  });
  after(async () => {
    await postgres.stop();
    await rm(folder, { recursive: true });
  });

  const connection = (more: JsonObject): JsonObject =>
    connectionTo(postgres, { user: 'etl', password: SECRET, ...more });

  /** The error of opening, which must name what is wrong and never the password. */
  async function errorOf(more: JsonObject, object = query('SELECT 1')): Promise<BeamliftError> {
    const source = await openSource(postgres, {
      object,
      connection: { user: 'etl', password: SECRET, ...more },
    });
    try {
      await source.schema(never);
    } catch (error) {
      assert.ok(error instanceof BeamliftError, String(error));
      const all = `${error.what} ${error.why ?? ''} ${error.hint ?? ''} ${JSON.stringify(error.where)}`;
      assert.doesNotMatch(all, new RegExp(`${SECRET}|wrong`));
      assert.equal(error.where.connection, 'shop');
      return error;
    } finally {
      await source.close();
    }
    assert.fail('nothing was thrown');
  }

  async function check(more: JsonObject): Promise<CheckFinding[]> {
    return await postgresSource.check(connection(more), servicesWith(), never);
  }
  const stepsOf = (findings: readonly CheckFinding[]): string =>
    findings.map(({ step, ok }) => `${step}${ok ? '' : '!'}`).join(' ');

  it('tells the failures of connecting apart', async () => {
    assert.equal((await errorOf({ password: 'wrong' })).code, 'LOGIN_FAILED');
    assert.equal((await errorOf({ user: 'nobody_there' })).code, 'LOGIN_FAILED');
    assert.equal((await errorOf({ user: 'nobody' })).code, 'LOGIN_FAILED');
    assert.equal((await errorOf({ host: 'no-such-host.invalid' })).code, 'CONNECTION_DNS');
    assert.equal((await errorOf({ port: 1 })).code, 'CONNECTION_REFUSED');
    assert.equal((await errorOf({ host: '/nonexistent' })).code, 'CONNECTION_REFUSED');
    assert.equal((await errorOf({ database: 'nowhere' })).code, 'DATABASE_NOT_FOUND');
  });

  it('says which finding failed, and what to do', async () => {
    assert.equal(stepsOf(await check({ host: 'localhost' })), 'dns connect tls login database rights');
    assert.equal(stepsOf(await check({ host: 'no-such-host.invalid' })), 'dns!');
    assert.equal(stepsOf(await check({ host: 'localhost', port: 1 })), 'dns connect!');
    assert.equal(stepsOf(await check({ sslmode: 'verify-full' })), 'connect tls!');
    assert.equal(stepsOf(await check({ password: 'wrong' })), 'connect tls login!');
    assert.equal(stepsOf(await check({ database: 'nowhere' })), 'connect tls login database!');
    assert.equal(stepsOf(await check({ user: 'only_tls' })), 'connect tls login database rights!');
    const rights = (await check({})).at(-1);
    assert.match(rights?.hint ?? '', /GRANT pg_read_all_stats TO "etl"/);
    for (const findings of [
      await check({ host: 'no-such-host.invalid' }),
      await check({ password: 'wrong' }),
    ]) {
      assert.ok(findings.at(-1)?.hint !== undefined);
      assert.doesNotMatch(JSON.stringify(findings), /wrong|c4nary/);
    }
  });

  it('gives up on a server that says nothing, and on one that is not PostgreSQL', async () => {
    const silent = await listen(() => undefined);
    const chatty = await listen((data) =>
      data.length > 0 ? Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n') : undefined,
    );
    try {
      const started = Date.now();
      const findings = await check({ port: silent.port, connect_timeout: 0.3 });
      assert.equal(stepsOf(findings), 'connect!');
      assert.match(findings.at(-1)?.detail ?? '', /0\.3 s$/);
      assert.ok(Date.now() - started < 5_000);
      assert.equal((await errorOf({ port: chatty.port })).code, 'CONNECTION_REFUSED');
    } finally {
      silent.server.close();
      chatty.server.close();
    }
  });

  it('stops connecting when it is told to', async () => {
    const silent = await listen(() => undefined);
    const source = await openSource(postgres, {
      object: query('SELECT 1'),
      connection: { port: silent.port },
    });
    try {
      const reason = new BeamliftError('TIMED_OUT', { what: 'enough' });
      const abort = new AbortController();
      setTimeout(() => abort.abort(reason), 50);
      await assert.rejects(source.schema(abort.signal), (error) => error === reason);
    } finally {
      await source.close();
      silent.server.close();
    }
  });

  it('checks certificates as sslmode says', async () => {
    const ca = postgres.authority ?? '';
    await writeFile(path.join(folder, 'ca.pem'), ca);
    const outcome = async (more: JsonObject): Promise<string> => {
      const findings = await check(more);
      return findings.every(({ ok }) => ok)
        ? (findings.find(({ step }) => step === 'tls')?.detail ?? 'plain')
        : stepsOf(findings);
    };
    assert.match(
      await outcome({ sslmode: 'verify-full', host: 'localhost', ssl_ca: ca }),
      /TLSv1.*authority and name/,
    );
    assert.match(
      await outcome({ sslmode: 'verify-full', host: 'localhost', ssl_ca: path.join(folder, 'ca.pem') }),
      /authority and name/,
    );
    assert.match(await outcome({ sslmode: 'verify-full', ssl_ca: ca }), /tls!/); // 127.0.0.1 is not in the certificate
    assert.match(await outcome({ sslmode: 'verify-ca', ssl_ca: ca }), /authority of/);
    assert.match(await outcome({ sslmode: 'verify-ca' }), /tls!/);
    assert.match(await outcome({ sslmode: 'require', ssl_ca: ca }), /authority of/);
    assert.match(await outcome({ sslmode: 'require' }), /nothing of/);
    assert.match(await outcome({ sslmode: 'prefer' }), /nothing of/);
    assert.equal(await outcome({ sslmode: 'allow' }), 'plain');
    assert.equal(await outcome({ sslmode: 'disable' }), 'plain');
    const hint = (await check({ sslmode: 'verify-full', ssl_ca: ca })).at(-1)?.hint;
    assert.match(hint ?? '', /name in the certificate/);
  });

  it('tries the other way where pg_hba.conf refuses one, as libpq does', async () => {
    const login = async (user: string, sslmode: string): Promise<boolean> => {
      const findings = await check({ user, sslmode });
      return findings.some(({ step, ok }) => step === 'login' && ok);
    };
    assert.equal(await login('only_plain', 'prefer'), true);
    assert.equal(await login('only_plain', 'require'), false);
    assert.equal(await login('only_tls', 'allow'), true);
    assert.equal(await login('only_tls', 'disable'), false);
  });

  it('says that a server has no TLS', async () => {
    const plain = await startPostgres();
    try {
      const findings = await postgresSource.check(
        connectionTo(plain, { sslmode: 'require' }),
        servicesWith(),
        never,
      );
      assert.equal(stepsOf(findings), 'connect tls!');
      assert.match(findings.at(-1)?.detail ?? '', /does not offer TLS/);
      const preferred = await postgresSource.check(connectionTo(plain), servicesWith(), never);
      assert.equal(stepsOf(preferred.slice(0, 3)), 'connect login database');
    } finally {
      await plain.stop();
    }
  });

  it('takes what is left out from PG variables and the password file, and secrets from their references', async () => {
    const file = path.join(folder, 'pgpass');
    await writeFile(file, `127.0.0.1:${postgres.port}:postgres:etl:${SECRET}\n`, { mode: 0o600 });
    const environment = {
      PGHOST: '127.0.0.1',
      PGPORT: String(postgres.port),
      PGUSER: 'etl',
      PGDATABASE: 'postgres',
    };
    const passes = async (config: JsonObject, more: Record<string, string>): Promise<boolean> => {
      const findings = await postgresSource.check(config, servicesWith({ ...environment, ...more }), never);
      return findings.some(({ step, ok }) => step === 'login' && ok);
    };
    assert.equal(await passes({}, { PGPASSWORD: SECRET }), true);
    assert.equal(await passes({}, { PGPASSFILE: file }), true);
    assert.equal(await passes({}, {}), false);
    assert.equal(await passes({ password: '${env:PW}' }, { PW: SECRET }), true);
    assert.equal(await passes({ host: postgres.socketFolder, user: 'postgres' }, {}), true);
    const { warnings, ...services } = servicesWith({ ...environment, PGPASSFILE: file });
    await writeFile(file, '', { mode: 0o600 });
    const { chmod } = await import('node:fs/promises');
    await chmod(file, 0o644);
    const findings = await postgresSource.check({}, services, never);
    assert.match(findings.at(-1)?.detail ?? '', /chmod 600/);
    assert.deepEqual(warnings, ['postgres.password_file.ignored']);
  });

  it('names the nearest table, and the right that is missing', async () => {
    const missing = await errorOf({}, table('public.orders'));
    assert.equal(missing.code, 'SOURCE_NOT_FOUND');
    assert.match(missing.hint ?? '', /public\."Orders"/);
    assert.match((await errorOf({}, table('customer_order'))).hint ?? '', /public\.customer_orders/);
    assert.match((await errorOf({}, table('t'))).hint ?? '', /hidden\.t/);
    assert.equal((await errorOf({}, table('other.public.t'))).code, 'SOURCE_NOT_FOUND');
    assert.equal((await errorOf({}, table('a b'))).code, 'CONFIG_INVALID');
    const refused = await errorOf({}, table('secrets'));
    assert.equal(refused.code, 'RIGHTS_MISSING');
    assert.match(refused.hint ?? '', /GRANT SELECT ON public\.secrets TO "etl"/);
    const schema = await errorOf({}, table('hidden.t'));
    assert.equal(schema.code, 'RIGHTS_MISSING');
    assert.match(schema.hint ?? '', /GRANT USAGE ON SCHEMA hidden TO "etl"/);
  });

  it('reads the columns that the login may read of a table', async () => {
    await postgres.execute('INSERT INTO "Orders" VALUES (1, 2, 3)');
    const options = { object: table('"Orders"'), connection: { user: 'etl', password: SECRET } };
    await withSource(postgres, options, async (source) => {
      const pin = await source.pin(never);
      const rows = [];
      const request = { unit: { id: 'all', kind: 'all' as const }, window: null, limit: null, pin };
      for await (const batch of source.read({ ...request, columns: ['id', 'a'] }, never).batches)
        rows.push(...batch.rows);
      assert.deepEqual(rows, [[1n, 2n]]);
      const all = source.read({ ...request, columns: ['id', 'b'] }, never).batches[Symbol.asyncIterator]();
      await assert.rejects(all.next(), { code: 'RIGHTS_MISSING' });
    });
  });

  it('discovers what can be read, without partitions and system tables', async () => {
    await postgres.execute(`CREATE DATABASE catalogue`);
    await postgres.execute(
      `CREATE TABLE a (id int); INSERT INTO a SELECT generate_series(1, 1000); CREATE TABLE "B.c" (x text);
       CREATE TABLE parent (d date) PARTITION BY RANGE (d); CREATE TABLE child PARTITION OF parent DEFAULT;
       INSERT INTO parent SELECT '2024-01-01'::date + n FROM generate_series(1, 500) n;
       CREATE VIEW v AS SELECT * FROM a; CREATE MATERIALIZED VIEW m AS SELECT * FROM a; CREATE SCHEMA s; CREATE TABLE s.a (id int);
       ANALYZE a; ANALYZE child;`,
      'catalogue',
    );
    const discover = async (filter?: string) =>
      (
        await postgresSource.discover(
          connectionTo(postgres, { database: 'catalogue' }),
          servicesWith(),
          filter,
          never,
        )
      ).map(({ kind, name, rows }) => `${kind} ${name} ${rows ?? '?'}`);
    assert.deepEqual(await discover(), [
      'table public."B.c" ?',
      'table public.a 1000',
      'view public.m ?',
      'table public.parent 500',
      'view public.v ?',
      'table s.a ?',
    ]);
    assert.deepEqual(await discover('s.*'), ['table s.a ?']);
    assert.deepEqual(await discover('public."B.c"'), ['table public."B.c" ?']);
    assert.deepEqual(await discover('?'), [
      'table public.a 1000',
      'view public.m ?',
      'view public.v ?',
      'table s.a ?',
    ]);
    assert.deepEqual(await discover('nothing*'), []);
  });
});

/** A server that answers every chunk with what `answer` makes of it. */
async function listen(
  answer: (data: Buffer) => Buffer | undefined,
): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      const reply = answer(data);
      if (reply !== undefined) socket.end(reply);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return { server, port: address.port };
}
