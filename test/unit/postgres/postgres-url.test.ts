import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseSecretText } from '../../../core/secret-references';
import { parsePostgresUrl } from '../../../extractors/postgres/parse-postgres-url';
import { BeamliftError } from '../../../core/errors';

const connectionOf = (url: string): unknown => parsePostgresUrl(url)?.connection;

describe('postgres: URLs', () => {
  it('reads the parts', () => {
    assert.deepEqual(
      connectionOf('postgresql://etl:p%40ss@db.example:5433/shop?sslmode=require&connect_timeout=5'),
      {
        user: 'etl',
        password: 'p@ss',
        host: 'db.example',
        port: 5433,
        database: 'shop',
        sslmode: 'require',
        connect_timeout: 5,
      },
    );
    assert.deepEqual(connectionOf('postgres://'), {});
    assert.deepEqual(connectionOf('postgres:///shop'), { database: 'shop' });
    assert.deepEqual(connectionOf('postgres://[::1]:5432/a'), { host: '::1', port: 5432, database: 'a' });
    assert.deepEqual(connectionOf('postgres://%2Frun%2Fpostgresql/a'), {
      host: '/run/postgresql',
      database: 'a',
    });
    assert.deepEqual(connectionOf('postgres:///a?host=/run/postgresql&dbname=b'), {
      host: '/run/postgresql',
      database: 'b',
    });
    assert.deepEqual(connectionOf('postgres://h/d?sslrootcert=/etc/ca.pem&sslcert=${file:c.pem}'), {
      host: 'h',
      database: 'd',
      ssl_ca: '${file:/etc/ca.pem}',
      ssl_cert: '${file:c.pem}',
    });
  });

  it('is not about other URLs', () => {
    assert.equal(parsePostgresUrl('mysql://h/d'), undefined);
    assert.equal(parsePostgresUrl('./data/*.csv'), undefined);
  });

  it('keeps references, and no password looks like one', () => {
    assert.deepEqual(connectionOf('postgres://etl:${env:SHOP_PW}@h/d'), {
      user: 'etl',
      password: '${env:SHOP_PW}',
      host: 'h',
      database: 'd',
    });
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('$', '{', '}', 'env:', 'A', '%', '@', ':', '/', '?', '#'),
          minLength: 1,
        }),
        (password) => {
          const found = parsePostgresUrl(`postgres://u:${encodeURIComponent(password)}@h/d`)?.connection[
            'password'
          ];
          assert.ok(typeof found === 'string');
          assert.deepEqual(parseSecretText(found), { parts: [password], problems: [] });
        },
      ),
    );
  });

  it('tells of an @ that is not encoded', () => {
    for (const url of ['postgres://u:p@ss@h/d', 'postgres://u@x:p@h:5432/d?sslmode=require']) {
      assert.throws(
        () => parsePostgresUrl(url),
        (error) => error instanceof BeamliftError && /more than one @/.test(error.why ?? ''),
        url,
      );
    }
  });

  it('refuses mistakes without showing the password', () => {
    const urls = [
      'postgres://u:hunter2@h:port/d',
      'postgres://u:hunter2@h:99999/d',
      'postgres://u:hunter2@h/d?sslmode=maybe',
      'postgres://u:hunter2@h/d?nonsense=1',
      'postgres://u:hunter2@h/d?sslmode',
      'postgres://u:hunter2%zz@h/d',
      'postgres://u:hunter2@h@i/d',
      'postgres://u:hunter2${nope:x}@h/d',
    ];
    for (const url of urls) {
      assert.throws(
        () => parsePostgresUrl(url),
        (error: unknown) =>
          error instanceof Error &&
          'code' in error &&
          error.code === 'USAGE' &&
          !JSON.stringify(error).includes('hunter2'),
        url,
      );
    }
  });
});
