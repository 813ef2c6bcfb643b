import assert from 'node:assert/strict';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { CompressionCodec, Encoding, SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { formatType } from '../../../core/format-type';
import { PARQUET_DECODERS, type ParquetDecoderChoice } from '../../../core/plan';
import { parquetReader } from '../../../extractors/formats/parquet';
import { assertStagedTheSame } from '../compiled/parquet-staging';
import { goldenCell, memoryFile, readEverything } from './parquet-files';
import { TYPE_CASES, type TypeCase } from './parquet-type-cases';

/** A block of literals alone, which is LZ4 as well. */
function lz4Block(content: Uint8Array): Uint8Array {
  const lengths: number[] = [];
  for (let rest = content.length - 15; rest >= 0; rest -= 255) lengths.push(Math.min(rest, 255));
  return Buffer.concat([Uint8Array.of(Math.min(content.length, 15) << 4, ...lengths), content]);
}

/** As Hadoop frames LZ4: both sizes, big-endian, then a block. */
function lz4Frame(content: Uint8Array): Uint8Array {
  const block = lz4Block(content);
  const sizes = Buffer.alloc(8);
  sizes.writeUInt32BE(content.length, 0);
  sizes.writeUInt32BE(block.length, 4);
  return Buffer.concat([sizes, block]);
}

/** A frame of one block as it is: the format's own way to keep what does not compress. */
function zstdFrame(content: Uint8Array): Uint8Array {
  const head = Buffer.alloc(12);
  head.writeUInt32LE(0xfd2fb528, 0);
  head.writeUInt8(0xa0, 4);
  head.writeUInt32LE(content.length, 5);
  head.writeUIntLE((content.length << 3) | 1, 9, 3);
  return Buffer.concat([head, content]);
}

const compressors = {
  GZIP: gzipSync,
  BROTLI: brotliCompressSync,
  LZ4_RAW: lz4Block,
  LZ4: lz4Frame,
  ZSTD: zstdFrame,
} as const;

/** The values of a case, with a null behind each, so many times that pages hold runs. */
function storedValues({ stored }: TypeCase, times: number): unknown[] {
  return Array.from({ length: times }, () => stored.flatMap((value) => [value, null])).flat();
}

interface WriteOptions {
  readonly codec?: CompressionCodec;
  readonly encoding?: Encoding;
  readonly times?: number;
}

/** A file with a column for each case. Values are written as their physical types; what they mean is told to the footer alone. */
function written(
  cases: readonly TypeCase[],
  { codec = 'UNCOMPRESSED', encoding, times = 20 }: WriteOptions,
): Buffer {
  const bytes = new ByteWriter();
  const plain = cases.map(({ name, element }): SchemaElement => ({
    name,
    type: element.type,
    ...(element.type_length === undefined ? {} : { type_length: element.type_length }),
    repetition_type: 'OPTIONAL',
  }));
  const writer = new ParquetWriter({
    writer: bytes,
    codec,
    compressors,
    statistics: false,
    schema: [{ name: 'root', num_children: cases.length }, ...plain],
  });
  void writer.write({
    columnData: cases.map((one) => ({
      name: one.name,
      data: storedValues(one, times),
      ...(encoding === undefined ? {} : { encoding }),
    })),
    pageSize: 64,
  });
  cases.forEach(({ name, element }, index) => {
    writer.schema[index + 1] = { name, repetition_type: 'OPTIONAL', ...element };
  });
  void writer.finish();
  return Buffer.from(bytes.getBytes());
}

const testsOf = (parquet_decoder: ParquetDecoderChoice) => (): void => {
  const reader = parquetReader({ parquet_decoder });

  async function assertRead(cases: readonly TypeCase[], options: WriteOptions): Promise<void> {
    const { times = 20 } = options;
    const file = memoryFile(written(cases, options));
    const all = await readEverything(reader, file);
    await assertStagedTheSame(reader, all.columns, [file]);
    assert.deepEqual(
      all.columns.map(({ name, type }) => [name, formatType(type)]),
      cases.map(({ name, type }) => [name, type]),
    );
    const expected = cases.map(({ cells }) =>
      Array.from({ length: times }, () => cells.flatMap((cell) => [cell, null])).flat(),
    );
    cases.forEach(({ name }, column) => {
      assert.deepEqual(
        all.rows.map((row) => goldenCell(row[column] ?? null)),
        expected[column],
        name,
      );
    });
    assert.deepEqual(all.rejects, []);
  }

  for (const one of TYPE_CASES) {
    it(`reads ${one.name}`, async () => {
      await assertRead([one], {});
    });
  }

  for (const codec of ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'BROTLI', 'LZ4_RAW', 'LZ4', 'ZSTD'] as const) {
    it(`reads every type with ${codec}`, async () => {
      await assertRead(TYPE_CASES, { codec });
    });
  }

  const of = (...types: readonly (string | undefined)[]): TypeCase[] =>
    TYPE_CASES.filter(({ element }) => types.includes(element.type));
  for (const [encoding, cases] of [
    ['PLAIN', TYPE_CASES],
    ['RLE', of('BOOLEAN')],
    ['DELTA_BINARY_PACKED', of('INT32', 'INT64')],
    ['DELTA_LENGTH_BYTE_ARRAY', of('BYTE_ARRAY')],
    ['DELTA_BYTE_ARRAY', of('BYTE_ARRAY')],
    ['BYTE_STREAM_SPLIT', of('INT32', 'INT64', 'FLOAT', 'DOUBLE', 'FIXED_LEN_BYTE_ARRAY')],
  ] as const) {
    it(`reads every type that has the encoding ${encoding}`, async () => {
      assert.ok(cases.length > 0);
      await assertRead(cases, { encoding, codec: 'SNAPPY', times: 100 });
    });
  }
};

for (const choice of PARQUET_DECODERS) describe(`Parquet types, decoded with ${choice}`, testsOf(choice));
