import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { findPgpassPassword, lookUpPgpass } from '../../../core/clients/pgpass';

const key = { host: 'db.example', port: 5432, database: 'shop', user: 'etl' };

describe('postgres: .pgpass', () => {
  it('takes the first line that fits, with wildcards for whole fields', () => {
    const text = [
      '# db.example:5432:shop:etl:comment',
      'db.example:5432:shop:other:no',
      'short:line',
      '',
      'db.example:*:shop:etl:first',
      '*:*:*:*:second',
    ].join('\n');
    assert.equal(findPgpassPassword(text, key), 'first');
    assert.equal(findPgpassPassword(text, { ...key, user: 'else' }), 'second');
    assert.equal(findPgpassPassword('db*:5432:shop:etl:x', key), undefined);
  });

  it('undoes escapes, and takes an escaped star for a star', () => {
    assert.equal(findPgpassPassword('db.example:5432:shop:etl:a\\:b\\\\c', key), 'a:b\\c');
    assert.equal(findPgpassPassword('db.example:5432:shop:etl:a:b', key), 'a:b');
    assert.equal(findPgpassPassword('\\*:5432:shop:etl:x', key), undefined);
    assert.equal(findPgpassPassword('\\*:5432:shop:etl:x', { ...key, host: '*' }), 'x');
    assert.equal(findPgpassPassword('\\:\\:1:5432:shop:etl:six\r\n', { ...key, host: '::1' }), 'six');
  });

  it('calls a unix socket localhost, too', () => {
    const socket = { ...key, host: '/run/postgresql' };
    assert.equal(findPgpassPassword('localhost:5432:shop:etl:l', socket), 'l');
    assert.equal(findPgpassPassword('/run/postgresql:5432:shop:etl:p', socket), 'p');
  });

  it('finds every password under every name, when both are escaped (property)', () => {
    const escape = (field: string): string => field.replace(/[\\:*]/g, '\\$&');
    const field = fc.string({
      unit: fc.constantFrom('a', ':', '\\', '*', 'é', ' '),
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(field, field, field, field, (host, database, user, password) => {
        const line = `${escape(host)}x:1:${escape(database)}:${escape(user)}:${escape(password)}`;
        const found = findPgpassPassword(`#\n${line}\n`, { host: `${host}x`, port: 1, database, user });
        assert.equal(found, password);
      }),
    );
  });

  it('ignores a file that others may read, and says so', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'beamlift-pgpass-'));
    try {
      const file = path.join(folder, 'pgpass');
      await writeFile(file, '*:*:*:*:secret', { mode: 0o644 });
      await chmod(file, 0o644);
      const refused = await lookUpPgpass(file, key);
      assert.equal(refused.password, undefined);
      assert.match(refused.ignored ?? '', /mode 0644.*chmod 600/);
      await chmod(file, 0o600);
      assert.deepEqual(await lookUpPgpass(file, key), { password: 'secret' });
      assert.deepEqual(await lookUpPgpass(path.join(folder, 'none'), key), {});
      assert.match((await lookUpPgpass(folder, key)).ignored ?? '', /is ignored|cannot be read/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
