import assert from 'node:assert/strict';
import type { ConnectionStore, StoredConnection } from '../../launcher/connections/connection-store';

/** A stored connection; `changes` replace fields. */
export function storedConnection(
  name: string,
  revision: string,
  changes: Partial<StoredConnection> = {},
): StoredConnection {
  return {
    name,
    type: 'postgresql',
    fields: { host: 'db.example.com', port: 5432, ssh: { host: 'jump', port: 22 }, user: '${env:SHOP_USER}' },
    sealed: { password: '{"v":1,"nonce":"x"}', 'ssh.password': 'odd "quotes" \\ 🐢' },
    revision,
    created_at: '2025-03-01T10:00:00.123Z',
    updated_at: '2025-03-01T10:00:00.456Z',
    ...changes,
  };
}

export interface ConnectionStoreUnderTest {
  /** Opens the same, at first empty, store each time it is called. */
  open(): Promise<ConnectionStore>;
}

/** What every run store must do that keeps connections. `prepare` is called for each test and gives a new, empty store. */
export function connectionStoreContract(
  name: string,
  prepare: () => Promise<ConnectionStoreUnderTest>,
): void {
  describe(`connection store contract: ${name}`, () => {
    let subject: ConnectionStoreUnderTest;
    let store: ConnectionStore;
    beforeEach(async () => {
      subject = await prepare();
      store = await subject.open();
    });
    afterEach(async () => {
      await store.close();
    });

    it('knows nothing at first', async () => {
      assert.equal(await store.get('shop'), undefined);
      assert.deepEqual(await store.list(), []);
      assert.equal(await store.delete('shop', 'r1'), false);
    });

    it('gives back exactly what was put, also to others', async () => {
      const full = storedConnection('shop', 'r1');
      const bare = storedConnection('übersicht_漢.-1', 'r2', { type: 'local', fields: {}, sealed: {} });
      assert.equal(await store.put(full, undefined), true);
      assert.equal(await store.put(bare, undefined), true);
      const other = await subject.open();
      try {
        assert.deepEqual(await other.get('shop'), full);
        assert.deepEqual(await other.list(), [full, bare]);
        assert.equal(await other.get('SHOP'), undefined, 'case counts');
        assert.equal(await other.get('sho'), undefined);
      } finally {
        await other.close();
      }
    });

    it('does not write over what is there, nor what somebody else changed', async () => {
      const first = storedConnection('shop', 'r1');
      assert.equal(await store.put(first, undefined), true);
      assert.equal(await store.put(storedConnection('shop', 'r2'), undefined), false);
      assert.equal(await store.put(storedConnection('shop', 'r3'), 'r0'), false);
      assert.deepEqual(await store.get('shop'), first);
      const changed = storedConnection('shop', 'r4', { type: 'mysql', sealed: {} });
      assert.equal(await store.put(changed, 'r1'), true);
      assert.deepEqual(await store.list(), [changed]);
      assert.equal(await store.put(storedConnection('shop', 'r5'), 'r1'), false);
      assert.equal(await store.put(storedConnection('other', 'r6'), 'r4'), false, 'it is not there');
    });

    it('lets one of two edits at once win', async () => {
      await store.put(storedConnection('shop', 'r0'), undefined);
      const other = await subject.open();
      try {
        const edits = [store, other, store, other].map(
          async (target, index) => await target.put(storedConnection('shop', `edit-${index}`), 'r0'),
        );
        const won = await Promise.all(edits);
        assert.equal(won.filter(Boolean).length, 1, String(won));
        assert.equal((await store.get('shop'))?.revision, `edit-${won.indexOf(true)}`);
      } finally {
        await other.close();
      }
    });

    it('deletes what it was asked to, and nothing newer', async () => {
      await store.put(storedConnection('shop', 'r1'), undefined);
      await store.put(storedConnection('lake', 'r2'), undefined);
      assert.equal(await store.delete('shop', 'r0'), false);
      assert.equal((await store.list()).length, 2);
      assert.equal(await store.delete('shop', 'r1'), true);
      assert.deepEqual(
        (await store.list()).map(({ name: left }) => left),
        ['lake'],
      );
      assert.equal(
        await store.put(storedConnection('shop', 'r3'), undefined),
        true,
        'the name is free again',
      );
    });
  });
}
