import assert from 'node:assert/strict';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import type { Cell, Row } from '../../../core/cells';
import { daysFromDate } from '../../../core/calendar';
import type { ColumnType, TableSchema } from '../../../core/schema';
import { AVRO_BLOCK_BYTES, compileAvroEncoder, type AvroCodec } from '../../../transforms/encode/avro';
import { avroCellOf, avroColumns } from './arbitrary-avro';
import { readContainer, readRows } from './avro-reading';
import {
  BOOL,
  BYTES,
  DATE,
  FLOAT32,
  FLOAT64,
  INT64,
  JSON_TYPE,
  STRING,
  arrayOf,
  datetime,
  structOf,
  time,
  timestamp,
} from './conversion-case';

const CODECS = ['snappy', 'deflate', 'null'] as const satisfies AvroCodec[];
const NUMERIC: ColumnType = { kind: 'decimal', precision: 38, scale: 9 };
const BIGNUMERIC: ColumnType = { kind: 'decimal', precision: 76, scale: 38 };
const MICROS_PER_DAY = 86_400_000_000n;
const YEAR_1 = BigInt(daysFromDate(1, 1, 1));
const YEAR_9999 = BigInt(daysFromDate(9999, 12, 31));

function schemaOf(types: readonly ColumnType[], nullable = true): TableSchema {
  return { columns: types.map((type, index) => ({ name: `c${index}`, type, nullable })), primaryKey: [] };
}

/** A file of all rows, a block where the encoder's is full and one at the end. */
function fileOf(schema: TableSchema, rows: readonly Row[], codec?: AvroCodec): Buffer {
  const encoder = compileAvroEncoder(schema, codec === undefined ? {} : { codec });
  const pieces: Uint8Array[] = [encoder.header];
  for (const row of rows) {
    assert.ok(encoder.add(row));
    if (encoder.bytes >= AVRO_BLOCK_BYTES) pieces.push(Uint8Array.from(encoder.takeBlock()));
  }
  if (encoder.rows > 0) pieces.push(encoder.takeBlock());
  return Buffer.concat(pieces);
}

async function roundTrip(type: ColumnType, cell: Cell): Promise<Cell> {
  const schema = schemaOf([type]);
  const [row] = await readRows(schema, fileOf(schema, [[cell]], 'null'));
  return row?.[0] ?? null;
}

