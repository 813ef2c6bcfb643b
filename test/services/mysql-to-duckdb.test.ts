import assert from 'node:assert/strict';
import { Workspace } from '../pipelines/workspace';
import { startMysql, type MysqlServer } from './mysql-server';

describe('MySQL into a warehouse', function () {
  this.timeout(120_000);
  let server: MysqlServer;
  let workspace: Workspace;

  before(async () => {
    server = await startMysql();
    await server.execute("SET GLOBAL sql_mode = ''");
  });
  after(() => server.stop());
  beforeEach(async () => {
    workspace = await Workspace.create();
  });
  afterEach(() => workspace.remove());

  const configuration = (jobs: string): string => `connections:
  shop: { source_type: mysql, host: 127.0.0.1, port: ${server.port}, database: shop, user: loader, password: '\${env:SHOP_PASSWORD}' }
destinations:
  warehouse: { type: duckdb, path: warehouse.duckdb }
defaults: { connection: shop, destination: warehouse, load_type: catalog, create_table: true }
jobs:
${jobs}
`;
  const run = async (...args: string[]) =>
    await workspace.beamlift(['run', ...args], workspace.host({ SHOP_PASSWORD: server.password }));

  it('loads every value exactly, or as a policy says', async () => {
    await server.execute(
      `CREATE TABLE everything (id BIGINT UNSIGNED PRIMARY KEY, flag BIT(1), amount DECIMAL(38,10), huge DECIMAL(65,30), f FLOAT, word TEXT CHARACTER SET latin1,
        raw BLOB, doc JSON, day DATE, at DATETIME(6), zoned TIMESTAMP(6) NULL, clock TIME(6), mood ENUM('sad','ok'), tags SET('a','b'), place POINT, y YEAR)`,
      `INSERT INTO everything VALUES
        (18446744073709551615, 1, -1234567890123456789012345678.0123456789, 1.000000000000000000000000000001, 0.1, 'é€', x'00ff', '{"n": 9007199254740993}', '2024-02-29',
          '9999-12-31 23:59:59.999999', '2024-02-29 15:00:00.000001', '23:59:59.999999', 'ok', 'b,a', POINT(1.5, -2), 2024),
        (0, NULL, NULL, NULL, NULL, '', '', 'null', '0000-00-00', '0000-00-00 00:00:00', NULL, NULL, NULL, '', NULL, NULL)`,
    );
    await workspace.write('beamlift.yaml', configuration('  everything: { source_table_name: everything }'));
    const { code, err, reports } = await run();
    assert.equal(code, 0, err);
    assert.deepEqual(reports[0]?.losses, { day: { zero_date: 1 }, at: { zero_date: 1 } });
    const names = [
      ...['id', 'flag', 'amount', 'huge', 'f', 'word', 'hex(raw)', 'doc', 'day', '"at"', 'zoned', 'clock'],
      ...['mood', 'tags', 'place', 'y'],
    ];
    const texts = names.map((name) => `(${name})::VARCHAR`).join(', ');
    const rows = await workspace.query(
      `SELECT ${texts.replace('(zoned)', "(zoned AT TIME ZONE 'UTC')")} FROM everything ORDER BY id DESC`,
    );
    assert.deepEqual(rows, [
      [
        ...['18446744073709551615', 'true', '-1234567890123456789012345678.0123456789'],
        ...['1.000000000000000000000000000001', '0.1', 'é€', '00FF', '{"n": 9007199254740993}', '2024-02-29'],
        ...['9999-12-31 23:59:59.999999', '2024-02-29 12:00:00.000001', '23:59:59.999999'],
        ...['ok', 'a,b', 'POINT(1.5 -2)', '2024'],
      ],
      ['0', null, null, null, null, '', '', 'null', null, null, null, null, null, '', null, null],
    ]);
  });

  it('loads what is new, once, in several units', async () => {
    await server.execute(
      'CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, created_at TIMESTAMP(6) DEFAULT CURRENT_TIMESTAMP(6))',
      "INSERT INTO orders (created_at) SELECT '2024-01-01' + INTERVAL seq MINUTE FROM seq_1_to_1000",
    );
    await workspace.write(
      'beamlift.yaml',
      configuration(`  orders: { source_table_name: shop.orders, load_type: transactional, timestamp_column: created_at, hold_back: 0s, split: { rows_per_unit: 300 } }
  by_id: { source_table_name: orders, dest_table_name: by_id, load_type: transactional, timestamp_column: id, hold_back: 0s }`),
    );
    const count = async (): Promise<unknown> =>
      await workspace.query(
        'SELECT count(*), count(DISTINCT id) FROM orders UNION ALL SELECT count(*), count(DISTINCT id) FROM by_id',
      );
    const first = await run('orders', 'by_id');
    assert.equal(first.code, 0, first.err);
    assert.deepEqual(await count(), [
      ['1000', '1000'],
      ['1000', '1000'],
    ]);
    await server.execute(
      "INSERT INTO orders (created_at) VALUES ('2024-05-01'), (NOW() - INTERVAL 1 MINUTE)",
    );
    const second = await run('orders', 'by_id');
    assert.equal(second.code, 0, second.err);
    // both lie below the watermark of the time column
    assert.deepEqual(await count(), [
      ['1000', '1000'],
      ['1002', '1002'],
    ]);
    const third = await run('orders', 'by_id');
    assert.equal(third.code, 0, third.err);
    assert.ok(!`${first.err}${first.out}${JSON.stringify(first.reports)}`.includes(server.password));
  });

  it('loads durations where the column is made for them', async () => {
    await server.execute(
      'CREATE TABLE spans (id INT PRIMARY KEY, span TIME(6))',
      "INSERT INTO spans VALUES (1, '-838:59:59'), (2, '100:00:00.5')",
    );
    await workspace.write('beamlift.yaml', configuration('  spans: { source_table_name: spans }'));
    const refused = await run();
    assert.equal(refused.reports[0]?.error?.code, 'REJECTS_EXCEEDED');
    await workspace.execute('CREATE TABLE spans (id INTEGER, span INTERVAL)');
    const { code, err } = await run();
    assert.equal(code, 0, err);
    assert.deepEqual(await workspace.query('SELECT span::VARCHAR FROM spans ORDER BY id'), [
      ['-838:59:59'],
      ['100:00:00.5'],
    ]);
  });
});
