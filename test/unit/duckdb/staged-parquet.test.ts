import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import fc from 'fast-check';
import { parquetReadObjects } from 'hyparquet';
import type { Cell, Row } from '../../../core/cells';
import type { PlacedBlock, StagingFormat } from '../../../core/encoding';
import type { ColumnType, TableSchema } from '../../../core/schema';
import { DUCKDB_NDJSON, DUCKDB_RULES } from '../../../loaders/duckdb/rules';
import { selectStaged } from '../../../loaders/duckdb/staged-columns';
import { warehouseTypeOf } from '../../../loaders/duckdb/types';
import { openRowBlocks } from '../../../pipelines/row-blocks';
import { anyTable, type AnyTable } from './arbitrary-rows';

/** A file of these rows, with a block after every so many of them. */
function fileOf(
  format: StagingFormat,
  schema: TableSchema,
  rows: readonly Row[],
  rowsPerBlock: number,
): Buffer {
  const blocks = openRowBlocks(format, schema, { rules: DUCKDB_RULES, ndjson: DUCKDB_NDJSON });
  const pieces = [Buffer.from(blocks.header)];
  const placed: PlacedBlock[] = [];
  let start = blocks.header.length;
  const take = (): void => {
    const block = blocks.take();
    if (block === undefined) return;
    pieces.push(Buffer.from(block.bytes));
    if (block.index !== undefined) placed.push({ start, rows: block.rows, index: block.index });
    start += block.bytes.length;
  };
  rows.forEach((row, index) => {
    assert.ok(blocks.add(row));
    if ((index + 1) % rowsPerBlock === 0) take();
  });
  take();
  const footer = blocks.footer?.(placed);
  return Buffer.concat(footer === undefined ? pieces : [...pieces, footer]);
}

