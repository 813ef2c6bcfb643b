import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'libsql';
import { openSqlite } from '../../../core/clients/sqlite';
import { openSqliteRunStore } from '../../../launcher/runs/sqlite-run-store';
import { runRecord } from '../../contract/run-store';

const RECORDS = 100;
const WRITER = path.join(__dirname, 'write-runs.ts');

/** Runs the writer in a process of its own; resolves with its exit code and what it said on stderr. */
function write(file: string, prefix: string): Promise<{ code: number | null; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--require', 'tsx/cjs', WRITER, file, prefix, String(RECORDS)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stderr }));
  });
}

describe('sqlite run store, several processes', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'beamlift-runs-'));
    file = path.join(folder, 'runs.db');
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('takes the writes of two processes that also create the file at once', async () => {
    const results = await Promise.all([write(file, 'left'), write(file, 'right')]);
    for (const { code, stderr } of results) assert.equal(code, 0, stderr);
    const store = await openSqliteRunStore(file, { create: false });
    try {
      const records = await store.list({ limit: 10 * RECORDS });
      assert.equal(records.length, 2 * RECORDS);
      assert.ok(records.every((record) => record.status === 'success'));
    } finally {
      await store.close();
    }
  });

  it('migrates once when many handles open a new file together', async () => {
    const stores = await Promise.all(
      Array.from({ length: 8 }, async () => await openSqliteRunStore(file, { create: true })),
    );
    for (const store of stores) await store.close();
    const database = await openSqlite(file, { create: false });
    try {
      const rows = await database.read('SELECT version FROM beamlift_migrations ORDER BY version');
      assert.ok(rows.length > 0);
      assert.deepEqual(
        rows.map((row) => row['version']),
        rows.map((_row, index) => index + 1),
      );
    } finally {
      database.close();
    }
  });

  it('waits for a writer that holds the lock, without holding up the event loop', async () => {
    const store = await openSqliteRunStore(file, { create: true });
    const blocker = new Database(file);
    try {
      blocker.exec('BEGIN IMMEDIATE');
      const began = performance.now();
      let ticks = 0;
      const ticker = setInterval(() => ticks++, 10);
      setTimeout(() => blocker.exec('COMMIT'), 400);
      await store.put(runRecord('waited'));
      clearInterval(ticker);
      assert.ok(performance.now() - began >= 350);
      assert.ok(ticks >= 3, `${ticks} ticks: the event loop stood still`);
      assert.equal((await store.get('waited'))?.id, 'waited');
    } finally {
      blocker.close();
      await store.close();
    }
  });
});
