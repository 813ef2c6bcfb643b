import assert from 'node:assert/strict';
import * as arrow from 'apache-arrow';
import fc from 'fast-check';
import type { Cell } from '../../../core/cells';
import { formatType } from '../../../core/format-type';
import { BeamliftError } from '../../../core/errors';
import type { ArrowData } from '../../../core/arrow-buffers';
import { UnreadableCell } from '../../../core/arrow-rows';
import { arrowCellReader } from '../../../extractors/formats/arrow-cells';
import { decimalText, halfToNumber } from '../../../extractors/formats/arrow-numbers';
import {
  arrowLayout,
  columnTypeOf,
  type ArrowType,
  type LeafAnnotation,
} from '../../../extractors/formats/arrow-schema';

/** Type and cells of a column, through the Arrow IPC format as the decoder sends it. */
function readColumn(
  vector: arrow.Vector,
  annotations: LeafAnnotation[] = [],
): { type: string; cells: Cell[] } {
  const table = arrow.tableFromIPC(arrow.tableToIPC(new arrow.Table({ column: vector }), 'stream'));
  return readData(
    table.batches.map((batch) => batch.data.children[0] as unknown as ArrowData),
    table.schema.fields[0]?.type,
    annotations,
  );
}

function readData(
  chunks: ArrowData[],
  type: unknown,
  annotations: LeafAnnotation[] = [],
): { type: string; cells: Cell[] } {
  const layout = arrowLayout({ column: 'column' }, type as ArrowType, annotations);
  const cells = chunks.flatMap((data) => {
    const read = arrowCellReader(layout, data);
    return Array.from({ length: data.length }, (_, index) => read(index));
  });
  return { type: formatType(columnTypeOf(layout)), cells };
}

/** A column whose values are these bytes. */
function raw(
  type: arrow.DataType,
  bytes: ArrayBufferView,
  length: number,
  nullBitmap?: number,
): { type: string; cells: Cell[] } {
  const data = arrow.makeData<arrow.Int64>({
    type: type as never,
    length,
    data: bytes as BigInt64Array,
    ...(nullBitmap === undefined ? {} : { nullBitmap: Uint8Array.of(nullBitmap), nullCount: -1 }),
  });
  return readColumn(new arrow.Vector([data]));
}

