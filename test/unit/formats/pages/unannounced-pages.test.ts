import assert from 'node:assert/strict';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { parquetReader } from '../../../../extractors/formats/parquet';
import { readParquetFooter } from '../../../../extractors/formats/parquet-footer';
import { UnreadPage } from '../../../../extractors/formats/pages/page-errors';
import { ListColumn } from '../../../../extractors/formats/pages/list-column';
import { ChunkBytes } from '../../../../extractors/formats/pages/chunk-bytes';
import { pageMemory } from '../../../../extractors/formats/pages/page-memory';
import { planColumns } from '../../../../extractors/formats/pages/page-plan';
import { pageHeader } from '../../../../transforms/encode/parquet-footer';
import { memoryFile, readEverything } from '../parquet-files';
import { decodePages } from './both-decoders';

const { signal } = new AbortController();

/** Bytes of a value. */
const WIDTH = 1000;

/** Snappy whose last value is a copy of the first one, however far back that is: the format allows it, Google's does not write it. */
function farSnappy(content: Uint8Array): Uint8Array {
  const length: number[] = [];
  let rest = content.length;
  for (; rest > 127; rest >>>= 7) length.push((rest & 127) | 128);
  const begin = Buffer.of(...length, rest);
  const copied = 50;
  const number = (value: number): number[] => [
    value & 255,
    (value >> 8) & 255,
    (value >> 16) & 255,
    value >>> 24,
  ];
  const literal = (bytes: number): Buffer => Buffer.of(63 << 2, ...number(bytes - 1));
  const distance = content.length - WIDTH;
  const copy = Buffer.of(((copied - 1) << 2) | 3, ...number(distance));
  const copies = new Array<Buffer>(WIDTH / copied).fill(copy);
  return Buffer.concat([begin, literal(distance), content.subarray(0, distance), ...copies]);
}

describe('pages that the footer does not announce', () => {
  it('are left to the other decoder, from the row on where they begin', async () => {
    // More than one batch.
    const ROWS = 3000;
    const bytes = new ByteWriter();
    const value = (row: number): Uint8Array =>
      Uint8Array.from({ length: WIDTH }, (_, byte) => (row * 31 + byte) & 255);
    const data = Array.from({ length: ROWS }, (_, row) => value(row === ROWS - 1 ? 0 : row));
    const writer = new ParquetWriter({
      writer: bytes,
      codec: 'SNAPPY',
      compressors: { SNAPPY: farSnappy },
      schema: [
        { name: 'root', num_children: 1 },
        { name: 'v', type: 'FIXED_LEN_BYTE_ARRAY', type_length: WIDTH, repetition_type: 'REQUIRED' },
      ],
    });
    void writer.write({
      columnData: [{ name: 'v', data, encoding: 'PLAIN' }],
      rowGroupSize: ROWS,
      pageSize: 10_000_000,
    });
    void writer.finish();
    const content = Buffer.from(bytes.getBytes());
    await assert.rejects(decodePages(content), UnreadPage);
    const { rows, names } = await readEverything(parquetReader(), memoryFile(content));
    assert.equal(rows.length, ROWS);
    rows.forEach(([v], row) => assert.deepEqual(v, data[row]));
    assert.deepEqual(
      names,
      rows.map((_, row) => `row ${row + 1}`),
    );
  });
});

describe('lists in pages of the first version', () => {
  /** A page whose levels are runs of one each. */
  function page(
    levels: readonly (readonly [repetition: number, definition: number])[],
    values: number[],
  ): Buffer {
    const runs = (which: 0 | 1): Buffer => {
      const content = Buffer.from(levels.flatMap((level) => [2, level[which]]));
      const length = Buffer.alloc(4);
      length.writeUInt32LE(content.length);
      return Buffer.concat([length, content]);
    };
    const numbers = Buffer.from(Int32Array.from(values).buffer);
    const body = Buffer.concat([runs(0), runs(1), numbers]);
    return Buffer.concat([pageHeader(levels.length, body.length), body]);
  }

  async function columnOf(pages: readonly Buffer[], values: number): Promise<ListColumn> {
    const bytes = new ByteWriter();
    const writer = new ParquetWriter({
      writer: bytes,
      schema: [
        { name: 'root', num_children: 1 },
        { name: 'l', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        { name: 'element', repetition_type: 'OPTIONAL', type: 'INT32' },
      ],
    });
    void writer.finish();
    const footer = await readParquetFooter(memoryFile(Buffer.from(bytes.getBytes())), signal);
    const plan = planColumns(footer).get('l');
    const memory = pageMemory();
    assert.ok(plan !== undefined && 'list' in plan && plan.list !== undefined && memory !== undefined);
    const column = new ListColumn(memory, plan.shape, plan.list);
    const content = Buffer.concat(pages);
    const fetch = async (start: number, end: number): Promise<Uint8Array> =>
      await Promise.resolve(content.subarray(start, end));
    column.open(new ChunkBytes(fetch, { start: 0, end: content.length }, 50), 0, values);
    return column;
  }

  const PAGES = [
    page(
      [
        [0, 3],
        [1, 2],
        [0, 0],
        [0, 3],
      ],
      [1, 2],
    ),
    page(
      [
        [1, 3],
        [1, 3],
      ],
      [3, 4],
    ),
    page(
      [
        [1, 2],
        [0, 1],
        [0, 3],
      ],
      [5],
    ),
  ];

  it('go on from one page to the next', async () => {
    // [1, null], null, [2, 3, 4, null], [], [5]
    for (const atOnce of [1, 2, 5]) {
      const column = await columnOf(PAGES, 9);
      const lists: (number[] | null)[] = [];
      for (let done = 0; done < 5; done += atOnce) {
        column.begin();
        const rows = Math.min(atOnce, 5 - done);
        while (!column.advance(rows)) await column.nextPage();
        const { length, valueOffsets, nullBitmap, children } = column.data();
        const values = children[0]?.values as Uint8Array;
        const numbers = new Int32Array(values.buffer, values.byteOffset, values.length / 4);
        assert.equal(length, rows);
        for (let row = 0; row < length; row++) {
          const isNull =
            nullBitmap !== null &&
            nullBitmap !== undefined &&
            (((nullBitmap[row >> 3] ?? 0) >> (row & 7)) & 1) === 0;
          const [from, to] = [Number(valueOffsets?.[row]), Number(valueOffsets?.[row + 1])];
          lists.push(isNull ? null : [...numbers.subarray(from, to)]);
        }
      }
      await column.finish();
      column.close();
      assert.deepEqual(lists, [[1, 0], null, [2, 3, 4, 0], [], [5]], `${atOnce} at once`);
    }
  });

  it('are refused where there are fewer or more, and where a list goes on that has not begun', async () => {
    const more = await columnOf(PAGES, 9);
    more.begin();
    while (!more.advance(4)) await more.nextPage();
    await assert.rejects(more.finish(), /more rows/);
    const fewer = await columnOf(PAGES, 9);
    fewer.begin();
    await assert.rejects(async () => {
      while (!fewer.advance(6)) await fewer.nextPage();
    }, /fewer rows/);
    const headless = await columnOf(PAGES.slice(1), 5);
    headless.begin();
    await assert.rejects(async () => {
      while (!headless.advance(2)) await headless.nextPage();
    }, /goes on where none has begun/);
    const extra = await columnOf([...PAGES, PAGES[0] ?? Buffer.alloc(0)], 9);
    extra.begin();
    while (!extra.advance(5)) await extra.nextPage();
    await assert.rejects(extra.finish(), /more rows/);
  });
});
