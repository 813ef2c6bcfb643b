import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import * as iconv from 'iconv-lite';
import { localConfiguration, Workspace } from './workspace';

/** Options of a job, the file that it reads, and the rows in the table, as texts. */
interface Case {
  readonly says: string;
  readonly options: string;
  readonly file: string | Uint8Array;
  readonly columns: string;
  readonly rows: (string | null)[][];
}

const CSV_CASES: readonly Case[] = [
  {
    says: 'delimiter, quote and escape',
    options: `{ delimiter: "||", quote: "'", escape: "\\\\" }`,
    file: `id||text\n1||'it\\'s || ''here'''\n2||a\\||b\n`,
    columns: 'id, text',
    rows: [
      ['1', "it's || 'here'"],
      ['2', 'a||b'],
    ],
  },
  {
    says: 'skip_lines, comment_prefix and trim',
    options: `{ skip_lines: 2, comment_prefix: "#", trim: true }`,
    file: 'Sales, "2025\n\nid , text\n# nothing\n 1 , " x "\n',
    columns: 'id, text',
    rows: [['1', ' x ']],
  },
  {
    says: 'several null markers, also in quotes, and records of other lengths',
    options: `{ null_marker: ["", "NULL"], quoted_nulls: true, ragged_rows: pad }`,
    file: 'id,n,t\n1,"",x\n2,NULL\n3,7,"NULL",,\n',
    columns: 'id, n::VARCHAR, t',
    rows: [
      ['1', null, 'x'],
      ['2', null, null],
      ['3', '7', null],
    ],
  },
  {
    says: 'encoding, no header and no quotes',
    options: `{ encoding: windows-1250, has_header: false, quote: "" }`,
    file: iconv.encode('1,"Łódź"\n', 'windows-1250'),
    columns: 'column_1, column_2',
    rows: [['1', '"Łódź"']],
  },
  {
    says: 'a byte order mark before the configured encoding',
    options: `{ encoding: windows-1252, delimiter: ";" }`,
    file: Buffer.from('\ufeffid;text\n1;漢\n', 'utf16le'),
    columns: 'id, text',
    rows: [['1', '漢']],
  },
];

const CARS = readFileSync(path.join(__dirname, '../golden/compression/cars.json.zst'));

describe('text files into a warehouse', function () {
  this.timeout(60_000);
  let workspace: Workspace;
  beforeEach(async () => {
    workspace = await Workspace.create();
  });
  afterEach(async () => {
    await workspace.remove();
  });

  async function load(
    name: string,
    file: string | Uint8Array,
    keys = '',
    job = 't',
  ): Promise<{ code: number; err: string }> {
    await workspace.write(path.join('data', name), file);
    await workspace.write(
      'beamlift.yaml',
      localConfiguration(`  ${job}: { file_pattern: "${name}"${keys} }`),
    );
    return workspace.beamlift(['run']);
  }

  for (const { says, options, file, columns, rows } of CSV_CASES) {
    it(`CSV with ${says}`, async () => {
      const { code, err } = await load('t.csv', file, `, file_format_options: ${options}`);
      assert.equal(code, 0, err);
      assert.deepEqual(await workspace.query(`SELECT ${columns} FROM t ORDER BY 1`), rows);
    });
  }

  it('CSV that is refused at its first record of another length', async () => {
    const { code, err } = await load('t.csv', 'a,b\n1\n', ', file_format_options: { ragged_rows: fail }');
    assert.equal(code, 1);
    assert.match(err, /A record has 1 field where the header has 2/);
    assert.match(err, /line 2/);
    assert.equal(await workspace.query('SELECT * FROM t'), undefined);
  });

  it('JSON under a path, in pages one behind the other', async () => {
    const pages =
      '{"page":1,"data":{"items":[{"id":1,"tags":["x"]}]}}\n{"page":2,"data":{"items":[{"id":2}]}}\n';
    const { code, err } = await load('t.json', pages, ', file_format_options: { records_path: /data/items }');
    assert.equal(code, 0, err);
    assert.deepEqual(await workspace.query('SELECT id FROM t ORDER BY 1'), [['1'], ['2']]);
    const other = await load('t.json', pages, ', file_format_options: { records_path: /data/rows }');
    assert.equal(other.code, 1);
    assert.match(other.err, /no records at \/data\/rows/);
    assert.match(other.err, /The value at \/data has the keys items/);
  });

  it('files of zstd and gzip, by name or not', async () => {
    for (const [name, file, keys] of [
      ['cars.json.zst', CARS, ''],
      ['cars.json', CARS, ''],
      ['cars', CARS, ', file_format: json'],
      ['lines.jsonl.gz', Buffer.concat([gzipSync('{"Name":"a"}\n'), gzipSync('{"Name":"b"}\n')]), ''],
    ] as const) {
      const table = name.replaceAll('.', '_');
      const { code, err } = await load(name, file, keys, table);
      assert.equal(code, 0, `${name}: ${err}`);
      const rows = name.startsWith('lines') ? '2' : '406';
      assert.deepEqual(await workspace.query(`SELECT count("Name")::VARCHAR FROM ${table}`), [[rows]], name);
    }
    const { code, err } = await load('cut.json.zst', CARS.subarray(0, 5000));
    assert.equal(code, 1);
    assert.match(err, /The zstd stream ends too early/);
  });

  it('options that no such file has are told before anything is read, all of them', async () => {
    const { code, err } = await load(
      't.csv',
      'a\n1\n',
      ', file_format_options: { quote: ab, escape: é, records_path: /a }',
    );
    assert.equal(code, 2, err);
    for (const option of ['quote', 'escape', 'records_path']) {
      assert.match(err, new RegExp(`jobs\\.t\\.file_format_options\\.${option}`));
    }
  });
});