describe('compileAvroEncoder', () => {
  const cases: readonly [string, ColumnType, Cell][] = [
    ['true', BOOL, true],
    ['false', BOOL, false],
    ['zero', INT64, 0n],
    ['the largest int64', INT64, 2n ** 63n - 1n],
    ['the smallest int64', INT64, -(2n ** 63n)],
    ['an unsigned int of 32 bits', { kind: 'int', bits: 32, unsigned: true }, 2n ** 32n - 1n],
    ['-0', FLOAT64, -0],
    ['NaN', FLOAT64, NaN],
    ['-Infinity', FLOAT64, -Infinity],
    ['the smallest double', FLOAT64, Number.MIN_VALUE],
    ['a float32', FLOAT32, Math.fround(0.1)],
    ['an empty text', STRING, ''],
    ['a text of every width', STRING, 'aé€📦\u0000'],
    ['the last character of one byte', STRING, '\u007f'],
    ['the first of two bytes', STRING, '\u0080'],
    ['the last of two bytes, the first and the last of three', STRING, '\u07ff\u0800\uffff'],
    ['a text of 100,000 characters', STRING, 'x'.repeat(100_000)],
    ['empty bytes', BYTES, new Uint8Array()],
    ['bytes', BYTES, Uint8Array.of(0, 128, 255)],
    ['a document', JSON_TYPE, '{"a": [1.0, null]}'],
    ['a document that is null', JSON_TYPE, 'null'],
    ['a uuid', { kind: 'uuid' }, '6b1d1e7a-0000-4000-8000-0123456789ab'],
    ['the first date', DATE, YEAR_1],
    ['the last date', DATE, YEAR_9999],
    ['the last microsecond of a day', time('us'), MICROS_PER_DAY - 1n],
    ['the first datetime', datetime('us'), YEAR_1 * MICROS_PER_DAY],
    ['the last timestamp', timestamp('us'), (YEAR_9999 + 1n) * MICROS_PER_DAY - 1n],
    ['an empty array', arrayOf(INT64), []],
    ['an array', arrayOf(STRING), ['', 'é']],
    ['an array of structs', arrayOf(structOf([['a', arrayOf(INT64)]])), [[[1n]], [[]]]],
    [
      'a struct of nulls',
      structOf([
        ['a', INT64],
        ['b', structOf([['a', STRING]])],
      ]),
      [null, [null]],
    ],
    ['an empty struct', structOf([]), []],
    ['null', STRING, null],
  ];
  for (const [name, type, cell] of cases) {
    it(`writes ${name}`, async () => assert.deepEqual(await roundTrip(type, cell), cell));
  }

  it('writes null arrays as empty ones, also within structs', async () => {
    assert.deepEqual(await roundTrip(arrayOf(INT64), null), []);
    assert.deepEqual(await roundTrip(structOf([['a', arrayOf(INT64)]]), [null]), [[]]);
  });

  const decimals: readonly [ColumnType, string, string][] = [
    [NUMERIC, '0', '0.000000000'],
    [NUMERIC, '-0.000000001', '-0.000000001'],
    [NUMERIC, '1234.5', '1234.500000000'],
    [NUMERIC, '999999.999999999', '999999.999999999'],
    [NUMERIC, '1000000.0', '1000000.000000000'],
    [NUMERIC, '-12345678901234', '-12345678901234.000000000'],
    [BIGNUMERIC, '7.5', `7.5${'0'.repeat(37)}`],
    [NUMERIC, '-9223372036.854775808', '-9223372036.854775808'],
    [NUMERIC, '9223372036.854775808', '9223372036.854775808'],
    [NUMERIC, `-${'9'.repeat(29)}.${'9'.repeat(9)}`, `-${'9'.repeat(29)}.${'9'.repeat(9)}`],
    [BIGNUMERIC, `${'9'.repeat(38)}.${'9'.repeat(38)}`, `${'9'.repeat(38)}.${'9'.repeat(38)}`],
    [BIGNUMERIC, `-${'9'.repeat(38)}.${'9'.repeat(38)}`, `-${'9'.repeat(38)}.${'9'.repeat(38)}`],
    [BIGNUMERIC, `0.${'0'.repeat(37)}1`, `0.${'0'.repeat(37)}1`],
    [{ kind: 'decimal', precision: 5, scale: 0 }, '-32768', '-32768'],
    [{ kind: 'decimal', precision: 5 }, '128', '128'],
  ];
  for (const [type, text, expected] of decimals) {
    it(`writes the decimal ${text.slice(0, 30)} at its scale`, async () => {
      assert.equal(await roundTrip(type, text), expected);
    });
  }

  it('writes decimals in as few bytes as hold them', () => {
    const type: ColumnType = { kind: 'decimal', precision: 38, scale: 0 };
    // Each is the last of its size, or the first of the next.
    for (const bits of [7, 8, 15, 16, 23, 31, 32, 39, 47, 49, 50, 55, 56, 59, 60, 63, 64, 71, 100]) {
      for (const value of [2n ** BigInt(bits) - 1n, -(2n ** BigInt(bits)), 2n ** BigInt(bits)]) {
        const encoder = compileAvroEncoder(schemaOf([type], false), { codec: 'null' });
        encoder.add([value.toString()]);
        const size = Math.floor((value < 0n ? ~value : value).toString(2).length / 8) + 1;
        assert.equal(encoder.bytes, 1 + size, `${value}`);
      }
    }
  });

  for (const codec of CODECS) {
    it(`writes what a reader gives back, whatever the schema, with ${codec}`, async () => {
      const table = avroColumns.chain((columns) =>
        fc
          .array(fc.tuple(...columns.map(({ type, nullable }) => avroCellOf(type, nullable))), {
            maxLength: 5,
          })
          .map((rows) => ({ schema: { columns, primaryKey: [] }, rows })),
      );
      await fc.assert(
        fc.asyncProperty(table, async ({ schema, rows }) => {
          assert.deepEqual(await readRows(schema, fileOf(schema, rows, codec)), rows);
        }),
        { numRuns: codec === 'null' ? 600 : 150 },
      );
    });

    it(`begins a block where one is full, with ${codec}`, async () => {
      const schema = schemaOf([INT64, STRING]);
      const rows = Array.from({ length: 3000 }, (_, index): Row => [BigInt(index), `${index}`.repeat(80)]);
      const file = fileOf(schema, rows, codec);
      const { blocks } = await readContainer(file);
      assert.ok(blocks.length > 3, `${blocks.length}`);
      assert.equal(
        blocks.reduce((sum, count) => sum + count),
        rows.length,
      );
      assert.deepEqual(await readRows(schema, file), rows);
    });

    it(`writes blocks that cannot be compressed, blocks of one byte, and empty blocks, with ${codec}`, async () => {
      const schema = schemaOf([BYTES], false);
      const noise = new Uint8Array(1_000_000);
      let state = 1;
      for (let index = 0; index < noise.length; index++) {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        noise[index] = state >>> 23;
      }
      const encoder = compileAvroEncoder(schema, { codec });
      const pieces: Uint8Array[] = [encoder.header, Uint8Array.from(encoder.takeBlock())];
      for (const row of [noise, new Uint8Array(), new Uint8Array(70_000), noise.subarray(0, 65_537)]) {
        encoder.add([row]);
        pieces.push(Uint8Array.from(encoder.takeBlock()));
      }
      // avsc waits for more behind a block without rows, so that one is read by hand.
      const [header = new Uint8Array(), empty = new Uint8Array(), ...blocks] = pieces;
      assert.deepEqual([...empty.subarray(0, 1)], [0]);
      assert.deepEqual(empty.subarray(-16), header.subarray(-16));
      const rows = await readRows(schema, Buffer.concat([header, ...blocks]));
      assert.deepEqual(rows, [
        [noise],
        [new Uint8Array()],
        [new Uint8Array(70_000)],
        [noise.subarray(0, 65_537)],
      ]);
    });

    it(`has bytes that a reader misses when they change, with ${codec}`, async () => {
      const schema = schemaOf([STRING], false);
      const encoder = compileAvroEncoder(schema, { codec });
      encoder.add(['the quick brown fox jumps over the lazy dog '.repeat(20)]);
      const block = Uint8Array.from(encoder.takeBlock());
      const damaged = Uint8Array.from(block);
      // Of the last byte before the marker: the checksum's, in snappy.
      const at = damaged.length - 17;
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      const whole = await readRows(schema, Buffer.concat([encoder.header, block]));
      assert.equal(whole.length, 1);
      const reading = readRows(schema, Buffer.concat([encoder.header, damaged]));
      if (codec === 'snappy') await assert.rejects(reading, /wrong checksum/);
      else assert.notDeepEqual(await reading.catch(() => 'refused'), whole);
    });
  }

  it('checks every bit of a snappy block', async () => {
    const schema = schemaOf([INT64], false);
    const encoder = compileAvroEncoder(schema);
    for (let value = 0n; value < 20n; value++) encoder.add([value * 1_000_003n]);
    const block = Uint8Array.from(encoder.takeBlock());
    assert.ok((block[0] ?? 255) < 128 && (block[1] ?? 0) > 127 && (block[2] ?? 255) < 128);
    // Behind the two lengths, of one and two bytes, up to the marker.
    for (let at = 3; at < block.length - 16; at++) {
      const damaged = Uint8Array.from(block);
      damaged[at] = (damaged[at] ?? 0) ^ 16;
      await assert.rejects(readRows(schema, Buffer.concat([encoder.header, damaged])), `byte ${at}`);
    }
  });

  it('writes the same bytes for the same rows and marker, from the header to the checksum', () => {
    const encoder = compileAvroEncoder(schemaOf([INT64, STRING]), {
      sync: Uint8Array.from({ length: 16 }, (_, index) => index),
    });
    const schema =
      '{"type":"record","name":"record_0","fields":[{"name":"c0","type":["null","long"]},{"name":"c1","type":["null","string"]}]}';
    const marker = '000102030405060708090a0b0c0d0e0f';
    const header = Buffer.from(encoder.header).toString('latin1');
    assert.equal(header.slice(0, 4), 'Obj\u0001');
    assert.ok(header.includes(schema) && header.includes('\u0014avro.codec\u000csnappy'), header);
    assert.equal(Buffer.from(encoder.header.subarray(-16)).toString('hex'), marker);

    encoder.add([-65n, 'ab']);
    const plain = '028101' + '02046162';
    const checksum = crc32(Buffer.from(plain, 'hex')).toString(16).padStart(8, '0');
    // One row, 13 bytes: snappy's length, a literal of 7, the checksum.
    assert.equal(Buffer.from(encoder.takeBlock()).toString('hex'), `021a0718${plain}${checksum}${marker}`);
  });

  it('has another marker each time', () => {
    const markers = [1, 2].map(() => compileAvroEncoder(schemaOf([INT64])).header.subarray(-16));
    assert.notDeepEqual(markers[0], markers[1]);
  });

  it('refuses cells that are not of their type, and nulls where there can be none', () => {
    const refused: [ColumnType, Cell, RegExp][] = [
      [INT64, 5, /a number .* of type int64/],
      [INT64, 2n ** 63n, /a bigint .* of type int64/],
      [DATE, 2n ** 31n, /a bigint .* of type date/],
      [DATE, 2n ** 64n, /a bigint .* of type date/],
      [STRING, 5n, /a bigint .* of type string/],
      [NUMERIC, 'NaN', /a string .* of type decimal/],
      [NUMERIC, '', /a string .* of type decimal/],
      [NUMERIC, '1.2.3', /a string .* of type decimal/],
      [NUMERIC, '1.0000000001', /a string .* of type decimal/],
      [NUMERIC, `${'1'.repeat(20)}e5`, /a string .* of type decimal/],
      [NUMERIC, `${'1'.repeat(20)}.${'1'.repeat(10)}`, /a string .* of type decimal/],
      [BYTES, 'x', /a string .* of type bytes/],
      [arrayOf(INT64), 'x', /a string .* of type array/],
      [arrayOf(INT64), [null], /a null in an array/],
      [arrayOf(INT64), [[1n]], /an array .* of type int64/],
      [structOf([['a', INT64]]), 1n, /a bigint .* of type struct/],
    ];
    for (const [type, cell, message] of refused) {
      const encoder = compileAvroEncoder(schemaOf([type]));
      assert.throws(() => encoder.add([cell]), message);
    }
    const strict = compileAvroEncoder(schemaOf([INT64], false));
    assert.throws(() => strict.add([null]), /a null in c0/);
    assert.throws(() => strict.add([]), /a null in c0/);
  });

  it('leaves out rows that are longer than allowed, exactly, and no other', async () => {
    for (const length of [10, 40, 5000, 400_000]) {
      const schema = schemaOf([INT64, STRING, arrayOf(INT64)], false);
      const row: Row = [5n, 'é'.repeat(length), [1n, 2n]];
      const whole = compileAvroEncoder(schema);
      whole.add(row);
      const { bytes } = whole;

      const fits = compileAvroEncoder(schema, { maxRowBytes: bytes });
      assert.ok(fits.add([1n, 'x', []]) && fits.add(row));
      const tight = compileAvroEncoder(schema, { maxRowBytes: bytes - 1 });
      assert.ok(tight.add([1n, 'x', []]));
      assert.equal(tight.add(row), false);
      assert.ok(tight.add([2n, 'y', []]));
      assert.equal(tight.rows, 2);
      const file = Buffer.concat([tight.header, tight.takeBlock()]);
      assert.deepEqual(await readRows(schema, file), [
        [1n, 'x', []],
        [2n, 'y', []],
      ]);
    }
  });

  it('leaves nothing behind of a row that is longer by far', async () => {
    const schema = schemaOf([INT64, STRING], false);
    const encoder = compileAvroEncoder(schema, { maxRowBytes: 1000 });
    assert.ok(encoder.add([1n, 'x']));
    assert.equal(encoder.add([2n, 'é'.repeat(400_000)]), false);
    assert.ok(encoder.add([3n, 'y']));
    const rows = [
      [1n, 'x'],
      [3n, 'y'],
    ];
    assert.deepEqual(await readRows(schema, Buffer.concat([encoder.header, encoder.takeBlock()])), rows);
  });
});
