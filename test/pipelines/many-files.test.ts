import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { FakeHost } from '../unit/cli/fake-host';
import { localConfiguration, Workspace } from './workspace';

/** More than a run could have work units. */
const FILES = 20_000;

describe('many small files into a warehouse', function () {
  this.timeout(180_000);
  let workspace: Workspace;
  beforeEach(async () => {
    workspace = await Workspace.create();
    mkdirSync(workspace.path('data'));
    await workspace.write(
      'beamlift.yaml',
      localConfiguration('  many: { file_pattern: "*.csv", load_type: transactional, rejects: { max: 1 } }'),
    );
  });
  afterEach(async () => {
    await workspace.remove();
  });

  const nameOf = (index: number): string => `${String(index).padStart(6, '0')}.csv`;
  /** Two rows: ids twice the number, and one more. */
  const writeFile = (index: number, rows = `${2 * index},n\n${2 * index + 1},m\n`): void => {
    writeFileSync(workspace.path('data', nameOf(index)), `id,name\n${rows}`);
  };
  const writeFiles = (count: number): void => {
    for (let index = 0; index < count; index++) writeFile(index);
  };

  it('reads twenty thousand of them in a few hundred units, each row once, and later only new ones', async () => {
    writeFiles(FILES);
    writeFile(12_345, '24690,n\nx,m\n');
    const { code, err, reports } = await workspace.beamlift(['run']);
    assert.equal(code, 3, err);
    const [report] = reports;
    assert.ok(report);
    assert.deepEqual([report.rows_loaded, report.rows_rejected], [2 * FILES - 1, 1]);
    assert.ok(report.work_units > 100 && report.work_units < 1_000, `${report.work_units} units`);
    const published = 'SELECT count(*)::VARCHAR, count(DISTINCT id)::VARCHAR, sum(id)::VARCHAR FROM many';
    const sum = FILES * (2 * FILES - 1) - 24_691;
    assert.deepEqual(await workspace.query(published), [
      [String(2 * FILES - 1), String(2 * FILES - 1), String(sum)],
    ]);
    const reject = JSON.parse(await readFile(report.reject_files[0] ?? '', 'utf8')) as Record<string, string>;
    assert.deepEqual(
      [reject['file'], reject['row'], reject['column'], reject['value']],
      ['012345.csv', '012345.csv line 3', 'id', 'x'],
    );

    writeFile(FILES);
    writeFile(7, '900001,again\n');
    const second = await workspace.beamlift(['run']);
    assert.equal(second.code, 0, second.err);
    assert.deepEqual([second.reports[0]?.rows_loaded, second.reports[0]?.work_units], [3, 2]);
    assert.equal((await workspace.query(published))?.[0]?.[1], String(2 * FILES + 2));
    assert.equal((await workspace.beamlift(['run'])).reports[0]?.rows_loaded, 0);
  });

  it('are shown in the plan by what each unit reads', async () => {
    writeFiles(200);
    const { out } = await workspace.beamlift(['plan']);
    assert.match(out, /units +17: 200 files, small ones read together/);
    assert.match(out, /f0001 +~\d+ +12 files, 000000\.csv … 000011\.csv \(\d+ B\)/);
    const limited = await workspace.beamlift(['run', '--limit', '3']);
    assert.equal(limited.reports[0]?.rows_loaded, 2, limited.err);
    const all = await workspace.beamlift(['run']);
    assert.equal(all.reports[0]?.rows_loaded, 400, all.err);
  });

  it('of which one changes between the plan and its reading fail the run, and are not published', async () => {
    writeFiles(200);
    const host = workspace.host();
    const changing: FakeHost = {
      ...host,
      err: {
        ...host.err,
        write: (text) => {
          if (text.includes('etl.phase.stage.started')) writeFile(150, '7,changed\n');
          host.err.write(text);
        },
      },
    };
    const { code, reports } = await workspace.beamlift(['run'], changing);
    assert.equal(code, 1);
    const error = reports[0]?.error;
    assert.equal(error?.code, 'SOURCE_CHANGED');
    assert.equal(error.where.object, '000150.csv');
    assert.match(error.where.unit ?? '', /^f00\d\d$/);
    assert.equal(await workspace.query('SELECT * FROM many'), undefined);
    assert.equal((await workspace.beamlift(['run'])).reports[0]?.rows_loaded, 399);
  });
});