describe('rows staged as Parquet', () => {
  let folder: string;
  let instance: DuckDBInstance;
  let connection: DuckDBConnection;
  let files = 0;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'beamlift-parquet-'));
    instance = await DuckDBInstance.create(':memory:', { threads: '1' });
    connection = await instance.connect();
    await connection.run("SET TimeZone = 'UTC'");
  });
  after(async () => {
    connection.closeSync();
    instance.closeSync();
    await rm(folder, { recursive: true, force: true });
  });

  async function read(
    format: StagingFormat,
    { schema, rows }: AnyTable,
    rowsPerBlock: number,
    table: string,
  ): Promise<void> {
    // DuckDB keeps what it has read of a file by its name, and staged parts never have a name twice.
    const file = path.join(folder, `rows-${++files}.${format}`);
    await writeFile(file, fileOf(format, schema, rows, rowsPerBlock));
    const columns = schema.columns.map(({ name, type }) => ({ name, type: warehouseTypeOf(type) }));
    await connection.run(`CREATE OR REPLACE TABLE ${table} AS ${selectStaged(format, columns, [file])}`);
    await rm(file);
  }

  async function answer(sql: string): Promise<unknown[][]> {
    return (await connection.runAndReadAll(sql)).getRowsJS();
  }

  it('are what the same rows staged as texts are, whatever their types', async () => {
    await fc.assert(
      fc.asyncProperty(anyTable, fc.integer({ min: 1, max: 30 }), async (table, rowsPerBlock) => {
        await read('ndjson', table, rowsPerBlock, 'texts');
        await read('parquet', table, rowsPerBlock, 'typed');
        const types = 'SELECT column_name, data_type FROM duckdb_columns() WHERE table_name =';
        assert.deepEqual(await answer(`${types} 'typed'`), await answer(`${types} 'texts'`));
        const [counted] = await answer('SELECT count(*)::INTEGER FROM typed');
        assert.deepEqual(counted, [table.rows.length]);
        const different = table.schema.columns
          .map(({ name }) => `texts."${name}" IS DISTINCT FROM typed."${name}"`)
          .join(' OR ');
        assert.deepEqual(
          await answer(`SELECT id::INTEGER FROM texts FULL JOIN typed USING (id) WHERE ${different}`),
          [],
        );
      }),
      { numRuns: 120 },
    );
  });

  it('are read by another reader, too', async () => {
    const types: readonly ColumnType[] = [
      { kind: 'int', bits: 64 },
      { kind: 'bool' },
      { kind: 'float', bits: 64 },
      { kind: 'string' },
      { kind: 'array', element: { kind: 'string' } },
      { kind: 'array', element: { kind: 'array', element: { kind: 'int', bits: 64 } } },
      { kind: 'struct', fields: [{ name: 'a', type: { kind: 'array', element: { kind: 'string' } } }] },
    ];
    const schema: TableSchema = {
      columns: types.map((type, index) => ({ name: `c${index}`, type, nullable: index > 0 })),
      primaryKey: [],
    };
    const texts = fc.array(fc.option(fc.string({ maxLength: 5 })), { maxLength: 3 });
    const row = fc.tuple(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.option(fc.boolean()),
      fc.option(fc.double({ noNaN: true })),
      fc.option(fc.string({ maxLength: 50 })),
      fc.option(texts),
      fc.option(
        fc.array(fc.option(fc.array(fc.bigInt({ min: 0n, max: 9n }), { maxLength: 2 })), { maxLength: 3 }),
      ),
      fc.option(fc.tuple(fc.option(texts))),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { maxLength: 40 }),
        fc.integer({ min: 1, max: 20 }),
        async (rows, size) => {
          const file = fileOf('parquet', schema, rows, size);
          const found = await parquetReadObjects({ file: Uint8Array.from(file).buffer });
          const expected = rows.map((cells) =>
            Object.fromEntries(
              cells.map((cell, index) => {
                const value = index === 6 && cell !== null ? { a: (cell as Cell[])[0] ?? null } : cell;
                return [`c${index}`, value];
              }),
            ),
          );
          assert.deepEqual(withoutUndefined(found), withoutUndefined(expected));
        },
      ),
      { numRuns: 150 },
    );
  });

  const documents: TableSchema = {
    columns: [
      { name: 'plain', type: { kind: 'json' }, nullable: true },
      { name: 'listed', type: { kind: 'array', element: { kind: 'json' } }, nullable: true },
      {
        name: 'inner',
        type: { kind: 'struct', fields: [{ name: 'a', type: { kind: 'json' } }] },
        nullable: true,
      },
    ],
    primaryKey: [],
  };

  it('keep documents as they are written, and call them JSON', async () => {
    const odd = [
      '{ "b" : 1.50, "a": [ 1e400, -0, 12345678901234567890123 ], "a": null }',
      '"\\u00e9 \\ud83d\\ude00 \\u0000"',
      'null',
      `${'['.repeat(3000)}${']'.repeat(3000)}`,
      `1${'0'.repeat(1000)}`,
    ];
    const rows = odd.map((text) => [text, [text, null], [text]]);
    await read('parquet', { schema: documents, rows }, 2, 'typed');
    assert.deepEqual(
      await answer(
        'SELECT plain::VARCHAR, listed[1]::VARCHAR, "inner".a::VARCHAR, listed[2] IS NULL FROM typed ORDER BY rowid',
      ),
      odd.map((text) => [text, text, text, true]),
    );
    assert.deepEqual(
      await answer('SELECT DISTINCT typeof(plain), typeof(listed), typeof("inner") FROM typed'),
      [['JSON', 'JSON[]', 'STRUCT(a JSON)']],
    );
  });

  for (const [index, { name }] of documents.columns.entries()) {
    it(`are refused by DuckDB where a document is none (${name})`, async () => {
      for (const none of ['', '{', '{"a": 1} 2', "{'a': 1}", '\u0000', '"\\ud83d"']) {
        const cells: Cell[] = [none, [none], [none]];
        const rows = [cells.map((cell, at) => (at === index ? cell : null))];
        await assert.rejects(
          read('parquet', { schema: documents, rows }, 1, 'refused'),
          /Invalid JSON found in Parquet file/,
          none,
        );
      }
    });
  }

  it('may be no rows', async () => {
    const schema: TableSchema = {
      columns: [{ name: 'id', type: { kind: 'int', bits: 64 }, nullable: false }],
      primaryKey: [],
    };
    await read('parquet', { schema, rows: [] }, 1, 'typed');
    assert.deepEqual(await answer('SELECT * FROM typed'), []);
  });
});

/** The other reader says undefined for null in places. */
function withoutUndefined(value: unknown): unknown {
  if (value === undefined) return null;
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutUndefined(inner)]));
}
