import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import type { SourceModule } from '../../core/extractor';
import { quietServices } from '../contract/quiet-services';
import { hasCode } from '../has-code';
import { Workspace, type CommandResult } from '../pipelines/workspace';
import { startCuttingProxy } from './cutting-proxy';

/** An object store, as these tests need it. */
export interface BucketUnderTest {
  readonly module: SourceModule;
  /** Where requests go: a proxy stands in its place. */
  readonly endpoint: string;
  /** Fields of a connection, the folder of the objects among them; its secret is in the environment. */
  connection(endpoint: string, prefix: string): Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
  /** The same in the module's own words, with secrets as they are. */
  resolved(prefix: string): Readonly<Record<string, string>>;
  /** What no output may hold. */
  readonly secrets: readonly string[];
  write(key: string, body: string | Uint8Array, contentEncoding?: string): Promise<void>;
  delete(key: string): Promise<void>;
  /** Names that the store cannot have are left out. */
  readonly oddNames: readonly string[];
}

/** From a bucket to rows in a warehouse, the same for every store. */
export function describeBucketLoads(open: () => BucketUnderTest): void {
  let workspace: Workspace;
  beforeEach(async () => {
    workspace = await Workspace.create();
  });
  afterEach(() => workspace.remove());

  const load = async (
    connection: Readonly<Record<string, string>>,
    jobs: Readonly<Record<string, object>>,
  ): Promise<CommandResult> => {
    const { module, environment, secrets } = open();
    const configuration = {
      connections: { lake: { source_type: module.type, ...connection } },
      destinations: { warehouse: { type: 'duckdb', path: 'warehouse.duckdb' } },
      defaults: {
        connection: 'lake',
        destination: 'warehouse',
        load_type: 'catalog',
        create_table: true,
      },
      jobs,
    };
    await workspace.write('beamlift.yaml', JSON.stringify(configuration));
    const result = await workspace.beamlift(['run'], workspace.host(environment));
    const shown = `${result.out}${result.err}${JSON.stringify(result.reports)}`;
    for (const secret of secrets) assert.ok(!shown.includes(secret), 'a secret was shown');
    return result;
  };
  const loaded = async (prefix: string, jobs: Readonly<Record<string, object>>): Promise<CommandResult> => {
    const bucket = open();
    const result = await load(bucket.connection(bucket.endpoint, prefix), jobs);
    assert.equal(result.code, 0, result.err);
    return result;
  };

  it('loads CSV, JSON lines and Parquet, also compressed', async () => {
    const bucket = open();
    await inMemory(
      `COPY (SELECT n AS id, 'note ' || n AS note, n / 4 AS amount FROM range(5000) t(n)) TO '${workspace.path('x.parquet')}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
    );
    const lines = Array.from({ length: 5000 }, (_, n) => ({ id: n, note: `note ${n}`, amount: n / 4 }));
    const csv = ['id,note,amount', ...lines.map(({ id, note, amount }) => `${id},${note},${amount}`)].join(
      '\r\n',
    );
    const jsonl = lines.map((line) => JSON.stringify(line)).join('\n');
    await bucket.write('formats/x.csv', csv);
    await bucket.write('formats/x.jsonl', jsonl);
    await bucket.write('formats/x.parquet', await readFile(workspace.path('x.parquet')));
    await bucket.write('formats/packed.csv.gz', gzipSync(csv));
    await bucket.write('formats/packed.jsonl.gz', gzipSync(jsonl));
    // Services unpack these for whoever asks in the usual way: then neither length nor ranges hold.
    await bucket.write('formats/stored-packed.csv', gzipSync(csv), 'gzip');
    const files = ['x.csv', 'x.jsonl', 'x.parquet', 'packed.csv.gz', 'packed.jsonl.gz', 'stored-packed.csv'];
    await loaded(
      'formats',
      Object.fromEntries(
        files.map((file, index) => [`j${index}`, { file_pattern: file, dest_table_name: `t${index}` }]),
      ),
    );
    for (const [index, file] of files.entries()) {
      const sums =
        'count(*), count(DISTINCT id), sum(id)::BIGINT, sum(amount)::DOUBLE::VARCHAR, min(note), max(note)';
      assert.deepEqual(
        await workspace.query(`SELECT ${sums} FROM t${index}`),
        [['5000', '5000', '12497500', '3124375.0', 'note 0', 'note 999']],
        file,
      );
    }
  });

  it('reads names of any characters', async () => {
    const bucket = open();
    for (const [index, name] of bucket.oddNames.entries())
      await bucket.write(`odd/${name}`, `id\n${index}\n`);
    await bucket.write('odd-2/other.csv', 'id\n99\n');
    const { reports } = await loaded('odd', {
      odd: { file_pattern: '**/*.csv', dest_table_name: 'odd' },
    });
    assert.deepEqual(
      await workspace.query('SELECT id FROM odd ORDER BY id'),
      bucket.oddNames.map((_, index) => [String(index)]),
    );
    assert.match(reports[0]?.notices.join(' ') ?? '', new RegExp(`${bucket.oddNames.length} files match`));
  });

  it('reads all pages of a listing', async () => {
    const bucket = open();
    const keys = Array.from({ length: 1203 }, (_, index) => index);
    for (let start = 0; start < keys.length; start += 50) {
      await Promise.all(
        keys.slice(start, start + 50).map((key) => bucket.write(`many/part-${key}.csv`, `id\n${key}\n`)),
      );
    }
    const found = await bucket.module.discover(
      bucket.resolved('many'),
      quietServices('/'),
      'part-*.csv',
      new AbortController().signal,
    );
    assert.deepEqual(found.map(({ name }) => name).sort(), keys.map((key) => `part-${key}.csv`).sort());
  });

  it('goes on where connections break, and loads every row once', async () => {
    const bucket = open();
    const rows = Array.from({ length: 200_000 }, (_, n) => `${n},some text that takes its place ${n}`);
    await bucket.write('big/big.csv', `id,note\n${rows.join('\n')}\n`);
    const proxy = await startCuttingProxy(bucket.endpoint);
    try {
      proxy.cuts = [700_000, 1_500_000, 300_000];
      const { pathname } = new URL(bucket.endpoint);
      const address = `http://127.0.0.1:${proxy.port}${pathname === '/' ? '' : pathname}`;
      const { code, err } = await load(bucket.connection(address, 'big'), {
        big: { file_pattern: 'big.csv', dest_table_name: 'big' },
      });
      assert.equal(code, 0, err);
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
    const bucket = open();
    const job = { file_pattern: '*.csv', load_type: 'transactional', dest_table_name: 'daily' };
    await bucket.write('daily/1.csv', 'id\n1\n');
    await loaded('daily', { daily: job });
    await bucket.write('daily/2.csv', 'id\n2\n');
    await loaded('daily', { daily: job });
    await loaded('daily', { daily: job });
    await bucket.write('daily/1.csv', 'id\n3\n');
    await loaded('daily', { daily: job });
    assert.deepEqual(await workspace.query('SELECT id FROM daily ORDER BY id'), [['1'], ['2'], ['3']]);
  });

  for (const [how, change] of [
    ['replaced', (bucket: BucketUnderTest) => bucket.write('change/a.csv', 'id\n9\n9\n')],
    ['deleted', (bucket: BucketUnderTest) => bucket.delete('change/a.csv')],
  ] as const) {
    it(`does not read an object that was ${how} after it was listed`, async () => {
      const bucket = open();
      const signal = new AbortController().signal;
      await bucket.write('change/a.csv', 'id\n1\n2\n');
      const { module } = bucket;
      const extractor = await module.open(
        {
          type: module.type,
          connectionName: 'lake',
          connection: bucket.resolved('change'),
          object: { kind: 'files', pattern: '*.csv', format: 'csv', options: {} },
          maxConnections: 2,
        },
        quietServices('/'),
      );
      try {
        const [file] = (await extractor.files(signal)) ?? [];
        assert.ok(file !== undefined);
        await change(bucket);
        const unit = { ...file, id: 'u', kind: 'file' } as const;
        const request = { unit, window: null, columns: ['id'], limit: null, pin: undefined };
        await assert.rejects(async () => {
          for await (const { rows } of extractor.read(request, signal).batches) assert.deepEqual(rows, []);
        }, hasCode('SOURCE_CHANGED'));
      } finally {
        await extractor.close();
      }
    });
  }
}

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
