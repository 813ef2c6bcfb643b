import assert from 'node:assert/strict';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { formatType } from '../../../core/format-type';
import { PARQUET_DECODERS, type ParquetDecoderChoice } from '../../../core/plan';
import { parquetReader } from '../../../extractors/formats/parquet';
import { memoryFile, readEverything } from './parquet-files';

/** An INT96 timestamp as Spark, Hive and Impala write it. */
function int96(nanosecondsOfDay: bigint, julianDay: number): Uint8Array {
  const bytes = Buffer.alloc(12);
  bytes.writeBigInt64LE(nanosecondsOfDay, 0);
  bytes.writeInt32LE(julianDay, 8);
  return bytes;
}

/** A file with a column `id` and an optional column of INT96, dictionary-encoded where values repeat. */
function written(
  values: readonly (Uint8Array | null)[],
  keyValues?: { key: string; value: string }[],
): Buffer {
  const bytes = new ByteWriter();
  const writer = new ParquetWriter({
    writer: bytes,
    statistics: false,
    ...(keyValues === undefined ? {} : { kvMetadata: keyValues }),
    schema: [
      { name: 'root', num_children: 2 },
      { name: 'at', type: 'FIXED_LEN_BYTE_ARRAY', type_length: 12, repetition_type: 'OPTIONAL', field_id: 7 },
      { name: 'id', type: 'INT32', repetition_type: 'REQUIRED' },
    ],
  });
  void writer.write({
    columnData: [
      { name: 'at', data: [...values] },
      { name: 'id', data: values.map((_, index) => index) },
    ],
  });
  // INT96 and 12 fixed bytes have the same encodings.
  writer.schema[1] = { name: 'at', type: 'INT96', repetition_type: 'OPTIONAL', field_id: 7 };
  for (const { columns } of writer.row_groups) {
    if (columns[0]?.meta_data !== undefined) columns[0].meta_data.type = 'INT96';
  }
  void writer.finish();
  return Buffer.from(bytes.getBytes());
}

const testsOf = (parquet_decoder: ParquetDecoderChoice) => (): void => {
  const reader = parquetReader({ parquet_decoder });
  const values = [
    int96(0n, 2_440_588),
    null,
    int96(1_000n, 2_440_588),
    // 9999-12-31 and 0001-01-01, which overflow 64 bits of nanoseconds.
    int96(86_399_999_999_000n, 5_373_484),
    int96(0n, 1_721_426),
  ];

  it('is read exactly in every year', async () => {
    const all = await readEverything(reader, memoryFile(written(values)));
    assert.deepEqual(
      all.columns.map(({ name, type }) => `${name} ${formatType(type)}`),
      ['at datetime', 'id int32'],
    );
    assert.deepEqual(all.rows, [
      [0n, 0n],
      [null, 1n],
      [1n, 2n],
      [253_402_300_799_999_999n, 3n],
      [-62_135_596_800_000_000n, 4n],
    ]);
    assert.deepEqual(all.rejects, []);
  });

  it('is read the same beside an Arrow schema, and from a dictionary', async () => {
    const many = Array.from({ length: 3000 }, (_, index) => values[index % values.length] ?? null);
    const content = written(many, [
      { key: 'ARROW:schema', value: 'not even base64' },
      { key: 'other', value: 'stays' },
    ]);
    const all = await readEverything(reader, memoryFile(content));
    assert.equal(all.rows.length, 3000);
    assert.deepEqual(all.rows[2998], [253_402_300_799_999_999n, 2998n]);
  });

  it('rejects the rows whose nanoseconds a microsecond does not hold', async () => {
    const content = written([int96(1_000n, 2_440_588), int96(1_001n, 2_440_588), int96(2_000n, 2_440_588)]);
    const all = await readEverything(reader, memoryFile(content));
    assert.deepEqual(all.rows, [
      [1n, 0n],
      [2n, 2n],
    ]);
    assert.deepEqual(all.names, ['row 1', 'row 3']);
    assert.deepEqual(all.rejects, [
      {
        row: 'row 2',
        column: 'at',
        value: '1001 ns since 1970',
        reason: 'an INT96 timestamp with nanoseconds',
      },
    ]);
  });
};

for (const choice of PARQUET_DECODERS) describe(`Parquet INT96, decoded with ${choice}`, testsOf(choice));
