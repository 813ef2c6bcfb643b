import assert from 'node:assert/strict';
import { utimes } from 'node:fs/promises';
import type { Plan } from '../../core/plan';
import type { RunReport } from '../../launcher/report';
import type { RunRecord } from '../../launcher/runs/run-store';
import { localConfiguration, Workspace } from './workspace';

describe('schemas of several files', function () {
  this.timeout(120_000);
  let workspace: Workspace;
  beforeEach(async () => {
    workspace = await Workspace.create();
  });
  afterEach(async () => {
    await workspace.remove();
  });

  const configure = async (keys: string): Promise<string> =>
    await workspace.write('beamlift.yaml', localConfiguration(`  t: { file_pattern: "*", ${keys} }`));
  const csv = 'file_format: csv, load_type: transactional';
  const put = async (name: string, content: string): Promise<string> =>
    await workspace.write(`data/${name}`, content);
  const run = async (code: number): Promise<RunReport> => {
    const result = await workspace.beamlift(['run']);
    assert.equal(result.code, code, result.err);
    const [report] = result.reports;
    assert.ok(report);
    return report;
  };
  const plan = async (): Promise<Plan> => {
    const { code, out, err } = await workspace.beamlift(['plan', '--json']);
    assert.equal(code, 0, err);
    return JSON.parse(out) as Plan;
  };
  const columns = async (): Promise<string | undefined> =>
    (
      await workspace.query(
        "SELECT string_agg(column_name || ' ' || data_type, ', ' ORDER BY ordinal_position) FROM information_schema.columns WHERE table_name = 't'",
      )
    )?.[0]?.[0] ?? undefined;

  it('differ file by file: the plan, the report and the record of the run say how', async () => {
    await configure(csv);
    await put('1.csv', 'id,name,at\n1,a,2025-01-01\n');
    await put('2.csv', 'id,at\n2,2025-01-02\n');
    await put('3.csv', 'at,name,id,extra\n2025-01-03,c,3,x\n');
    await put('4.csv', 'id,name,at\n4,d,yesterday\n');
    await put('5.csv', '');
    await put('6.csv', 'id,name,at\n');
    const expected = [
      { file: '2.csv', lacks: ['name'], additional: [], types: [] },
      { file: '3.csv', lacks: [], additional: ['extra'], types: [] },
      { file: '4.csv', lacks: [], additional: [], types: [{ column: 'at', type: 'string', others: 'date' }] },
    ];
    assert.deepEqual((await plan()).drift, expected);
    const { out } = await workspace.beamlift(['plan']);
    assert.match(out, /note {2}2\.csv differs: no column name \(null there\)\.\n/);
    assert.match(out, /note {2}3\.csv differs: column extra, which most others lack\.\n/);
    assert.match(out, /note {2}4\.csv differs: at is string where others have date\.\n/);
    const report = await run(0);
    assert.deepEqual(report.drift, expected);
    const shown = await workspace.beamlift(['runs', 'show', report.run_id, '--json']);
    const record = JSON.parse(shown.out) as RunRecord;
    assert.deepEqual(record.report?.['drift'], expected);
    assert.equal(await columns(), 'id BIGINT, name VARCHAR, at VARCHAR, extra VARCHAR');
    const rows = await workspace.query('SELECT id::VARCHAR, name, "at", extra FROM t ORDER BY id');
    assert.deepEqual(rows, [
      ['1', 'a', '2025-01-01', null],
      ['2', null, '2025-01-02', null],
      ['3', 'c', '2025-01-03', 'x'],
      ['4', 'd', 'yesterday', null],
    ]);
  });

  for (const [format, line] of [
    ['csv', (id: number, extra: string) => `id${extra && ',extra'}\n${id}${extra && `,${extra}`}\n`],
    ['jsonl', (id: number, extra: string) => JSON.stringify({ id, ...(extra && { extra }) }) + '\n'],
  ] as const) {
    it(`that only a file beyond the sample has (${format}) are said with its name`, async () => {
      await configure(`file_format: ${format}, load_type: transactional`);
      for (let index = 0; index < 45; index++) {
        await put(`${String(index).padStart(2, '0')}.x`, line(index, index === 8 ? 'x' : ''));
      }
      const report = await run(0);
      const [found, ...others] = report.unknown_columns ?? [];
      assert.deepEqual([found?.file, Object.keys(found?.columns ?? {}), others], ['08.x', ['extra'], []]);
      const { out } = await workspace.beamlift(['runs', 'show', report.run_id]);
      assert.match(out, /08\.x has extra, which no file had that the schema was taken from/);
      assert.equal(report.rows_loaded, 45);
    });
  }

  it('stay those of the table, whatever later files look like', async () => {
    await configure(csv);
    await put('1.csv', 'id,amount,note\n1,1.50,\n2,22.25,x\n');
    await run(0);
    const before = await columns();
    assert.match(before ?? '', /id BIGINT, amount DECIMAL\(\d+,\d+\), note VARCHAR/);
    // Narrower, empty, with a header alone, with nulls alone.
    await put('2.csv', 'id,amount,note\n3,7,8\n');
    await put('3.csv', '');
    await put('4.csv', 'id,amount,note\n');
    await put('5.csv', 'note,amount,id\n,,\n');
    await run(0);
    assert.equal(await columns(), before);
    // Wider: what fits the table's type is loaded, and so a column more is not.
    await put('6.csv', 'id,amount,note,more\n4,123456.789,z,1\n');
    const wider = await run(0);
    assert.match(wider.notices.join('\n'), /more/);
    assert.equal(await columns(), before);
    // Another kind: refused, and nothing of it is there.
    await put('7.csv', 'id,amount,note\nfive,1,z\n');
    const announced = (await plan()).notices.join('\n');
    assert.match(
      announced,
      /Values that are not what the table has: id \(string; the table has int64\)\. Rows/,
    );
    const refused = await run(1);
    assert.equal(refused.error?.code, 'REJECTS_EXCEEDED');
    assert.match(`${refused.error.why ?? ''} ${refused.error.hint ?? ''}`, /int64/);
    assert.equal(await columns(), before);
    const rows = await workspace.query('SELECT id::VARCHAR, note FROM t ORDER BY id NULLS LAST');
    assert.deepEqual(rows, [
      ['1', null],
      ['2', 'x'],
      ['3', '8'],
      ['4', 'z'],
      [null, null],
    ]);
  });

  it('keep a column that new files lack, by the files that were loaded before', async () => {
    await configure(`${csv}, selected_columns: [id, note]`);
    await put('1.csv', 'id,note\n1,x\n');
    await run(0);
    await put('2.csv', 'id\n2\n');
    const report = await run(0);
    assert.deepEqual(report.drift, [{ file: '2.csv', lacks: ['note'], additional: [], types: [] }]);
    assert.deepEqual(await workspace.query('SELECT id::VARCHAR, note FROM t ORDER BY id'), [
      ['1', 'x'],
      ['2', null],
    ]);
  });

  it('are those of the latest file alone, where a job loads only that', async () => {
    await configure('file_format: csv, file_selection: latest');
    await put('old.csv', 'id,gone\n1,x\n');
    await put('older.csv.gz', 'not gzip');
    await put('tie-a.csv', 'a\n1\n');
    await put('tie-b.csv', 'b\n2\n');
    const at = new Date('2025-06-01T00:00:00Z');
    for (const name of ['old.csv', 'older.csv.gz']) await utimes(workspace.path('data', name), 0, 0);
    for (const name of ['tie-a.csv', 'tie-b.csv']) await utimes(workspace.path('data', name), at, at);
    const report = await run(0);
    assert.deepEqual(report.files, { loaded: 1, failed: 0 });
    assert.equal(await columns(), 'b BIGINT');
    await put('newest.csv', 'b\n3\n');
    await run(0);
    assert.deepEqual(await workspace.query('SELECT b::VARCHAR FROM t'), [['3']]);
  });

  it('cannot be the latest of a job that adds to its table', async () => {
    await configure(`${csv}, file_selection: latest`);
    const { code, err } = await workspace.beamlift(['plan']);
    assert.equal(code, 2);
    assert.match(err, /file_selection: latest is for load_type catalog/);
  });
});
