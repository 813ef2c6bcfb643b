import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openSqlite } from '../../../core/clients/sqlite';
import { BeamliftError } from '../../../core/errors';
import type { Logger } from '../../../core/logger';
import { openRunStore, openRunStoreForRuns } from '../../../launcher/runs/open-run-store';
import type { RunStoreServices } from '../../../launcher/runs/run-store-services';
import type { RunStoreSpec } from '../../../launcher/runs/run-store-spec';
import { runRecord } from '../../contract/run-store';

const IDENTITY = { host: 'here', pid: 4711, started: null };

function recordingLog(): { log: Logger; entries: { level: string; event: string; fields: unknown }[] } {
  const entries: { level: string; event: string; fields: unknown }[] = [];
  const at = (level: string) => (event: string, fields?: unknown) =>
    void entries.push({ level, event, fields });
  return { log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }, entries };
}

async function failure(work: Promise<unknown>): Promise<BeamliftError> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof BeamliftError, String(error));
    return error;
  }
  return assert.fail('should have failed');
}

function sqlite(file: string): RunStoreSpec {
  return { type: 'sqlite', config: { path: file } };
}

function looking(log: Logger = recordingLog().log): RunStoreServices {
  return {
    secrets: { resolve: async (text) => await Promise.resolve(text) },
    environment: {},
    log,
    baseFolder: '/',
    signal: new AbortController().signal,
  };
}

function unchanged(text: string): string {
  return text;
}

describe('opening a run store', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'beamlift-runs-'));
    file = path.join(folder, '.beamlift', 'runs.db');
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('makes nothing for those who only look', async () => {
    const store = await openRunStore(sqlite(file), looking(), { create: false });
    assert.deepEqual(await store.list({ limit: 5 }), []);
    await store.close();
    assert.equal(existsSync(path.dirname(file)), false);
  });

  it('says what to do about a file that is no database', async () => {
    await mkdir(path.dirname(file));
    await writeFile(file, 'this is not a database'.repeat(500));
    const error = await failure(openRunStore(sqlite(file), looking(), { create: true }));
    assert.equal(error.code, 'RUN_STORE_FAILED');
    assert.match(error.what, /runs\.db/);
    assert.match(error.hint ?? '', /Move the file away/);
  });

  it('says what is wrong when the folder cannot be made', async () => {
    await writeFile(path.join(folder, '.beamlift'), 'a file in the way');
    const error = await failure(openRunStore(sqlite(file), looking(), { create: true }));
    assert.equal(error.code, 'RUN_STORE_FAILED');
    assert.match(error.why ?? '', /EEXIST|ENOTDIR/);
  });

  it('refuses a store of a newer version and leaves it as it is', async () => {
    const store = await openRunStore(sqlite(file), looking(), { create: true });
    await store.close();
    const database = await openSqlite(file, { create: false });
    await database.write((session) =>
      session.run("INSERT INTO beamlift_migrations VALUES (99, 'future', '2099-01-01')"),
    );
    database.close();
    const error = await failure(openRunStore(sqlite(file), looking(), { create: true }));
    assert.match(error.what, /newer beamlift/);
  });

  it('lets runs go on without history, with a warning', async () => {
    await writeFile(path.join(folder, '.beamlift'), 'a file in the way');
    const { log, entries } = recordingLog();
    const store = await openRunStoreForRuns(sqlite(file), looking(log), IDENTITY, unchanged);
    await store.put(runRecord('a'));
    assert.equal((await store.get('a'))?.id, 'a');
    await store.close();
    assert.equal(entries.length, 1);
    assert.equal(entries[0]?.level, 'warn');
    assert.match(JSON.stringify(entries[0]), /RUN_STORE_FAILED/);
  });

  it('does not fail a run when writing fails', async () => {
    const { log, entries } = recordingLog();
    const store = await openRunStoreForRuns(sqlite(file), looking(log), IDENTITY, unchanged);
    const database = await openSqlite(file, { create: false });
    await database.write((session) => session.run('DROP TABLE etl_runs'));
    database.close();
    await store.put(runRecord('a'));
    assert.deepEqual(
      entries.map((entry) => [entry.level, entry.event]),
      [['warn', 'run_store.failed']],
    );
    for (let run = 0; run < 5; run++) await store.put(runRecord(`b${run}`));
    assert.equal(entries.length, 3, 'after three failures it is not tried again and again');
    await store.close();
  });

  it('keeps no secret that an error repeats', async () => {
    const redact = (text: string): string => text.replaceAll('s3cret', '***');
    const store = await openRunStoreForRuns(sqlite(file), looking(), IDENTITY, redact);
    await store.put(
      runRecord('s3cret', { error_message: 'no s3cret', report: { error: { why: ['s3cret'] } } }),
    );
    const record = await store.get('s3cret');
    assert.equal(record?.error_message, 'no ***');
    assert.deepEqual(record.report, { error: { why: ['***'] } });
    await store.close();
  });

  it('writes down which process runs, until the run has ended', async () => {
    const store = await openRunStoreForRuns(sqlite(file), looking(), IDENTITY, unchanged);
    await store.put(runRecord('a', { status: 'running', report: null }));
    assert.deepEqual((await store.get('a'))?.report, { process: IDENTITY });
    await store.put(runRecord('a', { report: { run_id: 'a' } }));
    assert.deepEqual((await store.get('a'))?.report, { run_id: 'a' });
    await store.close();
  });
});
