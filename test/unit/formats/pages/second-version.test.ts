import assert from 'node:assert/strict';
import { ChunkBytes } from '../../../../extractors/formats/pages/chunk-bytes';
import { FlatColumn } from '../../../../extractors/formats/pages/flat-column';
import { DamagedPage } from '../../../../extractors/formats/pages/page-errors';
import { readPageHeader } from '../../../../extractors/formats/pages/page-header';
import { pageMemory } from '../../../../extractors/formats/pages/page-memory';
import { CODEC } from '../../../../extractors/formats/pages/page-plan';
import { PHYSICAL } from '../../../../extractors/formats/parquet-schema';
import { THRIFT, thriftFieldHeader, thriftSmallInteger } from '../../../../extractors/formats/parquet-thrift';

/** The header of a page of the second version; numbers are small. */
function header(
  values: number,
  bytes: number,
  levelBytes: number,
  isCompressed: boolean | undefined,
): Buffer {
  const fields = (...numbers: readonly (readonly [id: number, value: number])[]): number[] => {
    let before = 0;
    return numbers.flatMap(([id, value]) => {
      const field = [thriftFieldHeader(before, id, THRIFT.i32), thriftSmallInteger(value)];
      before = id;
      return field;
    });
  };
  return Buffer.from([
    ...fields([1, 3], [2, bytes], [3, bytes]),
    thriftFieldHeader(3, 8, THRIFT.struct),
    ...fields([1, values], [2, 0], [3, values], [4, 0], [5, levelBytes], [6, 0]),
    ...(isCompressed === undefined
      ? []
      : [thriftFieldHeader(6, 7, isCompressed ? THRIFT.true : THRIFT.false)]),
    THRIFT.stop,
    THRIFT.stop,
  ]);
}

describe('pages of the second version', () => {
  async function read(page: Buffer, codec: number): Promise<number[]> {
    const memory = pageMemory();
    assert.ok(memory !== undefined);
    const layout = { kind: 'int', bits: 32, unsigned: false } as const;
    const column = new FlatColumn(memory, { layout, physical: PHYSICAL.int32, length: 0, present: 1 });
    const fetch = async (start: number, end: number): Promise<Uint8Array> =>
      await Promise.resolve(page.subarray(start, end));
    column.open(new ChunkBytes(fetch, { start: 0, end: page.length }, 1000), codec, 2);
    column.begin();
    while (!column.advance(2)) await column.nextPage();
    await column.finish();
    const values = column.data().values as Uint8Array;
    column.close();
    return [...new Int32Array(values.buffer, values.byteOffset, 2)];
  }

  const levels = Buffer.from([4, 1]);
  const numbers = Buffer.from(Int32Array.of(7, -8).buffer);
  const snappy = Buffer.concat([Buffer.of(8, 7 << 2), numbers]);

  it('may not be compressed where others of the chunk are', async () => {
    const plain = Buffer.concat([header(2, 10, 2, false), levels, numbers]);
    assert.deepEqual(await read(plain, CODEC.snappy), [7, -8]);
    for (const isCompressed of [true, undefined]) {
      // Both sizes are written alike, and only one of them is right.
      const page = Buffer.concat([header(2, 12, 2, isCompressed), levels, snappy]);
      await assert.rejects(read(page, CODEC.snappy), /a page of 8 bytes that should have 10/);
    }
  });

  it('have headers that agree with themselves', () => {
    assert.equal(readPageHeader(header(2, 10, 2, true)).headerBytes, header(2, 10, 2, true).length);
    assert.throws(() => readPageHeader(header(2, -1, 2, true)), DamagedPage);
    assert.throws(() => readPageHeader(header(-1, 10, 2, true)), DamagedPage);
    assert.throws(() => readPageHeader(header(2, 10, 11, true)), /11 bytes of levels/);
    assert.throws(() => readPageHeader(header(2, 10, -1, true)), DamagedPage);
  });
});
