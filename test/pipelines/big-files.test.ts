import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { localConfiguration, Workspace } from './workspace';

const ROWS = 60_000;

/** Some 3.7 MB: three ranges of the smallest size. */
function csvOf(rows = ROWS): string {
  const lines = Array.from({ length: rows }, (_, id) => {
    const text =
      id % 5 === 0
        ? `"line one,\n${id},no row\n""quoted"" größe"`
        : `plain text of row ${id}, `.replace(',', ';');
    return `${id},${text},${(id * 7919) % 1000}.25,2024-01-01 00:00:0${id % 10}\n`;
  });
  return `id,text,price,at\n${lines.join('')}`;
}

function jsonlOf(): string {
  return Array.from({ length: ROWS }, (_, id) =>
    JSON.stringify({ id, text: `row ${id} "größe"\n`, price: (id * 7919) % 1000, tags: [id, null] }),
  ).join('\n');
}

const SUMS = `SELECT count(*)::VARCHAR, count(DISTINCT id)::VARCHAR, sum(id)::VARCHAR, sum(length(text))::VARCHAR,
  sum(price)::VARCHAR FROM`;

describe('big files into a warehouse', function () {
  this.timeout(120_000);
  let workspace: Workspace;
  beforeEach(async () => {
    workspace = await Workspace.create();
    mkdirSync(workspace.path('data'));
  });
  afterEach(async () => {
    await workspace.remove();
  });

  async function configure(ending: string): Promise<void> {
    const jobs = {
      cut: 'split: { rows_per_unit: 15000 }, rejects: { max: 1 }',
      whole: 'split: { by: none, rows_per_unit: 15000 }',
      again: 'split: { rows_per_unit: 15000 }, load_type: transactional',
    };
    const lines = Object.entries(jobs).map(
      ([name, keys]) => `  ${name}: { file_pattern: "big.${ending}", ${keys} }`,
    );
    await workspace.write('beamlift.yaml', localConfiguration(lines.join('\n')));
  }

  /** Runs both jobs; the table of the one that is cut holds what the other's does. */
  async function assertSame(units: number): Promise<void> {
    const { code, err, reports } = await workspace.beamlift(['run', 'cut', 'whole']);
    assert.equal(code, 0, err);
    assert.deepEqual(
      reports.map((report) => [report.work_units, report.rows_loaded, report.rows_rejected]),
      [
        [units, ROWS, 0],
        [1, ROWS, 0],
      ],
    );
    const cut = await workspace.query(`${SUMS} cut`);
    assert.equal(cut?.[0]?.[1], String(ROWS));
    assert.deepEqual(cut, await workspace.query(`${SUMS} whole`));
    assert.deepEqual(await workspace.query('FROM cut EXCEPT FROM whole'), []);
  }

  it('are read as CSV in several units, each row once', async () => {
    await configure('csv');
    await workspace.write('data/big.csv', csvOf());
    await assertSame(3);
    const { out } = await workspace.beamlift(['plan', 'cut']);
    assert.match(out, /units +3: 1 file, cut into ranges/);
    assert.match(out, /f0002 +~\d+,\d+ +big\.csv from byte 1,\d+,\d+ \(\d+ kB|MB\)/);
  });

  it('are read as JSON lines in several units, each row once', async () => {
    await configure('jsonl');
    await workspace.write('data/big.jsonl', jsonlOf());
    await assertSame(4);
  });

  it('are read as Parquet in several units, each row once', async () => {
    await configure('parquet');
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    await connection.run(`COPY (SELECT i AS id, md5(i::VARCHAR) AS text, i % 1000 AS price FROM range(${ROWS}) t(i))
      TO '${workspace.path('data', 'big.parquet')}' (FORMAT parquet, ROW_GROUP_SIZE 8192)`);
    connection.closeSync();
    await assertSame(4);
    const { out } = await workspace.beamlift(['plan', 'cut']);
    assert.match(out, /f0001 .*big\.parquet row groups 1 … \d/);
  });

  it('name rejected rows by where they are, and are loaded as one file', async () => {
    await configure('csv');
    const rows = csvOf().split('\n');
    rows[rows.findLastIndex((line) => line.startsWith(`${ROWS * 0.7 + 1},`))] =
      'nonsense,x,1.25,2024-01-01 00:00:00';
    const text = rows.join('\n');
    await workspace.write('data/big.csv', text);
    const { code, err, reports } = await workspace.beamlift(['run', 'cut']);
    assert.equal(code, 3, err);
    const reject = JSON.parse(await readFile(reports[0]?.reject_files[0] ?? '', 'utf8')) as Record<
      string,
      string
    >;
    const [, line, byte] = /^line (\d+) after byte (\d+)$/.exec(reject['row'] ?? '') ?? [];
    const lines = Buffer.from(text).subarray(Number(byte)).toString('utf8').split('\n');
    assert.match(lines[Number(line) - 1] ?? '', /^nonsense,x/);

    await workspace.write('data/big.csv', csvOf());
    const counts = [];
    for (let run = 0; run < 2; run++) {
      const again = await workspace.beamlift(['run', 'again']);
      counts.push([again.reports[0]?.work_units, again.reports[0]?.rows_loaded]);
    }
    assert.deepEqual(counts, [
      [3, ROWS],
      [0, 0],
    ]);
  });

  it('that cannot be cut where it looked possible fail the run, publish nothing, and load whole', async () => {
    await configure('csv');
    const field = '7,x,1.25,2024-01-01 00:00:00\n'.repeat(100_000);
    const some = '1,y,2.25,2024-01-01 00:00:00\n'.repeat(10_000);
    await workspace.write(
      'data/big.csv',
      `id,text,price,at\n${some}1,"${field}",2.25,2024-01-01 00:00:00\n${some}`,
    );
    const failed = await workspace.beamlift(['run', 'cut']);
    assert.notEqual(failed.code, 0);
    assert.match(failed.err, /FORMAT_INVALID[\s\S]*split: \{ by: none \}/);
    assert.equal(await workspace.query('FROM cut'), undefined);
    const whole = await workspace.beamlift(['run', 'whole']);
    assert.deepEqual([whole.code, whole.reports[0]?.rows_loaded], [0, 20_001], whole.err);
  });
});
