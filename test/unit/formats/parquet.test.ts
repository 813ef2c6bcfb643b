import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { BeamliftError } from '../../../core/errors';
import { formatType } from '../../../core/format-type';
import { PARQUET_DECODERS, type ParquetDecoderChoice } from '../../../core/plan';
import type { Column } from '../../../core/schema';
import { parquetReader } from '../../../extractors/formats/parquet';
import { ParquetBatchSize } from '../../../extractors/formats/parquet-batch-size';
import { readParquetFooter } from '../../../extractors/formats/parquet-footer';
import { goldenCell, memoryFile, readEverything } from './parquet-files';

const GOLDEN = path.join(__dirname, '../../golden/parquet');
const signal = new AbortController().signal;

interface Golden {
  sql: string[];
  columns: Record<string, string>;
  rows: unknown[][];
}

const testsOf = (parquet_decoder: ParquetDecoderChoice) => (): void => {
  const reader = parquetReader({ parquet_decoder });
  let folder: string;
  let connection: DuckDBConnection;

  before(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'parquet-'));
    const instance = await DuckDBInstance.create(':memory:');
    connection = await instance.connect();
    await connection.run("SET TimeZone = 'UTC'");
  });
  after(async () => {
    connection.closeSync();
    await fs.rm(folder, { recursive: true });
  });

  async function copy(sql: string, options: string): Promise<Buffer> {
    const file = path.join(folder, 'copy.parquet');
    await connection.run(`COPY (${sql}) TO '${file}' (FORMAT parquet, ${options})`);
    return fs.readFile(file);
  }

  async function golden(name: string): Promise<Golden> {
    return JSON.parse(await fs.readFile(path.join(GOLDEN, `${name}.json`), 'utf8')) as Golden;
  }

  function assertGolden(expected: Golden, actual: Awaited<ReturnType<typeof readEverything>>): void {
    const types = actual.columns.map(({ name, type }) => [name, formatType(type)]);
    assert.deepEqual(types, Object.entries(expected.columns));
    const rows = actual.rows.map((row) => row.map(goldenCell));
    assert.deepEqual(rows, expected.rows);
    assert.deepEqual(actual.rejects, []);
  }

  it('reads the golden file of every type', async () => {
    const content = await fs.readFile(path.join(GOLDEN, 'duckdb-types.parquet'));
    const file = memoryFile(content);
    const all = await readEverything(reader, file);
    assertGolden(await golden('duckdb-types'), all);
    assert.equal(all.bytes, content.length, 'progress adds up to the file');
    assert.deepEqual(all.names, ['row 1', 'row 2', 'row 3', 'row 4']);
  });

  for (const codec of ['uncompressed', 'snappy', 'gzip', 'zstd', 'lz4_raw', 'brotli']) {
    it(`reads every type with ${codec}`, async () => {
      const expected = await golden('duckdb-types');
      const content = await copy(expected.sql.join('\n'), `COMPRESSION ${codec}`);
      assertGolden(expected, await readEverything(reader, memoryFile(content)));
    });
  }

  it('reads the encodings of version 2, and names the column that breaks their rules', async () => {
    const expected = await golden('duckdb-types');
    const content = await copy(expected.sql.join('\n'), 'PARQUET_VERSION V2');
    const file = memoryFile(content);
    const { columns } = await reader.describe(file, signal);
    // DuckDB writes deltas of 33 bits for 32-bit columns that span their whole range.
    const readable = columns.filter(({ name }) => name !== 'i32' && name !== 'u32');
    const all = await readEverything(reader, file, readable);
    const positions = readable.map((column) => columns.indexOf(column));
    assert.deepEqual(
      all.rows.map((row) => row.map(goldenCell)),
      expected.rows.map((row) => positions.map((position) => row[position])),
    );
    await assert.rejects(readEverything(reader, file, columns), (error: unknown) => {
      assert.ok(error instanceof BeamliftError);
      assert.equal(error.code, 'FORMAT_INVALID');
      assert.deepEqual(error.where, { object: 'test.parquet', row: 'row group 1', column: 'i32' });
      return true;
    });
  });

  it('reads many row groups, pages and nulls in order', async () => {
    const sql = `SELECT i AS id, CASE WHEN i % 7 = 0 THEN NULL ELSE 'text ' || i END AS t,
      CASE WHEN i % 3 = 0 THEN NULL ELSE [i, NULL, -i] END AS l, i::decimal(30, 3) AS d FROM range(20000) t(i)`;
    const file = memoryFile(await copy(sql, 'ROW_GROUP_SIZE 6144'));
    const description = await reader.describe(file, signal);
    assert.deepEqual(description.rows, { count: 20000, quality: 'exact' });
    const all = await readEverything(reader, file);
    assert.equal(all.rows.length, 20000);
    assert.ok(all.batches > 4, 'a batch is a part of a row group');
    all.rows.forEach((row, index) => {
      const id = BigInt(index);
      assert.deepEqual(row, [
        id,
        index % 7 === 0 ? null : `text ${index}`,
        index % 3 === 0 ? null : [id, null, -id],
        `${index}.000`,
      ]);
    });
    assert.equal(all.names[19999], 'row 20000');
    assert.equal(all.bytes, file.bytes);
  });

  it('reads only the bytes of the columns that are asked for, in their order', async () => {
    const sql = `SELECT i AS id, repeat(md5(i::varchar), 20) AS wide, i * 2 AS twice FROM range(3000) t(i)`;
    const file = memoryFile(await copy(sql, 'COMPRESSION uncompressed'));
    const { columns } = await reader.describe(file, signal);
    const [id, , twice] = columns;
    assert.ok(id !== undefined && twice !== undefined && file.bytes > 1_000_000);
    file.reads.length = 0;
    const all = await readEverything(reader, file, [twice, id]);
    assert.deepEqual(all.rows[2999], [5998n, 2999n]);
    const bytes = file.reads.reduce((sum, [start, end]) => sum + end - start, 0);
    assert.ok(bytes < 250_000, `${bytes} bytes were read`);
  });

  it('gives nulls for a column that the file lacks, and rows even without any column', async () => {
    const file = memoryFile(await copy('SELECT i AS id FROM range(5000) t(i)', 'ROW_GROUP_SIZE 2048'));
    const lacking: Column = { name: 'other', type: { kind: 'string' }, nullable: true };
    const { columns } = await reader.describe(file, signal);
    const both = await readEverything(reader, file, [lacking, ...columns]);
    assert.deepEqual(both.rows[4999], [null, 4999n]);
    const none = await readEverything(reader, file, [lacking]);
    assert.equal(none.rows.length, 5000);
    assert.deepEqual(none.rows[4999], [null]);
    assert.equal(none.names[4999], 'row 5000');
    assert.equal((await readEverything(reader, file, [])).rows.length, 5000);
  });

  it('reads a file without rows', async () => {
    const file = memoryFile(await copy('SELECT 1 AS id WHERE false', 'COMPRESSION snappy'));
    const all = await readEverything(reader, file);
    assert.deepEqual(all.rows, []);
    assert.deepEqual(
      all.columns.map(({ name }) => name),
      ['id'],
    );
  });

  it('keeps batches small where rows are large', async () => {
    const sql = `SELECT i AS id, repeat('x', 100000) AS t FROM range(300) t(i)`;
    const all = await readEverything(reader, memoryFile(await copy(sql, 'COMPRESSION zstd')));
    assert.ok(all.batches >= 100, `${all.batches} batches`);
    assert.deepEqual(
      all.names,
      all.rows.map((_, row) => `row ${row + 1}`),
    );
    assert.ok(all.rows.every((row) => typeof row[1] === 'string' && row[1].length === 100000));
  });

  it('knows from the footer how large rows are, or that it does not know', async () => {
    const chunk = async (sql: string): Promise<{ hidden: boolean; decodedBytes: number } | undefined> => {
      const footer = await readParquetFooter(memoryFile(await copy(sql, 'COMPRESSION zstd')), signal);
      return footer.rowGroups[0]?.chunks[0];
    };
    const distinct = await chunk(`SELECT repeat(i || ' ', 5000) AS t FROM range(300) t(i)`);
    assert.ok(distinct?.hidden === false && distinct.decodedBytes > 300 * 10_000);
    const same = await chunk(`SELECT repeat('x', 100000) AS t FROM range(300) t(i)`);
    assert.ok(same?.hidden === true && same.decodedBytes < 300 * 1000);
    const numbers = await chunk('SELECT 7::bigint AS n FROM range(300) t(i)');
    assert.ok(numbers?.hidden === false && numbers.decodedBytes >= 300 * 8);
    const lists = await chunk('SELECT [i % 2 FOR i IN range(1000)] AS l FROM range(300) t(i)');
    assert.ok(lists?.hidden === false && lists.decodedBytes >= 300 * 1000 * 8);
  });

  it('decodes fewer rows at once when they turn out large, and reads no byte twice', async () => {
    const size = new ParquetBatchSize(10, false);
    assert.deepEqual([size.rows, size.probeRows], [8192, undefined]);
    assert.equal(size.isTooLarge(8192, 1_000_000), false);
    assert.equal(size.isTooLarge(8192, 8192 * 100_000), true);
    assert.equal(size.rows, 10);
    assert.equal(new ParquetBatchSize(10, true).probeRows, 64);
    assert.equal(new ParquetBatchSize(100_000, true).probeRows, undefined);
    assert.equal(new ParquetBatchSize(1e12, false).rows, 1);

    const sql = `SELECT i AS id, CASE WHEN i BETWEEN 3000 AND 3400 THEN repeat(i || ' ', 6000) ELSE 'word' || i % 3 END AS t FROM range(9000) t(i)`;
    const file = memoryFile(await copy(sql, 'COMPRESSION zstd'));
    const { columns } = await reader.describe(file, signal);
    file.reads.length = 0;
    const all = await readEverything(reader, file, columns);
    assert.equal(all.rows.length, 9000);
    all.rows.forEach(([id, text], index) => {
      assert.equal(id, BigInt(index));
      assert.equal(text, index >= 3000 && index <= 3400 ? `${index} `.repeat(6000) : `word${index % 3}`);
    });
    const places = file.reads.map(([start, end]) => `${start}-${end}`);
    assert.deepEqual(places, [...new Set(places)]);
  });

  it('reads what a second writer wrote', async () => {
    const content = parquetWriteBuffer({
      columnData: [
        { name: 'id', data: [1n, 2n, 9007199254740993n], type: 'INT64' },
        { name: 'half', data: [1.5, -0, 65504], type: 'FLOAT16' },
        { name: 'word', data: ['a', null, 'ż'], type: 'STRING' },
        { name: 'doc', data: [{ a: 1 }, [1], null], type: 'JSON' },
        { name: 'at', data: [new Date(0), null, new Date(1)], type: 'TIMESTAMP' },
        { name: 'uuid', data: ['00000000-0000-0000-0000-000000000001', null, null], type: 'UUID' },
        { name: 'flag', data: [true, null, false], type: 'BOOLEAN' },
      ],
    });
    const all = await readEverything(reader, memoryFile(new Uint8Array(content)));
    assert.deepEqual(
      all.columns.map(({ type }) => formatType(type)),
      ['int64', 'float32', 'string', 'json', 'timestamp(ms)', 'uuid', 'bool'],
    );
    assert.deepEqual(all.rows, [
      [1n, 1.5, 'a', '{"a":1}', 0n, '00000000-0000-0000-0000-000000000001', true],
      [2n, -0, null, '[1]', null, null, null],
      [9007199254740993n, 65504, 'ż', null, 1n, null, false],
    ]);
  });

  it('widens to the type that files share, and refuses what is not exact', async () => {
    const file = memoryFile(
      await copy("SELECT 7::integer AS n, DATE '1970-01-02' AS d", 'COMPRESSION snappy'),
      'b.parquet',
    );
    const shared: Column[] = [
      { name: 'n', type: { kind: 'decimal', precision: 21, scale: 2 }, nullable: true },
      { name: 'd', type: { kind: 'datetime', unit: 'us' }, nullable: true },
    ];
    assert.deepEqual((await readEverything(reader, file, shared)).rows, [['7', 86_400_000_000n]]);
    const other: Column[] = [{ name: 'n', type: { kind: 'int', bits: 16 }, nullable: true }];
    await assert.rejects(readEverything(reader, file, other), (error: unknown) => {
      assert.ok(error instanceof BeamliftError);
      assert.equal(error.code, 'FORMAT_INVALID');
      assert.equal(error.what, 'The column is int32 in this file and int16 in the others.');
      assert.deepEqual(error.where, { object: 'b.parquet', column: 'n' });
      return true;
    });
  });

  it('rejects the row whose value the shared type does not hold, and only that', async () => {
    const sql = 'SELECT unnest([1, 9007199254740993, 3]) AS n';
    const file = memoryFile(await copy(sql, 'COMPRESSION snappy'));
    const shared: Column[] = [{ name: 'n', type: { kind: 'float', bits: 64 }, nullable: true }];
    const all = await readEverything(reader, file, shared);
    assert.deepEqual(all.rows, [[1], [3]]);
    assert.deepEqual(all.names, ['row 1', 'row 3']);
    assert.deepEqual(all.rejects, [
      {
        row: 'row 2',
        column: 'n',
        value: '9007199254740993',
        reason: 'not exact in the type that the files share',
      },
    ]);
  });

  it('stops at once when it is aborted, and when the reader is left early', async () => {
    const file = memoryFile(await copy('SELECT i AS id FROM range(100000) t(i)', 'COMPRESSION snappy'));
    const { columns } = await reader.describe(file, signal);
    const controller = new AbortController();
    const reason = new BeamliftError('CANCELLED', { what: 'Stopped.' });
    await assert.rejects(async () => {
      for await (const batch of reader.read(file, columns, controller.signal)) {
        assert.ok(batch.rows.length > 0);
        controller.abort(reason);
      }
    }, reason);
    await assert.rejects(readEverything(reader, file, columns, AbortSignal.abort(reason)), reason);
    for await (const batch of reader.read(file, columns, signal)) {
      assert.ok(batch.rows.length > 0);
      break;
    }
  });
};

for (const choice of PARQUET_DECODERS) describe(`Parquet, decoded with ${choice}`, testsOf(choice));
