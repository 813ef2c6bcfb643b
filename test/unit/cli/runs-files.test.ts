import assert from 'node:assert/strict';
import { main } from '../../../launcher/main';
import type { FileRecord } from '../../../launcher/runs/file-record';
import { MemoryRunStore } from '../../../launcher/runs/memory-run-store';
import { fileRecord, runRecord } from '../../contract/run-store';
import { fakeEngine } from './fake-engine';
import { fakeHost } from './fake-host';

const ID = '20250301T100000Z-aaaa1111';
const FAILED: Partial<FileRecord> = {
  status: 'failed',
  rows_extracted: null,
  rows_loaded: null,
  rows_rejected: null,
  error_code: 'FORMAT_INVALID',
  error_message: 'The quote\u001b[31m of line 3 never closes',
};

async function call(line: string[], files: readonly FileRecord[]) {
  const runStore = new MemoryRunStore();
  await runStore.put(runRecord(ID, { job: 'sales', report: { files: { loaded: 12_000, failed: 1 } } }));
  await runStore.putFiles(files);
  const host = fakeHost();
  const code = await main(line, host, { engine: fakeEngine({ runStore }) });
  return { code, out: host.out.text(), err: host.err.text() };
}

const FILES = [
  fileRecord(ID, 'a.csv', { rows_loaded: 12_345, size: 1_400_000 }),
  fileRecord(ID, 'b.csv', FAILED),
  fileRecord('20250201T100000Z-bbbb2222', 'a.csv', {
    job: 'orders',
    started_at: '2025-02-01T10:00:00.000Z',
    last_modified: 'at an unknown time',
  }),
];

describe('runs files', () => {
  it('lists files with what became of them, and why', async () => {
    const { code, out } = await call(['runs', 'files'], FILES);
    assert.equal(code, 0);
    assert.deepEqual(out.trimEnd().split('\n'), [
      'file   status    rows  rejected    size  modified (UTC)       job     run',
      `a.csv  loaded  12,345         1  1.4 MB  2025-03-01 09:00:00  sales   ${ID}`,
      `b.csv  failed                      17 B  2025-03-01 09:00:00  sales   ${ID}`,
      '  FORMAT_INVALID: The quote\\u001b[31m of line 3 never closes',
      'a.csv  loaded       2         1    17 B                       orders  20250201T100000Z-bbbb2222',
    ]);
  });

  it('of a job, a run, a status, as JSON', async () => {
    const uris = async (...flags: string[]): Promise<string[]> =>
      (await call(['runs', 'files', ...flags, '--json'], FILES)).out
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as FileRecord)
        .map(({ job, uri }) => `${job} ${uri}`);
    assert.deepEqual(await uris('orders'), ['orders a.csv']);
    assert.deepEqual(await uris('--status', 'failed'), ['sales b.csv']);
    assert.deepEqual(await uris('--run', ID.slice(0, 12)), ['sales a.csv', 'sales b.csv']);
    assert.deepEqual(await uris('--limit', '1'), ['sales a.csv']);
    assert.deepEqual(await uris('none'), []);
  });

  it('says that there are none, and which runs there are not', async () => {
    const none = await call(['runs', 'files', 'sales', '--status', 'failed'], []);
    assert.equal(none.code, 0);
    assert.match(none.err, /No run has loaded such files/);
    const unknown = await call(['runs', 'files', '--run', '1999'], FILES);
    assert.equal(unknown.code, 1);
    assert.match(unknown.err, /RUN_NOT_FOUND: There is no run 1999/);
    assert.equal((await call(['runs', 'files', '--status', 'lost'], FILES)).code, 2);
  });
});

describe('runs show', () => {
  it('shows failed files first, ten in all, and the line that lists the others', async () => {
    const many = Array.from({ length: 15 }, (_, index) => fileRecord(ID, `f${10 + index}.csv`));
    const files = [...many, fileRecord(ID, 'z.csv', FAILED)];
    const { out } = await call(['runs', 'show', ID, '-f', 'my etl.yaml'], files);
    assert.match(out, /files +12,000 loaded, 1 left out\n/);
    const [, listed = ''] = out.split('\nfile ');
    const lines = listed.trimEnd().split('\n').slice(1);
    assert.match(lines[0] ?? '', /^z\.csv +failed/);
    assert.match(lines[1] ?? '', /^ {2}FORMAT_INVALID/);
    assert.match(lines[10] ?? '', /^f18\.csv/);
    assert.equal(lines[11], `  … and more: ./bin/beamlift.js runs files --run ${ID} -f 'my etl.yaml'`);
    const json = await call(['runs', 'show', ID, '--json'], files);
    assert.equal((JSON.parse(json.out) as { files: unknown[] }).files.length, 16);
  });
});
