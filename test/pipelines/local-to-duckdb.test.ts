import assert from 'node:assert/strict';
import { readdir, readFile, utimes } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { localConfiguration, Workspace } from './workspace';

describe('local files into a warehouse', function () {
  this.timeout(60_000);
  let workspace: Workspace;
  beforeEach(async () => {
    workspace = await Workspace.create();
  });
  afterEach(async () => {
    await workspace.remove();
  });

  const csv = 'id,name,amount\n1,Ann,1.50\n2,"Bob ""B"", Jr.",2.25\n3,,\n';
  const job = (extra = ''): string => localConfiguration(`  people: { file_pattern: "*.csv"${extra} }`);

  it('loads a table, and replaces it with the next run', async () => {
    await workspace.write('data/people.csv', csv);
    await workspace.write('beamlift.yaml', job());
    const first = await workspace.beamlift(['run']);
    assert.equal(first.code, 0, first.err);
    const [report] = first.reports;
    assert.ok(report);
    assert.deepEqual(
      [report.status, report.rows_extracted, report.rows_staged, report.rows_loaded, report.rows_rejected],
      ['success', 3, 3, 3, 0],
    );
    assert.match(report.runner_reason ?? '', /below the threshold/);
    assert.deepEqual(
      await workspace.query('SELECT id::VARCHAR, name, amount::VARCHAR FROM people ORDER BY id'),
      [
        ['1', 'Ann', '1.500000000'],
        ['2', 'Bob "B", Jr.', '2.250000000'],
        ['3', null, null],
      ],
    );
    await workspace.write('data/people.csv', 'id,name,amount\n7,Zoe,9\n');
    assert.equal((await workspace.beamlift(['run'])).code, 0);
    assert.deepEqual(await workspace.query('SELECT id::VARCHAR, name FROM people'), [['7', 'Zoe']]);
  });

  it('leaves nothing staged behind, and keeps the history', async () => {
    await workspace.write('data/people.csv', csv);
    await workspace.write('beamlift.yaml', job());
    const { reports } = await workspace.beamlift(['run']);
    assert.deepEqual(await readdir(workspace.path('.beamlift', 'staging')).catch(() => []), []);
    const list = await workspace.beamlift(['runs', 'list', '--json']);
    const record = JSON.parse(list.out) as { id: string; status: string; rows_processed: number };
    assert.deepEqual([record.id, record.status, record.rows_processed], [reports[0]?.run_id, 'success', 3]);
  });

  it('appends new and changed files only, each once', async () => {
    await workspace.write('beamlift.yaml', job(', load_type: transactional'));
    await workspace.write('data/a.csv', 'id\n1\n');
    const loaded = async (): Promise<number> => {
      const { code, err, reports } = await workspace.beamlift(['run']);
      assert.equal(code, 0, err);
      return reports[0]?.rows_loaded ?? -1;
    };
    assert.equal(await loaded(), 1);
    assert.equal(await loaded(), 0);
    await workspace.write('data/b.csv', 'id\n2\n3\n');
    assert.equal(await loaded(), 2);
    await workspace.write('data/a.csv', 'id\n4\n');
    await utimes(workspace.path('data/a.csv'), new Date(), new Date(Date.now() + 5000));
    assert.equal(await loaded(), 1);
    assert.deepEqual(await workspace.query('SELECT id::VARCHAR FROM people ORDER BY id'), [
      ['1'],
      ['2'],
      ['3'],
      ['4'],
    ]);
  });

  it('takes the latest file of several', async () => {
    await workspace.write('beamlift.yaml', job(', file_selection: latest'));
    await workspace.write('data/old.csv', 'id\n1\n');
    await utimes(workspace.path('data/old.csv'), new Date(0), new Date(0));
    await workspace.write('data/new.csv', 'id\n2\n');
    await workspace.beamlift(['run']);
    assert.deepEqual(await workspace.query('SELECT id::VARCHAR FROM people'), [['2']]);
  });

  it('merges by key: updates, inserts, and changes nothing the second time', async () => {
    await workspace.write('beamlift.yaml', job(', load_type: merge, key_columns: [id]'));
    await workspace.write('data/a.csv', 'id,name\n1,one\n2,two\n');
    await workspace.beamlift(['run']);
    await workspace.write('data/b.csv', 'id,name\n2,TWO\n3,three\n');
    const { code, err } = await workspace.beamlift(['run']);
    assert.equal(code, 0, err);
    const rows = [
      ['1', 'one'],
      ['2', 'TWO'],
      ['3', 'three'],
    ];
    assert.deepEqual(await workspace.query('SELECT id::VARCHAR, name FROM people ORDER BY id'), rows);
    await workspace.beamlift(['run']);
    assert.deepEqual(await workspace.query('SELECT id::VARCHAR, name FROM people ORDER BY id'), rows);
  });

  it('loads a merging job anew with one row for each key', async () => {
    await workspace.write('beamlift.yaml', job(', load_type: merge, key_columns: [id]'));
    await workspace.write('data/a.csv', 'id,name\n1,one\n2,two\n');
    await workspace.write('data/b.csv', 'id,name\n2,TWO\n3,three\n');
    for (const flags of [[], ['--full-refresh']]) {
      const { code, err, reports } = await workspace.beamlift(['run', ...flags]);
      assert.equal(code, 0, err);
      assert.equal(reports[0]?.rows_loaded, 3);
      assert.deepEqual(await workspace.query('SELECT id::VARCHAR, name FROM people ORDER BY id'), [
        ['1', 'one'],
        ['2', 'TWO'],
        ['3', 'three'],
      ]);
    }
  });

  it('tells how many rows of a merge gave way to another with their key', async () => {
    await workspace.write('beamlift.yaml', job(', load_type: merge, key_columns: [id]'));
    await workspace.write('data/a.csv', 'id,name\n1,one\n1,ONE\n2,two\n');
    const { reports, err } = await workspace.beamlift(['run']);
    assert.deepEqual([reports[0]?.rows_staged, reports[0]?.rows_loaded], [3, 2], err);
    assert.match(reports[0]?.notices.join(' ') ?? '', /1 staged row was not loaded/);
  });

  it('keeps JSON exact: digits, documents, dates, mixed types', async () => {
    const big = '12345678901234567890123456789';
    const lines = [
      `{"id": 9007199254740993, "big": ${big}, "doc": {"a": [1, 2.50]}, "mixed": "x", "day": "2024-02-29", "__proto__": 1}`,
      `{"id": 2, "big": 1, "doc": [null], "mixed": 7, "day": "2024-03-01", "__proto__": 2}`,
    ];
    await workspace.write('data/rows.jsonl', lines.join('\n'));
    await workspace.write('beamlift.yaml', localConfiguration('  rows: { file_pattern: rows.jsonl }'));
    const { code, err } = await workspace.beamlift(['run']);
    assert.equal(code, 0, err);
    assert.deepEqual(
      await workspace.query(
        `SELECT id::VARCHAR, big::VARCHAR, doc::VARCHAR, mixed, day::VARCHAR, "__proto__"::VARCHAR FROM rows ORDER BY id DESC`,
      ),
      [
        ['9007199254740993', big, '{"a": [1, 2.50]}', 'x', '2024-02-29', '1'],
        ['2', '1', '[null]', '7', '2024-03-01', '2'],
      ],
    );
  });

  it('reads gzip, and converts to the types of an existing table', async () => {
    await workspace.write('data/people.csv.gz', gzipSync(csv));
    await workspace.write(
      'beamlift.yaml',
      localConfiguration(
        '  people: { file_pattern: people.csv.gz, selected_columns: [id, amount], column_mapping: { amount: total } }',
      ),
    );
    const { code, err } = await workspace.beamlift(['run']);
    assert.equal(code, 0, err);
    assert.deepEqual(
      await workspace.query('SELECT id::VARCHAR, total::VARCHAR FROM people ORDER BY id LIMIT 1'),
      [['1', '1.500000000']],
    );
  });

  describe('bad input', () => {
    const failing = async (
      files: Record<string, string | Uint8Array>,
      yaml: string,
      expected: { exit: number; error: string; says: RegExp },
    ) => {
      for (const [name, content] of Object.entries(files)) await workspace.write(name, content);
      await workspace.write('beamlift.yaml', yaml);
      const { code, reports, err } = await workspace.beamlift(['run']);
      assert.equal(reports.at(-1)?.error?.code, expected.error, err);
      assert.equal(code, expected.exit);
      const { what, where, why, hint } = reports.at(-1)?.error ?? {};
      assert.match([what, JSON.stringify(where), why, hint].join(' '), expected.says);
      const table = await workspace.query('SELECT count(*)::VARCHAR FROM people').catch(() => undefined);
      assert.equal(table, undefined, 'nothing is half-loaded');
    };
    const big = (bytes: number): string => 'x'.repeat(bytes);

    const cases: [
      string,
      Record<string, string | Uint8Array>,
      string,
      { exit: number; error: string; says: RegExp },
    ][] = [
      [
        'a file that is not there',
        { 'data/other.csv': csv },
        localConfiguration('  people: { file_pattern: peple.csv }'),
        { exit: 1, error: 'SOURCE_NOT_FOUND', says: /peple\.csv/ },
      ],
      [
        'a pattern that nothing matches',
        { 'data/other.txt': csv },
        job(),
        { exit: 1, error: 'SOURCE_EMPTY', says: /\*\.csv/ },
      ],
      [
        'a pattern that leaves the folder',
        { 'data/a.csv': csv },
        localConfiguration('  people: { file_pattern: "../*.csv" }'),
        { exit: 2, error: 'CONFIG_INVALID', says: /folder/ },
      ],
      [
        'a quote that never closes',
        { 'data/a.csv': 'id,name\n1,"open\n2,b\n' },
        job(),
        { exit: 1, error: 'FORMAT_INVALID', says: /line 2/ },
      ],
      [
        'a row with too many fields',
        { 'data/a.csv': 'id,name\n1,a\n2,b,c\n' },
        job(),
        { exit: 1, error: 'REJECTS_EXCEEDED', says: /3 fields/ },
      ],
      [
        'a value that is not what the sample said',
        { 'data/a.csv': `id\n${'1\n'.repeat(300_000)}one\n${'1\n'.repeat(700_000)}` },
        job(),
        { exit: 1, error: 'REJECTS_EXCEEDED', says: /one/ },
      ],
      [
        'invalid UTF-8',
        { 'data/a.csv': Buffer.from('id,name\n1,\xff\xfe\n2,b\n', 'latin1') },
        job(),
        { exit: 1, error: 'REJECTS_EXCEEDED', says: /utf-8/ },
      ],
      [
        'a truncated gzip stream',
        { 'data/a.csv.gz': gzipSync(big(100_000)).subarray(0, 60) },
        localConfiguration('  people: { file_pattern: "*.gz", file_format: csv }'),
        { exit: 1, error: 'FORMAT_INVALID', says: /trunc|ends|incomplete|early/i },
      ],
      [
        'JSON that breaks off',
        { 'data/a.json': '[{"a": 1}, {"a":' },
        localConfiguration('  people: { file_pattern: a.json }'),
        { exit: 1, error: 'FORMAT_INVALID', says: /record 2|ends/ },
      ],
      [
        'a line that is not JSON',
        { 'data/a.jsonl': '{"a": 1}\n{oops}\n' },
        localConfiguration('  people: { file_pattern: a.jsonl }'),
        { exit: 1, error: 'REJECTS_EXCEEDED', says: /line 2|JSON/ },
      ],
      [
        'a Parquet file that is none',
        { 'data/a.parquet': 'PAR1 but not really PAR1' },
        localConfiguration('  people: { file_pattern: a.parquet }'),
        { exit: 1, error: 'FORMAT_INVALID', says: /Parquet/i },
      ],
      [
        'an unknown key',
        { 'data/a.csv': csv },
        job(', file_patern: x'),
        { exit: 2, error: 'CONFIG_INVALID', says: /file_pattern/ },
      ],
    ];
    for (const [name, files, yaml, expected] of cases) {
      it(name, async () => {
        await failing(files, yaml, expected);
      });
    }

    it('a failed run leaves the table as it was', async () => {
      await workspace.write('data/a.csv', 'id,name\n1,a\n');
      await workspace.write('beamlift.yaml', job());
      await workspace.beamlift(['run']);
      await workspace.write('data/b.csv', 'id,name\n2,b,c\n');
      const { code } = await workspace.beamlift(['run']);
      assert.equal(code, 1);
      assert.deepEqual(await workspace.query('SELECT id::VARCHAR, name FROM people'), [['1', 'a']]);
    });

    it('a text where the sample had numbers: file, line, column, value, and how to load it all the same', async () => {
      const lines = Array.from(
        { length: 200_000 },
        (_, index) => `${index},${index === 60_000 ? 'A-17' : index}`,
      );
      await workspace.write('data/codes.csv', `id,code\n${lines.join('\n')}\n`);
      await workspace.write('beamlift.yaml', localConfiguration('  codes: { file_pattern: codes.csv }'));
      const refused = await workspace.beamlift(['run']);
      assert.equal(refused.code, 1);
      const error = refused.reports[0]?.error;
      assert.ok(error);
      const { object, row, column, value } = error.where;
      assert.deepEqual([object, row, column, value], ['codes.csv', 'line 60002', 'code', 'A-17']);
      assert.equal(error.why, 'not a whole number; the column is int64');
      assert.match(
        error.hint ?? '',
        /int64, which is what a sample of the values says: .* create the table codes yourself first/,
      );
      const file = /rejected rows read so far are in (.*)\.$/.exec(error.hint ?? '')?.[1] ?? '';
      const reject = JSON.parse(await readFile(file, 'utf8')) as Record<string, string>;
      assert.deepEqual([reject['file'], reject['row'], reject['value']], ['codes.csv', 'line 60002', 'A-17']);

      await workspace.execute('CREATE TABLE codes (id BIGINT, code VARCHAR)');
      const { code, err, reports } = await workspace.beamlift(['run']);
      assert.equal(code, 0, err);
      assert.equal(reports[0]?.rows_loaded, 200_000);
      assert.deepEqual(
        await workspace.query('SELECT code, typeof(code) FROM codes WHERE id IN (1, 60000) ORDER BY id'),
        [
          ['1', 'VARCHAR'],
          ['A-17', 'VARCHAR'],
        ],
      );
      await workspace.execute('ALTER TABLE codes ALTER code TYPE INTEGER USING 0');
      const again = await workspace.beamlift(['run']);
      assert.match(
        again.reports[0]?.error?.hint ?? '',
        /Or give column code of codes a type that takes the value/,
      );
    });

    it('rejects that the job allows go to a file, and the exit code says so', async () => {
      await workspace.write('data/a.csv', 'id,name\n1,a\n2,b,c\n3,c\n');
      await workspace.write('beamlift.yaml', job(', rejects: { max: 1 }'));
      const { code, reports } = await workspace.beamlift(['run']);
      assert.equal(code, 3);
      assert.equal(reports[0]?.rows_loaded, 2);
      const [file = ''] = reports[0].reject_files;
      const reject = JSON.parse(await readFile(file, 'utf8')) as { row: string };
      assert.match(reject.row, /line 3/);
    });

    it('an empty source does not empty a table, unless it may', async () => {
      await workspace.write('data/a.csv', 'id\n1\n');
      await workspace.write('beamlift.yaml', job());
      await workspace.beamlift(['run']);
      await workspace.write('data/a.csv', 'id\n');
      const refused = await workspace.beamlift(['run']);
      assert.equal(refused.reports[0]?.error?.code, 'EMPTY_REPLACE', refused.err);
      await workspace.write('beamlift.yaml', job(', allow_empty: true'));
      assert.equal((await workspace.beamlift(['run'])).code, 0);
      assert.deepEqual(await workspace.query('SELECT count(*)::VARCHAR FROM people'), [['0']]);
    });

    it('an interrupted run publishes nothing', async () => {
      await workspace.write('data/a.csv', `id\n${'1\n'.repeat(2_000_000)}`);
      await workspace.write('beamlift.yaml', job());
      const host = workspace.host();
      setTimeout(() => host.interrupt('SIGTERM'), 300);
      const { code, reports } = await workspace.beamlift(['run'], host);
      assert.equal(code, 143);
      assert.equal(reports[0]?.status, 'cancelled');
      assert.equal(await workspace.query('SELECT 1 FROM people').catch(() => undefined), undefined);
      assert.deepEqual(await readdir(workspace.path('.beamlift', 'staging')).catch(() => []), []);
    });

    it('a timeout ends the run with 124', async () => {
      await workspace.write('data/a.csv', `id\n${'1\n'.repeat(2_000_000)}`);
      await workspace.write('beamlift.yaml', job());
      const { code, reports } = await workspace.beamlift(['run', '--timeout', '0.3']);
      assert.deepEqual([code, reports[0]?.status, reports[0]?.error?.code], [124, 'timed_out', 'TIMED_OUT']);
    });
  });
});
