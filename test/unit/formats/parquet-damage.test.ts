import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { ByteWriter, ParquetWriter, parquetWriteBuffer } from 'hyparquet-writer';
import { BeamliftError } from '../../../core/errors';
import { PARQUET_DECODERS, type ParquetDecoderChoice } from '../../../core/plan';
import { parquetReader } from '../../../extractors/formats/parquet';
import { parseFileMetadata } from '../../../extractors/formats/parquet-metadata';
import { readParquetFooter } from '../../../extractors/formats/parquet-footer';
import { ThriftError } from '../../../extractors/formats/parquet-thrift';
import { memoryFile, readEverything } from './parquet-files';

const GOLDEN = path.join(__dirname, '../../golden/parquet/duckdb-types.parquet');
const signal = new AbortController().signal;

/** 100 rows in two row groups; `change` may spoil what the footer will say. */
function written(change: (writer: ParquetWriter) => void = () => undefined): Buffer {
  const bytes = new ByteWriter();
  const writer = new ParquetWriter({
    writer: bytes,
    schema: [
      { name: 'root', num_children: 2 },
      { name: 'id', type: 'INT64', repetition_type: 'REQUIRED' },
      { name: 'word', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
    ],
  });
  const numbers = Array.from({ length: 100 }, (_, index) => index);
  void writer.write({
    columnData: [
      { name: 'id', data: numbers.map(BigInt) },
      { name: 'word', data: numbers.map((number) => `word ${number}`) },
    ],
    rowGroupSize: 60,
  });
  change(writer);
  void writer.finish();
  return Buffer.from(bytes.getBytes());
}

function group(writer: ParquetWriter, index: number): ParquetWriter['row_groups'][number] {
  const found = writer.row_groups[index];
  assert.ok(found !== undefined);
  return found;
}

const testsOf = (parquet_decoder: ParquetDecoderChoice) => (): void => {
  const reader = parquetReader({ parquet_decoder });

  async function refusal(content: Uint8Array): Promise<BeamliftError> {
    try {
      await readEverything(reader, memoryFile(content));
    } catch (error) {
      assert.ok(error instanceof BeamliftError, String(error));
      return error;
    }
    return assert.fail('The file was read.');
  }

  async function assertRefused(content: Uint8Array, why: RegExp): Promise<void> {
    const error = await refusal(content);
    assert.equal(error.code, 'FORMAT_INVALID');
    assert.match(`${error.what} ${error.why ?? ''}`, why);
    assert.equal(error.where.object, 'test.parquet');
    assert.ok(error.hint !== undefined);
  }

  it('reads its own test file', async () => {
    const { rows } = await readEverything(reader, memoryFile(written()));
    assert.deepEqual(rows[99], [99n, 'word 99']);
  });

  it('refuses what is no Parquet file', async () => {
    await assertRefused(Buffer.from(''), /0 bytes/);
    await assertRefused(Buffer.from('a,b\n1,2\n3,4\n5,6\n'), /does not begin with PAR1/);
    await assertRefused(Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(100)]), /does not end with PAR1/);
    await assertRefused(Buffer.concat([written().subarray(0, -4), Buffer.from('PARE')]), /encrypted/);
    const huge = written();
    huge.writeUInt32LE(0x7fffffff, huge.length - 8);
    await assertRefused(huge, /footer claims 2147483647 bytes/);
  });

  it('refuses a compressed file with a hint', async () => {
    const file = { ...memoryFile(written()), seekable: false };
    await assert.rejects(readEverything(reader, file), (error: unknown) => {
      return (
        error instanceof BeamliftError &&
        error.code === 'FORMAT_INVALID' &&
        /[Dd]ecompress/.test(error.hint ?? '')
      );
    });
  });

  it('refuses a file cut at any place, without opening it', async () => {
    const content = written();
    for (let length = 0; length < content.length; length++) {
      const cut = memoryFile(content.subarray(0, length));
      await assert.rejects(readParquetFooter(cut, signal), (error: unknown) => {
        return error instanceof BeamliftError && error.code === 'FORMAT_INVALID';
      });
    }
  });

  it('refuses a footer that contradicts itself', async () => {
    await assertRefused(
      written((writer) => (writer.num_rows = 101n)),
      /row count of 101, but its row groups have 100 rows/,
    );
    await assertRefused(
      written((writer) => {
        writer.num_rows = 99n;
        group(writer, 0).num_rows = 59n;
      }),
      /59 rows in row group 0, and 60 values of column "id"/,
    );
    await assertRefused(
      written((writer) => {
        for (const { meta_data: metadata } of group(writer, 1).columns) {
          if (metadata !== undefined) metadata.total_compressed_size = 1_000_000n;
        }
      }),
      /behind its end/,
    );
    await assertRefused(
      written((writer) => group(writer, 1).columns.pop()),
      /1 column chunks in row group 1, and the schema has 2 columns/,
    );
    await assertRefused(
      written((writer) => {
        const [column] = group(writer, 0).columns;
        if (column?.meta_data !== undefined) column.meta_data.codec = 'LZO';
      }),
      /LZO/,
    );
  });

  it('refuses two columns of one name', async () => {
    const content = parquetWriteBuffer({
      columnData: [
        { name: 'twin', data: [1], type: 'INT32' },
        { name: 'TWIN', data: [2], type: 'INT32' },
      ],
    });
    const renamed = Buffer.from(content).toString('latin1').replaceAll('TWIN', 'twin');
    await assertRefused(Buffer.from(renamed, 'latin1'), /two columns of the name "twin"/);
  });

  for (const [title, rows] of [
    ['fewer', 41n],
    ['more', 39n],
  ] as const) {
    it(`refuses pages with ${title} rows than the footer says`, async () => {
      const content = written((writer) => {
        writer.num_rows = 60n + rows;
        group(writer, 1).num_rows = rows;
        for (const { meta_data: metadata } of group(writer, 1).columns) {
          if (metadata !== undefined) metadata.num_values = rows;
        }
      });
      const error = await refusal(content);
      assert.equal(error.code, 'FORMAT_INVALID');
    });
  }

  it('ends with an error and not with the process when pages are damaged, and reads the next file', async () => {
    const content = written();
    const { rowGroups } = await readParquetFooter(memoryFile(content), signal);
    const first = rowGroups[0]?.chunks[0]?.bytes ?? 0;
    // Behind the chunk of `id`: the middle of the compressed texts.
    content.fill(0xff, 4 + first + 40, 4 + first + 80);
    const error = await refusal(content);
    assert.equal(error.code, 'FORMAT_INVALID');
    assert.deepEqual(error.where, { object: 'test.parquet', row: 'row group 1', column: 'word' });
    const next = await readEverything(reader, memoryFile(written()));
    assert.equal(next.rows.length, 100);
  });

  it('reads or refuses, whatever single bytes are changed', async () => {
    const content = await fs.readFile(GOLDEN);
    const change = fc.record({ at: fc.nat(content.length - 1), to: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const changed = Buffer.from(content);
        for (const { at, to } of changes) changed[at] = to;
        try {
          const { rows } = await readEverything(reader, memoryFile(changed));
          assert.equal(rows.length, 4);
        } catch (error) {
          assert.ok(error instanceof BeamliftError, String(error));
          assert.ok(
            error.code === 'FORMAT_INVALID' || error.code === 'TYPE_UNSUPPORTED',
            `${error.code} ${error.what}`,
          );
        }
      }),
      { numRuns: 8 },
    );
  });

  it('parses or refuses any footer bytes, and nothing else', async () => {
    const content = await fs.readFile(GOLDEN);
    const { start } = await readParquetFooter(memoryFile(content), signal);
    const footer = content.subarray(start, -8);
    const change = fc.record({ at: fc.nat(footer.length - 1), to: fc.nat(255) });
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 4 }),
        fc.nat(footer.length),
        (changes, length) => {
          const changed = Buffer.from(footer.subarray(0, length % 7 === 0 ? length : footer.length));
          for (const { at, to } of changes) if (at < changed.length) changed[at] = to;
          try {
            parseFileMetadata(changed, start);
          } catch (error) {
            assert.ok(error instanceof ThriftError, String(error));
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('leaves a footer alone but for what it hides', async () => {
    const content = Buffer.from(
      parquetWriteBuffer({ columnData: [{ name: 'a', data: [1, 2], type: 'INT32' }] }),
    );
    const footer = await readParquetFooter(memoryFile(content), signal);
    assert.deepEqual(Buffer.from(footer.replacement), content.subarray(footer.start));
  });
};

for (const choice of PARQUET_DECODERS) describe(`Damaged Parquet, decoded with ${choice}`, testsOf(choice));
