import assert from 'node:assert/strict';
import type { SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { readParquetFooter } from '../../../../extractors/formats/parquet-footer';
import { planColumns, planRowGroup, refuseChunk } from '../../../../extractors/formats/pages/page-plan';
import { memoryFile } from '../parquet-files';

const { signal } = new AbortController();

/** Why the column of such a schema is not decoded page by page; undefined: it is. */
async function refusalOf(schema: SchemaElement[]): Promise<string | undefined> {
  const bytes = new ByteWriter();
  const writer = new ParquetWriter({ writer: bytes, schema: [{ name: 'root', num_children: 1 }, ...schema] });
  void writer.finish();
  const footer = await readParquetFooter(memoryFile(Buffer.from(bytes.getBytes())), signal);
  const [plan] = planColumns(footer).values();
  assert.ok(plan !== undefined);
  return 'refused' in plan ? plan.refused : undefined;
}

const LIST = { repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' } as const;
const REPEATED = { name: 'list', repetition_type: 'REPEATED', num_children: 1 } as const;
const ELEMENT = { name: 'element', repetition_type: 'OPTIONAL', type: 'INT32' } as const;

describe('the plan of pages', () => {
  it('takes values and lists of values', async () => {
    assert.equal(await refusalOf([{ name: 'c', type: 'INT96', repetition_type: 'REQUIRED' }]), undefined);
    assert.equal(await refusalOf([{ name: 'c', ...LIST }, REPEATED, ELEMENT]), undefined);
    assert.equal(await refusalOf([{ ...ELEMENT, repetition_type: 'REPEATED' }]), undefined);
  });

  it('leaves everything else to the other decoder, and says why', async () => {
    const nested = 'is nested in another way than a list of values';
    const pair = [ELEMENT, { ...ELEMENT, name: 'other' }];
    assert.equal(
      await refusalOf([{ name: 'c', repetition_type: 'OPTIONAL', num_children: 1 }, ELEMENT]),
      nested,
    );
    assert.equal(
      await refusalOf([{ name: 'c', ...LIST }, { ...REPEATED, num_children: 2 }, ...pair]),
      nested,
    );
    assert.equal(await refusalOf([{ name: 'c', ...LIST }, { ...REPEATED, name: 'array' }, ELEMENT]), nested);
    assert.equal(
      await refusalOf([{ name: 'c', ...LIST }, { ...REPEATED, name: 'c_tuple' }, ELEMENT]),
      nested,
    );
    assert.equal(
      await refusalOf([{ name: 'c', ...LIST }, REPEATED, { ...LIST, name: 'element' }, REPEATED, ELEMENT]),
      nested,
    );
    const type = 'has a type that is not decoded page by page';
    const time = { type: 'TIME', isAdjustedToUTC: true, unit: 'NANOS' } as const;
    assert.equal(await refusalOf([{ ...ELEMENT, logical_type: time }]), type);
    assert.equal(await refusalOf([{ ...ELEMENT, converted_type: 'INT_64' }]), type);
    assert.equal(await refusalOf([{ ...ELEMENT, converted_type: 'DECIMAL', precision: 12, scale: 2 }]), type);
  });

  it('takes chunks of some codecs and encodings', () => {
    const chunk = { start: 4, bytes: 1, decodedBytes: 1, hidden: false, values: 1 };
    assert.equal(refuseChunk({ ...chunk, codec: 1, encodings: [0, 3, 8] }), undefined);
    assert.deepEqual(refuseChunk({ ...chunk, codec: 4, encodings: [0] }), {
      refused: 'is compressed with codec 4',
    });
    assert.deepEqual(refuseChunk({ ...chunk, codec: 0, encodings: [0, 42] }), {
      refused: 'has the encoding 42',
    });
  });

  it('names the column that a row group is refused for', async () => {
    const bytes = new ByteWriter();
    const writer = new ParquetWriter({
      writer: bytes,
      codec: 'LZ4_RAW',
      compressors: { LZ4_RAW: (content) => content },
      schema: [{ name: 'root', num_children: 1 }, ELEMENT],
    });
    void writer.write({ columnData: [{ name: 'element', data: [1, 2] }] });
    void writer.finish();
    const footer = await readParquetFooter(memoryFile(Buffer.from(bytes.getBytes())), signal);
    assert.deepEqual(planRowGroup(footer, planColumns(footer), 0, ['element']), {
      refused: 'column element is compressed with codec 7',
    });
    assert.deepEqual(planRowGroup(footer, planColumns(footer), 0, ['none']), {
      refused: 'there is no column none',
    });
  });
});