describe('Arrow cells', () => {
  it('reads whole numbers of every width', () => {
    assert.deepEqual(raw(new arrow.Int8(), Int8Array.of(-128, 127), 2), {
      type: 'int8',
      cells: [-128n, 127n],
    });
    assert.deepEqual(raw(new arrow.Uint8(), Uint8Array.of(255), 1), { type: 'uint8', cells: [255n] });
    assert.deepEqual(raw(new arrow.Int16(), Int16Array.of(-32768), 1).cells, [-32768n]);
    assert.deepEqual(raw(new arrow.Uint16(), Uint16Array.of(65535), 1).cells, [65535n]);
    assert.deepEqual(raw(new arrow.Int32(), Int32Array.of(-2147483648), 1).cells, [-2147483648n]);
    assert.deepEqual(raw(new arrow.Uint32(), Uint32Array.of(4294967295), 1).cells, [4294967295n]);
    const edge = 2n ** 63n - 1n;
    assert.deepEqual(raw(new arrow.Int64(), BigInt64Array.of(edge, -edge - 1n), 2).cells, [edge, -edge - 1n]);
    assert.deepEqual(raw(new arrow.Uint64(), BigUint64Array.of(2n ** 64n - 1n), 1), {
      type: 'uint64',
      cells: [2n ** 64n - 1n],
    });
  });

  it('reads nulls from the bitmap', () => {
    const { cells } = raw(new arrow.Int32(), Int32Array.of(1, 2, 3, 4), 4, 0b1010);
    assert.deepEqual(cells, [null, 2n, null, 4n]);
    assert.deepEqual(readColumn(arrow.vectorFromArray([true, null, false], new arrow.Bool())).cells, [
      true,
      null,
      false,
    ]);
    assert.deepEqual(readColumn(arrow.vectorFromArray([null, null], new arrow.Null())), {
      type: 'string',
      cells: [null, null],
    });
  });

  it('reads a slice that begins within a byte of the bitmaps', () => {
    const whole = arrow.vectorFromArray(
      [true, null, false, true, true, null, true, false, null, true],
      new arrow.Bool(),
    );
    const slice = whole.slice(3, 10);
    assert.deepEqual(readData(slice.data as unknown as ArrowData[], slice.type).cells, [
      true,
      true,
      null,
      true,
      false,
      null,
      true,
    ]);
  });

  it('reads floats of 16, 32 and 64 bits', () => {
    const halves = raw(new arrow.Float16(), Uint16Array.of(0x3c00, 0x8000, 0x7c00, 0x7e00, 0x0001), 5);
    assert.deepEqual(halves, { type: 'float32', cells: [1, -0, Infinity, NaN, 2 ** -24] });
    assert.deepEqual(raw(new arrow.Float32(), Float32Array.of(1.5, NaN), 2), {
      type: 'float32',
      cells: [1.5, NaN],
    });
    assert.deepEqual(raw(new arrow.Float64(), Float64Array.of(0.1, -Infinity), 2), {
      type: 'float64',
      cells: [0.1, -Infinity],
    });
  });

  it('knows every half', () => {
    for (let bits = 0; bits < 0x7c00; bits++) {
      const value = halfToNumber(bits);
      assert.equal(halfToNumber(bits | 0x8000), -value);
      assert.ok(bits === 0 || value > halfToNumber(bits - 1), `${bits}`);
    }
    assert.equal(halfToNumber(0x7bff), 65504);
    assert.equal(halfToNumber(0xfc00), -Infinity);
  });

  it('reads decimals of every width as canonical text', () => {
    assert.deepEqual(raw(new arrow.Decimal(3, 9, 32), Int32Array.of(-1, 123456789), 2), {
      type: 'decimal(9,3)',
      cells: ['-0.001', '123456.789'],
    });
    assert.deepEqual(raw(new arrow.Decimal(2, 18, 64), BigInt64Array.of(-150n), 1).cells, ['-1.50']);
    const words = (value: bigint, count: number): BigInt64Array =>
      BigInt64Array.from({ length: count }, (_, index) => BigInt.asIntN(64, value >> BigInt(64 * index)));
    for (const [bits, limit] of [
      [128, 2n ** 127n],
      [256, 2n ** 255n],
    ] as const) {
      const value = fc.bigInt({ min: -limit, max: limit - 1n });
      const around = fc.constantFrom(
        0n,
        1n,
        -1n,
        2n ** 63n,
        -(2n ** 63n),
        2n ** 64n,
        -(2n ** 64n),
        2n ** 64n - 1n,
        limit - 1n,
        -limit,
      );
      fc.assert(
        fc.property(fc.oneof(value, around), (number) => {
          const { cells } = raw(new arrow.Decimal(0, 38, bits), words(number, bits / 64), 1);
          assert.deepEqual(cells, [String(number)]);
        }),
        { numRuns: 200 },
      );
    }
  });

  it('puts the point of a decimal where the scale says', () => {
    assert.equal(decimalText(0n, 2), '0.00');
    assert.equal(decimalText(-5n, 1), '-0.5');
    assert.equal(decimalText(12n, 0), '12');
    assert.equal(decimalText(-12n, -2), '-1200');
    fc.assert(
      fc.property(fc.bigInt(), fc.nat(40), (unscaled, scale) => {
        const text = decimalText(unscaled, scale);
        assert.match(text, /^-?(0|[1-9]\d*)(\.\d+)?$/);
        const [whole = '', fraction = ''] = text.split('.');
        assert.equal(fraction.length, scale);
        assert.equal(BigInt(whole + fraction), unscaled);
      }),
    );
  });

  it('reads texts and bytes of every offset width', () => {
    const texts = ['plain', null, '', 'ż🐢', 'longer than twelve bytes, so that a view refers to it'];
    for (const type of [new arrow.Utf8(), new arrow.LargeUtf8()]) {
      assert.deepEqual(readColumn(arrow.vectorFromArray(texts, type)), { type: 'string', cells: texts });
      assert.deepEqual(readColumn(arrow.vectorFromArray(texts.slice(0, 3), type)).cells, texts.slice(0, 3));
    }
    assert.equal(readColumn(arrow.vectorFromArray(['{}'], new arrow.Utf8()), ['json']).type, 'json');
    const blobs = [Uint8Array.of(0, 255), null, new Uint8Array(0)];
    for (const type of [new arrow.Binary(), new arrow.LargeBinary()]) {
      assert.deepEqual(readColumn(arrow.vectorFromArray(blobs, type)), { type: 'bytes', cells: blobs });
    }
  });

  it('reads views, inline and in buffers', () => {
    const long = Buffer.from('longer than twelve bytes');
    const views = Buffer.alloc(48);
    views.writeInt32LE(5, 0);
    views.write('short', 4, 'latin1');
    views.writeInt32LE(long.length, 16);
    views.writeInt32LE(0, 24);
    views.writeInt32LE(3, 28);
    const data: ArrowData = {
      length: 3,
      offset: 0,
      nullCount: 0,
      values: views,
      children: [],
      variadicBuffers: [Buffer.concat([Buffer.from('???'), long])],
    };
    const cells = ['short', 'longer than twelve bytes', ''];
    assert.deepEqual(readData([data], new arrow.Utf8View()), { type: 'string', cells });
    assert.deepEqual(readData([data], new arrow.BinaryView()), {
      type: 'bytes',
      cells: cells.map((cell) => Uint8Array.from(Buffer.from(cell))),
    });
    views.writeInt32LE(1000, 28);
    assert.throws(() => readData([data], new arrow.Utf8View()), BeamliftError);
  });

  it('gives bytes that do not keep the batch alive', () => {
    const { cells } = readColumn(arrow.vectorFromArray([Uint8Array.of(1)], new arrow.Binary()));
    assert.ok(cells[0] instanceof Uint8Array);
    assert.equal(cells[0].buffer.byteLength, 1);
  });

  it('reads dates, times and instants in their own units', () => {
    assert.deepEqual(raw(new arrow.DateDay(), Int32Array.of(-1, 2932896), 2), {
      type: 'date',
      cells: [-1n, 2932896n],
    });
    assert.deepEqual(raw(new arrow.DateMillisecond(), BigInt64Array.of(-86400000n), 1), {
      type: 'date',
      cells: [-1n],
    });
    assert.throws(() => raw(new arrow.DateMillisecond(), BigInt64Array.of(1n), 1), UnreadableCell);
    assert.deepEqual(raw(new arrow.TimeSecond(), Int32Array.of(86399), 1), {
      type: 'time(s)',
      cells: [86399n],
    });
    assert.deepEqual(raw(new arrow.TimeNanosecond(), BigInt64Array.of(86399999999999n), 1), {
      type: 'time(ns)',
      cells: [86399999999999n],
    });
    const far = 2n ** 62n + 1n;
    assert.deepEqual(raw(new arrow.TimestampNanosecond(), BigInt64Array.of(far), 1), {
      type: 'datetime(ns)',
      cells: [far],
    });
    assert.deepEqual(raw(new arrow.TimestampMicrosecond('Europe/Warsaw'), BigInt64Array.of(-far), 1), {
      type: 'timestamp',
      cells: [-far],
    });
    assert.deepEqual(raw(new arrow.TimestampSecond('UTC'), BigInt64Array.of(1n), 1).type, 'timestamp(s)');
    assert.deepEqual(raw(new arrow.DurationMicrosecond(), BigInt64Array.of(far), 1), {
      type: 'int64',
      cells: [far],
    });
  });

  it('reads intervals of every kind', () => {
    assert.deepEqual(raw(new arrow.IntervalYearMonth(), Int32Array.of(-14), 1), {
      type: 'interval',
      cells: [[-14n, 0n, 0n]],
    });
    assert.deepEqual(raw(new arrow.IntervalDayTime(), Int32Array.of(3, -5), 1).cells, [[0n, 3n, -5000n]]);
    const value = Buffer.alloc(16);
    value.writeInt32LE(-1, 0);
    value.writeInt32LE(2, 4);
    value.writeBigInt64LE(-3000n, 8);
    assert.deepEqual(
      raw(new arrow.IntervalMonthDayNano(), new Int32Array(value.buffer, value.byteOffset, 4), 1).cells,
      [[-1n, 2n, -3n]],
    );
    value.writeBigInt64LE(1n, 8);
    assert.throws(
      () => raw(new arrow.IntervalMonthDayNano(), new Int32Array(value.buffer, value.byteOffset, 4), 1),
      UnreadableCell,
    );
  });

  it('reads fixed bytes, and uuids where the file says so', () => {
    const bytes = Uint8Array.from({ length: 32 }, (_, index) => index);
    const vector = arrow.vectorFromArray(
      [bytes.subarray(0, 16), bytes.subarray(16)],
      new arrow.FixedSizeBinary(16),
    );
    assert.deepEqual(readColumn(vector), { type: 'bytes', cells: [bytes.slice(0, 16), bytes.slice(16)] });
    assert.deepEqual(readColumn(vector, ['uuid']), {
      type: 'uuid',
      cells: ['00010203-0405-0607-0809-0a0b0c0d0e0f', '10111213-1415-1617-1819-1a1b1c1d1e1f'],
    });
  });

  it('reads lists, structs and maps, and their nulls', () => {
    const item = new arrow.Field('item', new arrow.Int32(), true);
    const lists = [[1, null, 3], null, [], [4, 5, 6]];
    const cells = [[1n, null, 3n], null, [], [4n, 5n, 6n]];
    assert.deepEqual(readColumn(arrow.vectorFromArray(lists, new arrow.List(item))), {
      type: 'array<int32>',
      cells,
    });
    const fixed = arrow.vectorFromArray([[1, null], null, [5, 6]], new arrow.FixedSizeList(2, item));
    assert.deepEqual(readColumn(fixed).cells, [[1n, null], null, [5n, 6n]]);
    const struct = new arrow.Struct([item, new arrow.Field('__proto__', new arrow.Utf8(), true)]);
    const rows = Array.from({ length: 2 }, (_, index) => ({ item: index, ['__proto__']: 'p' }));
    assert.deepEqual(readColumn(arrow.vectorFromArray([rows[0], null, rows[1]], struct)), {
      type: 'struct<item int32, __proto__ string>',
      cells: [[0n, 'p'], null, [1n, 'p']],
    });
    const entries = new arrow.Field(
      'entries',
      new arrow.Struct([
        new arrow.Field('key', new arrow.Utf8(), false),
        new arrow.Field('value', new arrow.Int32(), true),
      ]),
      false,
    );
    const maps = arrow.vectorFromArray(
      [
        new Map([['a', 1]]),
        null,
        new Map<string, number | null>([
          ['b', null],
          ['c', 3],
        ]),
      ],
      new arrow.Map_(entries as never),
    );
    assert.deepEqual(readColumn(maps), {
      type: 'array<struct<key string, value int32>>',
      cells: [
        [['a', 1n]],
        null,
        [
          ['b', null],
          ['c', 3n],
        ],
      ],
    });
  });

  it('reads large lists', () => {
    const child: ArrowData = {
      length: 3,
      offset: 0,
      nullCount: 0,
      values: Int32Array.of(7, 8, 9),
      children: [],
    };
    const data: ArrowData = {
      length: 2,
      offset: 0,
      nullCount: 0,
      valueOffsets: BigInt64Array.of(0n, 1n, 3n),
      children: [child],
    };
    const type = new arrow.LargeList(new arrow.Field('item', new arrow.Int32(), true));
    assert.deepEqual(readData([data], type), { type: 'array<int32>', cells: [[7n], [8n, 9n]] });
  });

  it('reads dictionaries as their values', () => {
    const words = ['b', 'a', null, 'b', 'c'];
    const type = new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32());
    assert.deepEqual(readColumn(arrow.vectorFromArray(words, type)), { type: 'string', cells: words });
    const broken: ArrowData = {
      length: 1,
      offset: 0,
      nullCount: 0,
      values: Int32Array.of(5),
      children: [],
      dictionary: { data: [] },
    };
    assert.throws(() => readData([broken], type), BeamliftError);
  });

  it('gives the leaves their annotations in order', () => {
    const inner = new arrow.Struct([
      new arrow.Field('id', new arrow.FixedSizeBinary(16), true),
      new arrow.Field('docs', new arrow.List(new arrow.Field('item', new arrow.Utf8(), true)), true),
    ]);
    const layout = arrowLayout({}, inner, ['uuid', 'json']);
    assert.equal(formatType(columnTypeOf(layout)), 'struct<id uuid, docs array<json>>');
  });

  it('refuses what has no cells', () => {
    const union = new arrow.SparseUnion([0], [new arrow.Field('a', new arrow.Int32(), true)]);
    assert.throws(
      () => arrowLayout({ object: 'f', column: 'u' }, union, []),
      (error: unknown) =>
        error instanceof BeamliftError && error.code === 'TYPE_UNSUPPORTED' && error.where.column === 'u',
    );
  });
});
