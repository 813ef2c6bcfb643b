import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { rm, utimes } from 'node:fs/promises';
import type { FileRecord } from '../../launcher/runs/file-record';
import type { RunReport } from '../../launcher/report';
import type { FakeHost } from '../unit/cli/fake-host';
import { localConfiguration, Workspace, type CommandResult } from './workspace';

describe('files of a transactional job', function () {
  this.timeout(120_000);
  let workspace: Workspace;
  beforeEach(async () => {
    workspace = await Workspace.create();
  });
  afterEach(async () => {
    await workspace.remove();
  });

  const configure = async (keys = ''): Promise<string> =>
    await workspace.write(
      'beamlift.yaml',
      localConfiguration(`  sales: { file_pattern: "*", file_format: csv, load_type: transactional${keys} }`),
    );
  const put = async (name: string, content: string | Uint8Array): Promise<string> =>
    await workspace.write(`data/${name}`, content);
  const ids = async (): Promise<string[] | undefined> => {
    const rows = await workspace.query('SELECT id::VARCHAR FROM sales ORDER BY id');
    return rows?.map(([id]) => id ?? 'null');
  };
  const run = async (code: number, flags: string[] = [], host?: FakeHost): Promise<RunReport> => {
    const result: CommandResult = await workspace.beamlift(['run', ...flags], host ?? workspace.host());
    assert.equal(result.code, code, result.err);
    const [report] = result.reports;
    assert.ok(report);
    return report;
  };
  const history = async (...flags: string[]): Promise<FileRecord[]> => {
    const { code, out, err } = await workspace.beamlift(['runs', 'files', ...flags, '--json']);
    assert.equal(code, 0, err);
    return out
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as FileRecord);
  };
  const rowsOf = async (...flags: string[]): Promise<unknown[]> =>
    (await history(...flags)).map(
      ({ uri, status, rows_loaded: loaded, rows_rejected: rejected, error_code: code }) => [
        uri,
        status,
        ...(status === 'loaded' ? [loaded, rejected] : [code]),
      ],
    );
  /** Calls `work` when the log says that `event` has happened. */
  const during = (event: string, work: (host: FakeHost) => void): FakeHost => {
    const host = workspace.host();
    let done = false;
    return {
      ...host,
      err: {
        ...host.err,
        write: (text) => {
          if (!done && text.includes(event)) {
            done = true;
            work(host);
          }
          host.err.write(text);
        },
      },
    };
  };

  it('load nothing when one of them is bad, which is tried again and loaded once', async () => {
    await configure();
    await put('a.csv', 'id\n1\n');
    await put('b.csv', 'id\n2\nx,y\n');
    await put('c.csv', 'id\n3\n');
    const failed = await run(1);
    assert.equal(failed.error?.code, 'REJECTS_EXCEEDED');
    assert.equal(await ids(), undefined);
    assert.deepEqual(await rowsOf(), [['b.csv', 'failed', 'REJECTS_EXCEEDED']]);
    assert.equal(failed.files, undefined);

    // Another content under the same name than the one that failed.
    await put('b.csv', 'id\n2\n22\n');
    await run(0);
    assert.deepEqual(await ids(), ['1', '2', '3', '22']);
    assert.deepEqual((await run(0)).rows_loaded, 0);
    assert.deepEqual(await ids(), ['1', '2', '3', '22']);
    const files = await history('sales');
    assert.deepEqual(
      files.map(({ uri, status }) => `${uri} ${status}`),
      ['a.csv loaded', 'b.csv loaded', 'c.csv loaded', 'b.csv failed'],
    );
    assert.notEqual(files[1]?.version, files[3]?.version);
    assert.deepEqual([files[1]?.size, files[1]?.rows_extracted, files[1]?.error_message], [8, 2, null]);
  });

  it('that cannot be looked into are in the history, too', async () => {
    await configure();
    await put('a.csv', 'id\n1\n');
    await put('b.csv.gz', 'no gzip at all');
    assert.equal((await run(1)).error?.code, 'FORMAT_INVALID');
    assert.deepEqual(await rowsOf('sales', '--status', 'failed'), [['b.csv.gz', 'failed', 'FORMAT_INVALID']]);
    assert.deepEqual(await rowsOf('sales', '--status', 'loaded'), []);
    const { out } = await workspace.beamlift(['runs', 'files']);
    assert.match(out, /^file +status .*\nb\.csv\.gz +failed .*\n {2}FORMAT_INVALID: .*not a gzip file/);
  });

  for (const runner of ['in-process', 'direct']) {
    it(`that are bad are left out where the job says so, and tried again each time (${runner})`, async () => {
      await configure(', on_bad_file: skip');
      await put('a.csv', 'id\n1\n11\n');
      await put('bad-rows.csv', 'id\n2\nx,y\n');
      await put('damaged.csv', Buffer.from('1f8b0800000000000003deadbeef', 'hex'));
      await put('z.csv', 'id\n3\n');
      const first = await run(3, ['--runner', runner]);
      assert.deepEqual(await ids(), ['1', '3', '11']);
      assert.deepEqual(first.files, { loaded: 2, failed: 2 });
      assert.deepEqual(
        first.failed_files?.map(({ file, code }) => [file, code]),
        [
          ['bad-rows.csv', 'REJECTS_EXCEEDED'],
          ['damaged.csv', 'FORMAT_INVALID'],
        ],
      );
      assert.match(first.failed_files[0]?.why ?? '', /line 3.*2 fields where the header has 1/);
      assert.deepEqual(
        [first.status, first.rows_extracted, first.rows_staged, first.rows_rejected, first.rows_loaded],
        ['success', 3, 3, 0, 3],
      );
      assert.deepEqual(await rowsOf('--run', first.run_id), [
        ['a.csv', 'loaded', 2, 0],
        ['bad-rows.csv', 'failed', 'REJECTS_EXCEEDED'],
        ['damaged.csv', 'failed', 'FORMAT_INVALID'],
        ['z.csv', 'loaded', 1, 0],
      ]);

      const second = await run(3, ['--runner', runner]);
      assert.deepEqual([second.rows_loaded, second.files], [0, { loaded: 0, failed: 2 }]);
      await put('bad-rows.csv', 'id\n2\n');
      assert.deepEqual((await run(3, ['--runner', runner])).files, { loaded: 1, failed: 1 });
      await put('damaged.csv', 'id\n4\n');
      await run(0, ['--runner', runner]);
      assert.deepEqual(await ids(), ['1', '2', '3', '4', '11']);
      assert.equal((await run(0)).work_units, 0);
    });
  }

  it('are left out of the unit that they share with others, whose rows count once', async () => {
    await configure(', on_bad_file: skip, rejects: { max: 1 }');
    const name = (index: number): string => `${String(index).padStart(3, '0')}.csv`;
    for (let index = 0; index < 60; index++) await put(name(index), `id\n${index}\n`);
    await put(name(7), 'id\n7\na,b\n');
    await put(name(8), 'id\n8\n8,8\n8,8\n');
    await put(name(9), 'id\n9\n9,9,9\n9,9\n');
    await put(name(10), '');
    const report = await run(3);
    assert.ok(report.work_units < 60, `${report.work_units} units`);
    assert.deepEqual(report.files, { loaded: 58, failed: 2 });
    assert.deepEqual([report.rows_extracted, report.rows_rejected, report.rows_loaded], [58, 1, 57]);
    const loaded = (await ids())?.map(Number).sort((a, b) => a - b);
    const expected = Array.from({ length: 60 }, (_, index) => index).filter((id) => ![8, 9, 10].includes(id));
    assert.deepEqual(loaded, expected);
    const rows = await rowsOf('--limit', '100');
    assert.equal(rows.length, 60);
    assert.deepEqual(rows.slice(6, 12), [
      ['006.csv', 'loaded', 1, 0],
      ['007.csv', 'loaded', 1, 1],
      ['008.csv', 'failed', 'REJECTS_EXCEEDED'],
      ['009.csv', 'failed', 'REJECTS_EXCEEDED'],
      ['010.csv', 'loaded', 0, 0],
      ['011.csv', 'loaded', 1, 0],
    ]);
    assert.equal(report.reject_files.length, 1);
    assert.equal((await run(3)).files?.failed, 2);
    assert.equal((await ids())?.length, 57);
  });

  it('are left out of a preview, too', async () => {
    await configure(', on_bad_file: skip');
    await put('a.csv.gz', 'no gzip');
    await put('b.csv', 'id\n7\n');
    const { code, out, err } = await workspace.beamlift(['preview', '--json']);
    assert.equal(code, 0, err);
    const preview = JSON.parse(out) as { rows: unknown; notices: string[] };
    assert.deepEqual(preview.rows, [['7']]);
    assert.match(preview.notices.join('\n'), /a\.csv\.gz is left out/);
    await configure();
    assert.equal((await workspace.beamlift(['preview'])).code, 1);
  });

  it('of which none is right make no table, and are all in the history', async () => {
    await configure(', on_bad_file: skip');
    await put('a.csv', 'id\n1\nx,y\n');
    await put('b.csv', 'id\nx,y\n');
    const report = await run(1);
    assert.match(report.error?.why ?? '', /None of the 2 files/);
    assert.equal(await ids(), undefined);
    assert.equal((await rowsOf()).length, 2);
  });

  it('that are replaced while they are read are loaded by the next run, as they are then', async () => {
    await configure(', on_bad_file: skip');
    await put('a.csv', 'id\n1\n');
    await put('b.csv', 'id\n2\n');
    const host = during('etl.phase.stage.started', () => {
      writeFileSync(workspace.path('data', 'b.csv'), 'id\n22\n23\n');
    });
    const report = await run(3, [], host);
    assert.deepEqual(
      report.failed_files?.map(({ file, code }) => [file, code]),
      [['b.csv', 'SOURCE_CHANGED']],
    );
    assert.deepEqual(await ids(), ['1']);
    await run(0);
    assert.deepEqual(await ids(), ['1', '22', '23']);
  });

  it('that were staged when the run was interrupted are loaded once, by the next', async () => {
    await configure();
    await put('a.csv', 'id\n1\n');
    await put('b.csv', 'id\n2\n');
    const host = during('etl.phase.commit.started', (own) => own.interrupt('SIGTERM'));
    await run(143, [], host);
    assert.equal(await ids(), undefined);
    assert.deepEqual(await rowsOf(), []);
    await run(0);
    assert.deepEqual(await ids(), ['1', '2']);
    assert.deepEqual(await rowsOf(), [
      ['a.csv', 'loaded', 1, 0],
      ['b.csv', 'loaded', 1, 0],
    ]);
  });

  it('are known as loaded where the history of runs is gone', async () => {
    await configure();
    await put('a.csv', 'id\n1\n');
    await run(0, ['--limit', '1']);
    assert.deepEqual(await rowsOf(), [], 'a run with a limit has loaded no file whole');
    await workspace.execute('DELETE FROM sales');
    await run(0);
    await rm(workspace.path('.beamlift'), { recursive: true });
    assert.equal((await run(0)).work_units, 0);
    assert.deepEqual(await ids(), ['1']);
    const future = new Date(Date.now() + 60_000);
    await utimes(workspace.path('data', 'a.csv'), future, future);
    assert.equal((await run(0)).rows_loaded, 1);
  });

  it('are shown with their run: ten of them, all of them as JSON', async () => {
    await configure();
    for (let index = 10; index < 25; index++) await put(`${index}.csv`, `id\n${index}\n`);
    const { run_id: id } = await run(0);
    const { out } = await workspace.beamlift(['runs', 'show', id]);
    assert.match(out, /files +15 loaded\n/);
    assert.match(out, /\n10\.csv +loaded +1 +0 +6 B/);
    assert.match(out, /19\.csv.*\n {2}… and more: .*beamlift.js runs files --run /);
    const shown = await workspace.beamlift(['runs', 'show', id, '--json']);
    assert.equal((JSON.parse(shown.out) as { files: FileRecord[] }).files.length, 15);
  });
});
