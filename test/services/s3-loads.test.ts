import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import type { CommandResult } from '../pipelines/workspace';
import { Workspace } from '../pipelines/workspace';
import { startCuttingProxy } from './cutting-proxy';
import { startS3Server, type S3Server } from './s3-server';

describe('S3 into a warehouse', function () {
  this.timeout(120_000);
  let server: S3Server;
  let workspace: Workspace;

  before(async () => {
    server = await startS3Server();
  });
  after(() => server.stop());
  beforeEach(async () => {
    workspace = await Workspace.create();
  });
  afterEach(() => workspace.remove());

  const run = async (connection: string, jobs: string): Promise<CommandResult> => {
    await workspace.write(
      'beamlift.yaml',
      `connections:
  lake: { source_type: s3, region: ${server.region}, access_key_id: ${server.accessKeyId}, secret_access_key: '\${env:LAKE_SECRET}', ${connection} }
destinations: { warehouse: { type: duckdb, path: warehouse.duckdb } }
defaults: { connection: lake, destination: warehouse, load_type: catalog, create_table: true }
jobs:
${jobs}
`,
    );
    return await workspace.beamlift(['run'], workspace.host({ LAKE_SECRET: server.secretAccessKey }));
  };
  const ok = async (connection: string, jobs: string): Promise<CommandResult> => {
    const result = await run(connection, jobs);
    assert.equal(result.code, 0, result.err);
    return result;
  };

  it('loads CSV, JSON lines and Parquet', async () => {
    await inMemory(
      `COPY (SELECT n AS id, 'note ' || n AS note, n / 4 AS amount FROM range(5000) t(n)) TO '${workspace.path('x.parquet')}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
    );
    const lines = Array.from({ length: 5000 }, (_, n) => ({ id: n, note: `note ${n}`, amount: n / 4 }));
    await server.write('formats/x.parquet', await readFile(workspace.path('x.parquet')));
    await server.write('formats/x.jsonl', lines.map((line) => JSON.stringify(line)).join('\n'));
    const csv = ['id,note,amount', ...lines.map(({ id, note, amount }) => `${id},${note},${amount}`)];
    await server.write('formats/x.csv.gz', gzipSync(csv.join('\r\n')));
    await ok(
      `endpoint: '${server.endpoint}', bucket: lake, prefix: formats`,
      [
        'csv: { file_pattern: "*.csv.gz"',
        'jsonl: { file_pattern: x.jsonl',
        'parquet: { file_pattern: "?.parquet"',
      ]
        .map((job, index) => `  ${job}, dest_table_name: t${index} }`)
        .join('\n'),
    );
    for (const table of ['t0', 't1', 't2']) {
      assert.deepEqual(
        await workspace.query(
          `SELECT count(*), count(DISTINCT id), sum(id)::BIGINT, sum(amount)::DOUBLE::VARCHAR, min(note), max(note) FROM ${table}`,
        ),
        [['5000', '5000', '12497500', '3124375.0', 'note 0', 'note 999']],
        table,
      );
    }
  });

  it('reads names of any characters, in the words of other tools', async () => {
    const names = [
      'a b.csv',
      'c+d%20e#f?.csv',
      'ü/📦 &=.csv',
      'quote\'"<>.csv',
      '~!$()*,;:@.csv',
      'x\\y.csv',
    ];
    for (const [index, name] of names.entries()) await server.write(`odd/${name}`, `id\n${index}\n`);
    await server.write('odd/folder/', '');
    await server.write('odd/.hidden.csv', 'id\n99\n');
    await server.write('odd-2/other.csv', 'id\n99\n');
    await workspace.write(
      'beamlift.yaml',
      `destinations: { warehouse: { type: duckdb, path: warehouse.duckdb } }
jobs:
  odd:
    source_type: s3
    connection_params: { bucket_path: "s3://lake/odd", aws_access_key_id: ${server.accessKeyId}, aws_secret_access_key: "\${env:LAKE_SECRET}", aws_region: ${server.region}, endpoint: "${server.endpoint}" }
    file_pattern: "**"
    file_format: csv
    load_type: replace
    create_table: true
    dest_table_name: odd
`,
    );
    const { code, err, reports } = await workspace.beamlift(
      ['run'],
      workspace.host({ LAKE_SECRET: server.secretAccessKey }),
    );
    assert.equal(code, 0, err);
    assert.deepEqual(await workspace.query('SELECT id FROM odd ORDER BY id'), [
      ...names.map((_, index) => [String(index)]),
    ]);
    assert.match(reports[0]?.notices.join(' ') ?? '', /6 files match/);
  });

  it('reads all pages of a listing', async () => {
    const keys = Array.from({ length: 1203 }, (_, index) => index);
    for (let start = 0; start < keys.length; start += 50) {
      await Promise.all(
        keys.slice(start, start + 50).map((key) => server.write(`many/part-${key}.csv`, `id\n${key}\n`)),
      );
    }
    await ok(
      `endpoint: '${server.endpoint}', bucket: lake/many`,
      '  many: { file_pattern: "part-*.csv", dest_table_name: many }',
    );
    assert.deepEqual(await workspace.query('SELECT count(*), count(DISTINCT id), max(id::INT) FROM many'), [
      ['1203', '1203', '1202'],
    ]);
  });

  it('goes on where connections break, and loads every row once', async () => {
    const rows = Array.from({ length: 200_000 }, (_, n) => `${n},some text that takes its place ${n}`);
    await server.write('big/big.csv', `id,note\n${rows.join('\n')}\n`);
    const proxy = await startCuttingProxy(server.endpoint);
    try {
      proxy.cuts = [700_000, 1_500_000, 300_000];
      await ok(
        `endpoint: 'http://127.0.0.1:${proxy.port}', bucket: lake, prefix: big`,
        '  big: { file_pattern: big.csv, dest_table_name: big }',
      );
      assert.equal(proxy.broken(), 3);
    } finally {
      await proxy.stop();
    }
    assert.deepEqual(
      await workspace.query('SELECT count(*), count(DISTINCT id), sum(id::INT)::BIGINT FROM big'),
      [['200000', '200000', '19999900000']],
    );
  });

  it('appends only files that are new or changed', async () => {
    const load = async (): Promise<void> => {
      await ok(
        `endpoint: '${server.endpoint}', bucket: lake, prefix: daily`,
        '  daily: { file_pattern: "*.csv", load_type: transactional, dest_table_name: daily }',
      );
    };
    const ids = async (): Promise<unknown> => await workspace.query('SELECT id FROM daily ORDER BY id');
    await server.write('daily/1.csv', 'id\n1\n');
    await load();
    await server.write('daily/2.csv', 'id\n2\n');
    await load();
    await load();
    assert.deepEqual(await ids(), [['1'], ['2']]);
  });
});

/** A statement of DuckDB without a file. */
async function inMemory(sql: string): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    await connection.run(sql);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
