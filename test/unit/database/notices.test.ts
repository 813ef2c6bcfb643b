import assert from 'node:assert/strict';
import { encryptionNotice } from '../../../extractors/database/encryption-notice';
import { objectName } from '../../../extractors/database/object-name';

describe('what plans and errors say of a database', () => {
  it('is that the way to it is not encrypted, and which part of the way', () => {
    const tunnel = {};
    assert.deepEqual(encryptionNotice('TLSv1.3', { host: 'db', tunnel: undefined }), []);
    for (const host of ['localhost', '127.0.0.1', '::1', '/var/run/postgresql']) {
      assert.deepEqual(encryptionNotice(undefined, { host, tunnel: undefined }), [], host);
      assert.deepEqual(encryptionNotice(undefined, { host, tunnel }), [], host);
    }
    const [plain = ''] = encryptionNotice(undefined, { host: 'db', tunnel: undefined });
    assert.match(plain, /^The connection is not encrypted; sslmode/);
    const [behind = ''] = encryptionNotice(undefined, { host: 'db', tunnel });
    assert.match(behind, /^From the SSH server to the database, the connection is not encrypted/);
  });

  it('is what is read', () => {
    const source = { type: 'mysql', connectionName: 'shop', connection: {}, maxConnections: 1 };
    assert.equal(objectName({ ...source, object: { kind: 'table', name: 't' } }), 't');
    assert.equal(objectName({ ...source, object: { kind: 'table', schema: 's', name: 't' } }), 's.t');
    assert.equal(objectName({ ...source, object: { kind: 'query', sql: 'SELECT 1' } }), 'query');
  });
});
