import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { Column } from '../../../core/schema';
import { parquetReader } from '../../../extractors/formats/parquet';
import { memoryFile } from '../formats/parquet-files';
import { assertStagedTheSame } from './parquet-staging';

const GOLDEN = path.join(__dirname, '../../golden/parquet');
const signal = new AbortController().signal;

describe('compiled: Parquet to Avro', () => {
  const reader = parquetReader();

  it('stages the golden files as their cells are staged', async () => {
    const names = (await readdir(GOLDEN)).filter((name) => name.endsWith('.parquet'));
    assert.ok(names.length > 0);
    for (const name of names) {
      const file = memoryFile(await readFile(path.join(GOLDEN, name)), name);
      const { columns } = await reader.describe(file, signal);
      const all = await assertStagedTheSame(reader, columns, [file]);
      assert.ok(all.rows.length + all.rejects.length > 0, name);
      // Each by itself: a column whose row is refused hides the others.
      for (const column of columns) await assertStagedTheSame(reader, [column], [file]);
    }
  });

  it('stages files that differ: another width, another unit, a column that is missing', async () => {
    const date = new Date('2024-05-06T07:08:09.123Z');
    const files = [
      parquetWriteBuffer({
        columnData: [
          { name: 'n', data: [1, null, -5], type: 'INT32' },
          { name: 'x', data: [1.5, 2, null], type: 'FLOAT' },
          { name: 'at', data: [date, null, date], type: 'TIMESTAMP' },
        ],
      }),
      parquetWriteBuffer({
        columnData: [
          { name: 'n', data: [2n ** 60n, null], type: 'INT64' },
          { name: 'x', data: [0.1, NaN], type: 'DOUBLE' },
          { name: 't', data: ['é', 'b'], type: 'STRING' },
        ],
      }),
      parquetWriteBuffer({ columnData: [{ name: 'other', data: [1], type: 'INT32' }] }),
    ].map((content, index) => memoryFile(new Uint8Array(content), `${index}.parquet`));
    const columns: Column[] = [
      { name: 'n', type: { kind: 'int', bits: 64 }, nullable: true },
      { name: 'x', type: { kind: 'float', bits: 64 }, nullable: true },
      { name: 'at', type: { kind: 'timestamp', unit: 'us' }, nullable: true },
      { name: 't', type: { kind: 'string' }, nullable: true },
    ];
    const { rows } = await assertStagedTheSame(reader, columns, files);
    assert.equal(rows.length, 6);
    // From 32 bits, and back.
    await assertStagedTheSame(reader, columns, [...files, ...files].reverse());
  });
});
