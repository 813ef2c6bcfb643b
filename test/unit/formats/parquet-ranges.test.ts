import assert from 'node:assert/strict';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { Row } from '../../../core/cells';
import { PARQUET_DECODERS, type FileRange, type ParquetDecoderChoice } from '../../../core/plan';
import { parquetReader } from '../../../extractors/formats/parquet';
import { memoryFile } from './parquet-files';
import { readPart } from './read-by-ranges';

const { signal } = new AbortController();
const ROWS = 10_000;

/** Three columns, in row groups of these sizes. */
function written(rowGroupSize: number | number[]): Buffer {
  const bytes = new ByteWriter();
  const writer = new ParquetWriter({
    writer: bytes,
    codec: 'UNCOMPRESSED',
    schema: [
      { name: 'root', num_children: 3 },
      { name: 'id', type: 'INT64', repetition_type: 'REQUIRED' },
      { name: 'word', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
      { name: 'twice', type: 'INT64', repetition_type: 'REQUIRED' },
    ],
  });
  const numbers = Array.from({ length: ROWS }, (_, index) => index);
  void writer.write({
    columnData: [
      { name: 'id', data: numbers.map(BigInt) },
      { name: 'word', data: numbers.map((number) => `word number ${number}`) },
      { name: 'twice', data: numbers.map((number) => BigInt(2 * number)) },
    ],
    rowGroupSize,
  });
  void writer.finish();
  return Buffer.from(bytes.getBytes());
}

const testsOf = (parquet_decoder: ParquetDecoderChoice) => (): void => {
  const reader = parquetReader({ parquet_decoder });
  const content = written(500);
  const rangesOf = async (
    target: { bytes: number; rows?: number },
    file = content,
  ): Promise<readonly FileRange[]> => (await reader.ranges?.(memoryFile(file), target, signal)) ?? [];

  it('hold each row once, in order, under its number in the file', async () => {
    const file = memoryFile(content);
    const { columns } = await reader.describe(file, signal);
    const whole = await readPart(reader, file, columns);
    const ranges = await rangesOf({ bytes: 1, rows: 1_700 });
    assert.equal(ranges.length, 5);
    const rows: Row[] = [];
    const places: string[] = [];
    let bytes = 0;
    for (const range of ranges) {
      const part = await readPart(reader, file, columns, range);
      assert.equal(part.bytes, range.bytes);
      rows.push(...part.rows);
      places.push(...part.places);
      bytes += part.bytes;
    }
    assert.deepEqual([rows, places], [whole.rows, whole.places]);
    assert.equal(places.at(-1), `row ${ROWS}`);
    assert.ok(bytes < content.length && bytes > content.length * 0.8);
  });

  it('are of row groups, about as large as they should be', async () => {
    const ranges = await rangesOf({ bytes: 100_000 });
    assert.ok(ranges.length > 2 && ranges.length < 10, `${ranges.length}`);
    assert.deepEqual(
      ranges.map(({ by, start }) => [by, start]),
      ranges.map((_, index) => ['row group', ranges[index - 1]?.end ?? 0]),
    );
    assert.equal(ranges.at(-1)?.end, 20);
    const uneven = await rangesOf({ bytes: 1, rows: 1_000 }, written([8_000, 100, 100, 100, 1_700]));
    assert.deepEqual(
      uneven.map(({ start, end }) => [start, end]),
      [
        [0, 1],
        [1, 5],
      ],
    );
    assert.equal((await rangesOf({ bytes: 1, rows: 1 }, written(ROWS))).length, 1);
    assert.equal((await rangesOf({ bytes: 1e9 })).length, 1);
  });

  it('are found and read with few requests', async () => {
    const file = memoryFile(content);
    await reader.ranges?.(file, { bytes: 100_000 }, signal);
    const opening = 2;
    assert.equal(file.reads.length, opening, 'the beginning, and the end');
    const { columns } = await reader.describe(file, signal);
    const requests = async (wanted: typeof columns, start: number, end: number): Promise<number> => {
      file.reads.length = 0;
      await readPart(reader, file, wanted, { by: 'row group', start, end, bytes: 1 });
      return file.reads.length - opening;
    };
    assert.equal(await requests(columns, 4, 6), 2, 'one for each row group');
    const some = columns.filter(({ name }) => name !== 'word');
    assert.equal(await requests(some, 4, 5), 1, 'a small gap is read over');
    assert.equal(await requests(some, 0, 0), 0);
    assert.equal(await requests(columns, 19, 20), 0, 'it came with the footer');
  });

  it('that the file does not have mean that it changed', async () => {
    const file = memoryFile(content);
    const { columns } = await reader.describe(file, signal);
    for (const range of [
      { by: 'row group', start: 19, end: 21, bytes: 1 },
      { by: 'byte', start: 0, end: 10, bytes: 10 },
    ] as const) {
      await assert.rejects(readPart(reader, file, columns, range), { code: 'SOURCE_CHANGED' });
    }
  });
};

for (const choice of PARQUET_DECODERS) describe(`ranges of Parquet, decoded with ${choice}`, testsOf(choice));
