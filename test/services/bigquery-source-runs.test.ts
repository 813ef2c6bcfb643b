import assert from 'node:assert/strict';
import { Workspace } from '../pipelines/workspace';
import { connectionTo } from './bigquery-opened';
import { startBigQueryServer, type BigQueryServer } from './bigquery-server';
import { startGcsServer, type GcsServer } from './gcs-server';

describe('BigQuery into a warehouse', function () {
  this.timeout(120_000);
  let gcs: GcsServer;
  let server: BigQueryServer;
  let workspace: Workspace;

  before(async () => {
    gcs = await startGcsServer();
    server = await startBigQueryServer({ storage: gcs.endpoint, streamRows: 400 });
    await server.createDataset('scratch');
  });
  after(async () => {
    await server.stop();
    await gcs.stop();
  });
  beforeEach(async () => {
    workspace = await Workspace.create();
  });
  afterEach(() => workspace.remove());

  const configure = async (
    jobs: Record<string, unknown>,
    connection: Record<string, unknown> = {},
    destination: Record<string, unknown> = { type: 'duckdb', path: 'warehouse.duckdb' },
  ): Promise<void> => {
    const configuration = {
      connections: { analytics: { source_type: 'bigquery', ...connectionTo(server), ...connection } },
      destinations: { warehouse: destination },
      defaults: { connection: 'analytics', load_type: 'catalog', create_table: true, hold_back: 0 },
      jobs,
    };
    await workspace.write('beamlift.yaml', JSON.stringify(configuration));
  };
  const run = async (...args: string[]) => {
    const result = await workspace.beamlift(['run', ...args]);
    assert.equal(result.code, 0, result.err);
    return result;
  };
  const orders = async (table: string): Promise<void> => {
    await server.query(
      `CREATE TABLE ${table} (id INT64 NOT NULL, created_at TIMESTAMP, day DATE, total NUMERIC)`,
    );
    await server.query(
      `INSERT INTO ${table} SELECT n, TIMESTAMP_ADD(TIMESTAMP '2024-01-01 00:00:00+00', INTERVAL n MINUTE),
         DATE_ADD(DATE '2024-01-01', INTERVAL DIV(n, 100) DAY), CAST(n AS NUMERIC) / 8 FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS n`,
    );
  };

  it('loads what is new, once, in several streams', async () => {
    await orders('orders');
    const incremental = { source_table_name: 'orders', load_type: 'transactional' };
    await configure({
      by_time: { ...incremental, dest_table_name: 'by_time', timestamp_column: 'created_at' },
      by_id: { ...incremental, dest_table_name: 'by_id', timestamp_column: 'id' },
      by_day: { ...incremental, dest_table_name: 'by_day', timestamp_column: 'day' },
    });
    const counts = async (): Promise<unknown> =>
      await workspace.query(
        ['by_time', 'by_id', 'by_day']
          .map((table) => `SELECT count(*), count(DISTINCT id), sum(total)::VARCHAR FROM ${table}`)
          .join(' UNION ALL '),
      );
    const first = await run('by_time', 'by_id', 'by_day');
    assert.equal(first.reports[0]?.work_units, 3);
    const all = ['1000', '1000', '62562.500000000'];
    assert.deepEqual(await counts(), [all, all, all]);
    await server.query(
      "INSERT INTO orders VALUES (1001, TIMESTAMP '2024-01-01 16:40:00+00', DATE '2024-01-11', 1), (1002, TIMESTAMP '2024-03-01 00:00:00+00', DATE '2024-03-01', 2), (1003, TIMESTAMP '2999-01-01 00:00:00+00', DATE '2999-01-01', 3)",
    );
    await run('by_time', 'by_id', 'by_day');
    // One at the watermark itself, one behind it, and one of the future, which only the id takes.
    assert.deepEqual(await counts(), [
      ['1001', '1001', '62564.500000000'],
      ['1003', '1003', '62568.500000000'],
      ['1001', '1001', '62564.500000000'],
    ]);
    const third = await run('by_time', 'by_id', 'by_day');
    assert.deepEqual(
      third.reports.map((report) => report.rows_loaded),
      [0, 0, 0],
    );
  });

  it('loads a query and a view, each run once, and leaves nothing behind', async () => {
    await orders('sales');
    await server.query('CREATE VIEW big_sales AS SELECT id, total FROM sales WHERE total > 100');
    await configure(
      {
        per_day: {
          query:
            'WITH s AS (SELECT * FROM warehouse.sales) SELECT day, COUNT(*) AS n, SUM(total) AS total FROM s GROUP BY day -- by day\n;',
          dest_table_name: 'per_day',
        },
        big_sales: { source_table_name: 'warehouse.big_sales' },
      },
      { temporary_dataset: 'scratch' },
    );
    const { reports } = await run('per_day', 'big_sales');
    assert.match(
      JSON.stringify(reports),
      /is run as a query, once, when the run begins, and billed to test-project/,
    );
    assert.deepEqual(
      await workspace.query('SELECT count(*), sum(n)::VARCHAR, sum(total)::VARCHAR FROM per_day'),
      [['11', '1000', '62562.500000000']],
    );
    assert.deepEqual(await workspace.query('SELECT count(*), min(id) FROM big_sales'), [['200', '801']]);
    assert.deepEqual(await server.tables('scratch'), []);
  });

  it('goes from BigQuery to BigQuery, nested values and all', async () => {
    await server.query(
      `CREATE TABLE nested AS SELECT n AS id, [STRUCT('a' AS name, [1, n] AS parts), STRUCT('b', [])] AS items,
         STRUCT(CAST(n AS BIGNUMERIC) / 4 AS share, JSON '{"k": [1, null]}' AS doc) AS more, b'\\x00\\xff' AS raw FROM UNNEST(GENERATE_ARRAY(1, 900)) AS n`,
    );
    await configure(
      { copy: { source_table_name: 'nested', dest_table_name: 'copy_of_nested' } },
      {},
      {
        type: 'bigquery',
        project: server.project,
        dataset: server.dataset,
        staging: `gs://${gcs.bucket}/staging-copy`,
        credentials: 'anonymous',
        endpoint: server.endpoint,
        staging_endpoint: gcs.endpoint,
      },
    );
    await run('copy');
    const text = (table: string): string =>
      `SELECT TO_JSON_STRING(t) AS j FROM (SELECT id, items, more.share, TO_JSON_STRING(more.doc) AS doc, raw FROM ${table} ORDER BY id) AS t`;
    assert.deepEqual(await server.query(text('copy_of_nested')), await server.query(text('nested')));
  });

  it('previews and plans without a run', async () => {
    await orders('looked_at');
    await configure(
      {
        table: { source_table_name: 'looked_at', dest_table_name: 'looked_at' },
        query: { query: 'SELECT id FROM looked_at WHERE id > 990', dest_table_name: 'q' },
      },
      { temporary_dataset: 'scratch' },
    );
    const preview = await workspace.beamlift(['preview', 'query', '--limit', '3']);
    assert.equal(preview.code, 0, preview.err);
    assert.match(preview.out, /99\d/);
    const plan = await workspace.beamlift(['plan', 'table', 'query']);
    assert.equal(plan.code, 0, plan.err);
    assert.match(plan.out, /streams of the Storage Read API/);
    assert.match(plan.out, /the result is cut when the run has it/);
    assert.deepEqual(await server.tables('scratch'), []);
  });

  it('checks and discovers', async () => {
    await server.query('CREATE TABLE found (id INT64)');
    await configure({ found: { source_table_name: 'found' } });
    const check = await workspace.beamlift(['check', 'analytics', '--json']);
    assert.equal(check.code, 0, check.err);
    assert.match(check.out, /billed to test-project/);
    assert.match(check.out, /the Storage Read API opens test-project\.warehouse\./);
    const discovered = await workspace.beamlift(['discover', 'analytics', 'warehouse.fou*']);
    assert.match(discovered.out, /warehouse\.found/);
  });
});
