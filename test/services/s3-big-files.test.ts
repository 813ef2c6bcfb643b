import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { Workspace } from '../pipelines/workspace';
import { startS3Server, type S3Server } from './s3-server';

const ROWS = 60_000;

describe('big files of S3', function () {
  this.timeout(120_000);
  let server: S3Server;
  let workspace: Workspace;

  before(async () => {
    server = await startS3Server();
    workspace = await Workspace.create();
  });
  after(async () => {
    await workspace.remove();
    await server.stop();
  });

  it('are read in several units, each row once', async () => {
    const rows = Array.from({ length: ROWS }, (_, id) => ({
      id,
      note: id % 3 === 0 ? `two\nlines, ${id}` : `note ${id} ${'x'.repeat(30)}`,
    }));
    const csv = rows.map(({ id, note }) => `${id},"${note}"\n`);
    await server.write('big/big.csv', `id,note\n${csv.join('')}`);
    await server.write('big/big.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'));
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    await connection.run(`COPY (FROM read_json('${await workspace.write('rows.json', JSON.stringify(rows))}'))
      TO '${workspace.path('big.parquet')}' (FORMAT parquet, ROW_GROUP_SIZE 8192)`);
    connection.closeSync();
    await server.write('big/big.parquet', await readFile(workspace.path('big.parquet')));

    const jobs = ['csv', 'jsonl', 'parquet'].map(
      (format) => `  ${format}: { file_pattern: big.${format}, split: { rows_per_unit: 20000 } }`,
    );
    await workspace.write(
      'beamlift.yaml',
      `connections:
  lake: { source_type: s3, endpoint: '${server.endpoint}', bucket: ${server.bucket}, prefix: big, region: ${server.region}, access_key_id: ${server.accessKeyId}, secret_access_key: '\${env:LAKE_SECRET}' }
destinations: { warehouse: { type: duckdb, path: warehouse.duckdb } }
defaults: { connection: lake, destination: warehouse, load_type: catalog, create_table: true }
jobs:
${jobs.join('\n')}
`,
    );
    const { code, err, reports } = await workspace.beamlift(
      ['run'],
      workspace.host({ LAKE_SECRET: server.secretAccessKey }),
    );
    assert.equal(code, 0, err);
    const length = rows.reduce((sum, { note }) => sum + note.length, 0);
    for (const [index, table] of ['csv', 'jsonl', 'parquet'].entries()) {
      assert.ok((reports[index]?.work_units ?? 0) >= 2, `${table} in ${reports[index]?.work_units} units`);
      assert.deepEqual(
        await workspace.query(
          `SELECT count(*)::VARCHAR, count(DISTINCT id)::VARCHAR, sum(id)::VARCHAR, sum(length(note))::VARCHAR FROM ${table}`,
        ),
        [[ROWS, ROWS, (ROWS * (ROWS - 1)) / 2, length].map(String)],
        table,
      );
    }
  });
});
