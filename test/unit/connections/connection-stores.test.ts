import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BeamliftError } from '../../../core/errors';
import { GcsConnectionStore } from '../../../launcher/connections/gcs-connection-store';
import { openSqliteConnectionStore } from '../../../launcher/connections/sqlite-connection-store';
import { openSqliteRunStore } from '../../../launcher/runs/sqlite-run-store';
import { connectionStoreContract, storedConnection } from '../../contract/connection-store';
import { runRecord } from '../../contract/run-store';
import { MemoryBucket } from '../bigquery/memory-bucket';

const folders: string[] = [];
async function newFile(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'beamlift-connections-'));
  folders.push(folder);
  return path.join(folder, 'runs.db');
}
after(async () => {
  await Promise.all(folders.map(async (folder) => await rm(folder, { recursive: true })));
});

connectionStoreContract('sqlite', async () => {
  const file = await newFile();
  return { open: async () => await openSqliteConnectionStore(file, { create: true }) };
});

connectionStoreContract('objects of a bucket', async () => {
  const bucket = new MemoryBucket();
  const { signal } = new AbortController();
  await Promise.resolve();
  return {
    open: async () => await Promise.resolve(new GcsConnectionStore(bucket, 'x/etl_connections/', signal)),
  };
});

describe('connections in a SQLite run store', () => {
  it('are beside the runs in one file', async () => {
    const file = await newFile();
    const runs = await openSqliteRunStore(file, { create: true });
    const connections = await openSqliteConnectionStore(file, { create: false });
    await Promise.all([runs.put(runRecord('r')), connections.put(storedConnection('shop', 'r1'), undefined)]);
    assert.equal((await runs.list({ limit: 10 })).length, 1);
    assert.equal((await connections.list()).length, 1);
    await runs.close();
    await connections.close();
  });
});

describe('connections in a bucket', () => {
  const { signal } = new AbortController();

  it('are deleted by a mark first, which nobody takes for a connection', async () => {
    const bucket = new MemoryBucket();
    const store = new GcsConnectionStore(bucket, 'f/', signal);
    await store.put(storedConnection('shop', 'r1'), undefined);
    bucket.before = ({ verb }) => {
      if (verb === 'delete') throw new Error('the machine goes down');
    };
    await assert.rejects(store.delete('shop', 'r1'), /goes down/);
    assert.deepEqual(bucket.names, ['f/shop.json']);
    assert.deepEqual(await store.list(), []);
    assert.equal(await store.get('shop'), undefined);
    assert.equal(await store.put(storedConnection('shop', 'r2'), undefined), true);
    assert.equal((await store.get('shop'))?.revision, 'r2');
  });

  for (const [content, why] of [
    ['{', 'It is not JSON.'],
    ['{"record_version":1}', 'Its fields are not those of a connection.'],
    ['{"record_version":2}', 'Its version is 2: it was written by a newer beamlift. Upgrade this one.'],
  ] as const) {
    it(`refuses ${content}`, async () => {
      const bucket = new MemoryBucket();
      bucket.put('f/shop.json', content);
      await assert.rejects(new GcsConnectionStore(bucket, 'f/', signal).list(), (error) => {
        assert.ok(error instanceof BeamliftError);
        assert.equal(error.code, 'RUN_STORE_FAILED');
        assert.equal(error.why, why);
        return true;
      });
    });
  }
});
