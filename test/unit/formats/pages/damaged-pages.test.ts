import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { CompressionCodec } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { PARQUET_DECODERS } from '../../../../core/plan';
import { BeamliftError } from '../../../../core/errors';
import { parquetReader } from '../../../../extractors/formats/parquet';
import { readParquetFooter } from '../../../../extractors/formats/parquet-footer';
import { UnreadPage } from '../../../../extractors/formats/pages/page-errors';
import { readPageHeader } from '../../../../extractors/formats/pages/page-header';
import { memoryFile, readEverything } from '../parquet-files';
import { decodePages } from './both-decoders';

const { signal } = new AbortController();
const ROWS = 300;

/** Numbers, texts with and without a dictionary, lists, booleans; in pages of some rows. */
function written(codec: CompressionCodec, words?: readonly Uint8Array[], scale = 1): Buffer {
  const bytes = new ByteWriter();
  const rows = Array.from({ length: ROWS }, (_, index) => index);
  const text = (word: string): Uint8Array => new TextEncoder().encode(word);
  const columns = [
    { name: 'id', data: rows.map((row) => BigInt(row * 1_000_003)) },
    { name: 'n', data: rows.map((row) => (row % 3 === 0 ? null : row)) },
    { name: 'flag', data: rows.map((row) => row % 7 === 0) },
    { name: 'word', data: rows.map((row) => words?.[row % words.length] ?? text(`word ${row % 5}`)) },
    {
      name: 'long',
      data: rows.map((row) => text(`${'text '.repeat((row % 9) * scale)}${row}`)),
      encoding: 'PLAIN' as const,
    },
    {
      name: 'delta',
      data: rows.map((row) => BigInt(row) ** 5n),
      encoding: 'DELTA_BINARY_PACKED' as const,
    },
    {
      name: 'split',
      data: rows.map((row) => row / 7),
      encoding: 'BYTE_STREAM_SPLIT' as const,
    },
    {
      name: 'lengths',
      data: rows.map((row) => text(`${row}`.repeat(row % 5))),
      encoding: 'DELTA_LENGTH_BYTE_ARRAY' as const,
    },
    {
      name: 'front',
      data: rows.map((row) => text(`prefix ${row >> 3} ${row}`)),
      encoding: 'DELTA_BYTE_ARRAY' as const,
    },
    {
      name: 'list',
      data: rows.map((row) => (row % 4 === 0 ? null : [row, null, row + 1].slice(0, row % 4))),
    },
  ];
  const writer = new ParquetWriter({
    writer: bytes,
    codec,
    compressors: { GZIP: gzipSync },
    statistics: false,
    schema: [
      { name: 'root', num_children: columns.length },
      { name: 'id', type: 'INT64', repetition_type: 'REQUIRED' },
      { name: 'n', type: 'INT32', repetition_type: 'OPTIONAL' },
      { name: 'flag', type: 'BOOLEAN', repetition_type: 'OPTIONAL' },
      { name: 'word', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
      { name: 'long', type: 'BYTE_ARRAY', repetition_type: 'REQUIRED' },
      { name: 'delta', type: 'INT64', repetition_type: 'REQUIRED' },
      { name: 'split', type: 'DOUBLE', repetition_type: 'OPTIONAL' },
      { name: 'lengths', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
      { name: 'front', type: 'BYTE_ARRAY', repetition_type: 'REQUIRED' },
      { name: 'list', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', type: 'INT32', repetition_type: 'OPTIONAL' },
    ],
  });
  void writer.write({ columnData: columns, rowGroupSize: 200, pageSize: 300 });
  for (const element of writer.schema) if (element.type === 'BYTE_ARRAY') element.converted_type = 'UTF8';
  void writer.finish();
  return Buffer.from(bytes.getBytes());
}

describe('damaged pages', () => {
  for (const codec of ['UNCOMPRESSED', 'SNAPPY', 'GZIP'] as const) {
    it(`are read or refused, whatever bytes are changed, with ${codec}`, async () => {
      const content = written(codec);
      const { start } = await readParquetFooter(memoryFile(content), signal);
      assert.equal((await decodePages(content)).cells['id']?.length, ROWS);
      const change = fc.record({ at: fc.integer({ min: 4, max: start - 1 }), to: fc.nat(255) });
      let refused = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
          const changed = Buffer.from(content);
          for (const { at, to } of changes) changed[at] = to;
          try {
            const { cells } = await decodePages(changed, 64);
            for (const column of Object.values(cells)) assert.equal(column.length, ROWS);
          } catch (error) {
            refused++;
            if (error instanceof UnreadPage) return;
            assert.ok(error instanceof BeamliftError, String(error));
            assert.equal(error.code, 'FORMAT_INVALID');
            assert.match(String(error.where.row), /^row group [12]$/);
            assert.ok(error.where.column !== undefined);
          }
        }),
        { numRuns: 1500 },
      );
      assert.ok(refused > 100, `${refused} were refused`);
    });
  }

  it('are refused when the file has become shorter', async () => {
    const content = written('UNCOMPRESSED', undefined, 100);
    const file = memoryFile(content);
    const footer = await readParquetFooter(file, signal);
    assert.ok(footer.before.length < footer.start / 2, 'not all of it came with the footer');
    const { columns } = await parquetReader().describe(file, signal);
    for (const missing of [1, 100, 40_000]) {
      const short = {
        ...file,
        slice: async (start: number, end: number) =>
          content.subarray(start, end === content.length || end === 4 ? end : Math.max(start, end - missing)),
      };
      await assert.rejects(readEverything(parquetReader(), short, columns), (error: unknown) => {
        assert.ok(error instanceof BeamliftError);
        return error.code === 'FORMAT_INVALID' && error.where.column !== undefined;
      });
    }
  });

  for (const parquet_decoder of PARQUET_DECODERS) {
    it(`are refused by decoder ${parquet_decoder} where whole pages are more than the footer says`, async () => {
      const numbers = Array.from({ length: 3000 }, (_, row) => BigInt(row));
      const saying = (rows: number): Buffer => {
        const bytes = new ByteWriter();
        const id = { name: 'id', type: 'INT64', repetition_type: 'REQUIRED' } as const;
        const writer = new ParquetWriter({ writer: bytes, schema: [{ name: 'root', num_children: 1 }, id] });
        void writer.write({
          columnData: [{ name: 'id', data: numbers, encoding: 'PLAIN' }],
          rowGroupSize: numbers.length,
          pageSize: 800,
        });
        writer.num_rows = BigInt(rows);
        for (const group of writer.row_groups) {
          group.num_rows = BigInt(rows);
          for (const { meta_data: chunk } of group.columns)
            if (chunk !== undefined) chunk.num_values = BigInt(rows);
        }
        void writer.finish();
        return Buffer.from(bytes.getBytes());
      };
      const whole = saying(numbers.length);
      const reader = parquetReader({ parquet_decoder });
      assert.equal((await readEverything(reader, memoryFile(whole))).rows.length, numbers.length);
      const { values } = readPageHeader(whole.subarray(4));
      assert.ok(values > 0 && values < numbers.length);
      await assert.rejects(readEverything(reader, memoryFile(saying(values))), (error: unknown) => {
        return error instanceof BeamliftError && error.code === 'FORMAT_INVALID';
      });
    });

    it(`with texts that are not UTF-8 are refused by decoder ${parquet_decoder}`, async () => {
      const cases = [[Uint8Array.of(0x61, 0xff)], [Uint8Array.of(0xc5), Uint8Array.of(0xbc)]];
      for (const words of cases) {
        await assert.rejects(
          readEverything(parquetReader({ parquet_decoder }), memoryFile(written('SNAPPY', words))),
          (error: unknown) => {
            assert.ok(error instanceof BeamliftError);
            assert.equal(error.code, 'FORMAT_INVALID');
            assert.deepEqual(error.where, { object: 'test.parquet', row: 'row group 1', column: 'word' });
            return true;
          },
        );
      }
    });
  }
});
