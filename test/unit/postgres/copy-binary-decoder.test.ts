import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Cell } from '../../../core/cells';
import { INSTANT_INFINITY, INSTANT_MINUS_INFINITY } from '../../../core/cells';
import { BeamliftError } from '../../../core/errors';
import { CopyBinaryDecoder } from '../../../extractors/postgres/copy-binary-decoder';
import {
  arrayDecoder,
  decodeBool,
  decodeBytes,
  decodeDate,
  decodeFloat64,
  decodeInt32,
  decodeInt64,
  decodeInterval,
  decodeNumeric,
  decodeText,
  decodeTimestamp,
  decodeUncheckedText,
  decodeUuid,
  jsonbDecoder,
  structDecoder,
  type FieldDecoder,
} from '../../../extractors/postgres/field-decoders';
import { array, composite, copyStream, float64, int32, int64, numeric } from './copy-binary-writer';

interface Decoded {
  rows: Cell[][];
  unreadable: { cells: Cell[]; field: number; reason: string }[];
  sawTrailer: boolean;
  count: number;
}

function decode(fields: readonly FieldDecoder[], chunks: readonly Buffer[], maxRowBytes = 1 << 20): Decoded {
  const rows: Cell[][] = [];
  const unreadable: Decoded['unreadable'] = [];
  const decoder = new CopyBinaryDecoder(
    fields,
    {
      row: (cells) => void rows.push(cells),
      unreadable: (cells, field, reason) => void unreadable.push({ cells, field, reason }),
    },
    { maxRowBytes },
  );
  for (const chunk of chunks) decoder.push(chunk);
  return { rows, unreadable, sawTrailer: decoder.sawTrailer, count: decoder.rows };
}

/** One value of one column. */
function decodeOne(field: FieldDecoder, bytes: Buffer): Cell | undefined {
  const { rows } = decode([field], [copyStream([[bytes]])]);
  return rows[0]?.[0];
}

/** Copies, so that no chunk sees beyond its end. */
function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const ends = [...at.map((position) => position % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let start = 0;
  return ends.map((end) => {
    const chunk = Buffer.from(bytes.subarray(start, end));
    start = end;
    return chunk;
  });
}

const text = (value: string): Buffer => Buffer.from(value, 'utf8');

describe('postgres: CopyBinaryDecoder', () => {
  const fields = [decodeInt32, decodeText, decodeNumeric, arrayDecoder(decodeText), decodeBytes];
  const sample: (Buffer | null)[][] = [
    [
      int32(1),
      text('héllo 📦'),
      numeric('-12345.6700'),
      array([2], [text('a'), null]),
      Buffer.from([0, 255]),
    ],
    [null, text(''), numeric('0.00'), array([], []), Buffer.alloc(0)],
    [int32(-2), null, null, null, null],
  ];
  const expected = [
    [1n, 'héllo 📦', '-12345.6700', ['a', null], Buffer.from([0, 255])],
    [null, '', '0.00', [], Buffer.alloc(0)],
    [-2n, null, null, null, null],
  ];

  it('gives the same rows wherever the stream is cut in two, and byte by byte', () => {
    const stream = copyStream(sample);
    for (let at = 0; at <= stream.length; at++) {
      assert.deepEqual(decode(fields, cut(stream, [at])).rows, expected, `cut at ${at}`);
    }
    const bytes = Array.from(stream, (_byte, index) => Buffer.from(stream.subarray(index, index + 1)));
    const decoded = decode(fields, bytes);
    assert.deepEqual(decoded.rows, expected);
    assert.equal(decoded.sawTrailer, true);
    assert.equal(decoded.count, 3);
  });

  it('decodes any rows from any chunks (property)', () => {
    const cell = fc.option(fc.string({ unit: 'grapheme', maxLength: 12 }), { nil: null });
    const row = fc.tuple(
      fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { nil: null }),
      cell,
      cell,
    );
    fc.assert(
      fc.property(
        fc.array(row, { maxLength: 20 }),
        fc.array(fc.nat(4000), { maxLength: 8 }),
        (rows, cuts) => {
          const stream = copyStream(
            rows.map(([number, first, second]) => [
              number === null ? null : int64(number),
              first === null ? null : text(first),
              second === null ? null : text(second),
            ]),
          );
          const decoded = decode([decodeInt64, decodeText, decodeText], cut(stream, cuts));
          assert.deepEqual(decoded.rows, rows);
          assert.equal(decoded.sawTrailer, true);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('skips what the header has more, wherever it is cut', () => {
    const stream = copyStream([[int32(7)]], 50);
    for (let at = 0; at <= stream.length; at++) {
      assert.deepEqual(decode([decodeInt32], cut(stream, [at, at + 9])).rows, [[7n]]);
    }
  });

  it('does not see a trailer in a stream that was cut off', () => {
    const stream = copyStream(sample);
    for (let end = 0; end < stream.length; end++) {
      assert.equal(decode(fields, [Buffer.from(stream.subarray(0, end))]).sawTrailer, false, `${end} bytes`);
    }
  });

  it('passes a field that is too large by, keeps the rest of its row, and goes on', () => {
    const stream = copyStream([
      [int32(1), text('x'.repeat(500)), text('tail')],
      [int32(2), text('small'), text('tail')],
      [int32(3), text('y'), text('z'.repeat(101))],
    ]);
    const three = [decodeInt32, decodeText, decodeText];
    for (let at = 0; at <= stream.length; at += 7) {
      const { rows, unreadable, count, sawTrailer } = decode(three, cut(stream, [at, at + 60]), 100);
      assert.deepEqual(rows, [[2n, 'small', 'tail']]);
      assert.deepEqual(
        unreadable.map(({ cells, field }) => [cells, field]),
        [
          [[1n, null, 'tail'], 1],
          [[3n, 'y', null], 2],
        ],
      );
      assert.match(unreadable[0]?.reason ?? '', /^500 bytes/);
      assert.equal(count, 3);
      assert.equal(sawTrailer, true);
    }
  });

  it('bounds the row, not only each of its fields', () => {
    const stream = copyStream([[text('a'.repeat(60)), text('b'.repeat(60))]]);
    const { rows, unreadable } = decode([decodeText, decodeText], [stream], 100);
    assert.deepEqual(rows, []);
    assert.equal(unreadable[0]?.field, 1);
  });

  it('refuses what is not the format', () => {
    const refused = (bytes: Buffer, decoders: readonly FieldDecoder[] = [decodeInt32]): void => {
      assert.throws(
        () => decode(decoders, [bytes]),
        (error: unknown) => error instanceof BeamliftError && error.code === 'SOURCE_INCOMPLETE',
      );
    };
    refused(Buffer.from('PGCOPY\nff\r\n\0 and something else'));
    refused(copyStream([[int32(1), int32(2)]]));
    refused(Buffer.concat([copyStream([]), Buffer.from([0])]));
    const flagged = copyStream([]);
    flagged.writeUInt32BE(0x10000, 11);
    refused(flagged);
    const negative = copyStream([[int32(1)]]);
    negative.writeInt32BE(-2, 21);
    refused(negative);
  });
});

describe('postgres: field decoders', () => {
  it('writes numerics as the text they came from (property)', () => {
    const whole = fc.bigInt({ min: 0n, max: 10n ** 40n }).map(String);
    const fraction = fc.option(fc.stringMatching(/^\d{1,45}$/), { nil: undefined });
    fc.assert(
      fc.property(whole, fraction, fc.boolean(), (left, right, negative) => {
        const digits = right === undefined ? left : `${left}.${right}`;
        const value = negative && /[1-9]/.test(digits) ? `-${digits}` : digits;
        assert.equal(decodeOne(decodeNumeric, numeric(value)), value);
      }),
      { numRuns: 1000 },
    );
  });

  it('knows the numerics that are no numbers', () => {
    for (const value of ['NaN', 'Infinity', '-Infinity'])
      assert.equal(decodeOne(decodeNumeric, numeric(value)), value);
  });

  it('writes numerics with groups of zeros inside, in front and behind', () => {
    for (const value of [
      '10000',
      '100000000',
      '0.00000001',
      '10000.0000',
      '1.00000000',
      '100000000.00010000',
      '0',
      '0.000',
    ]) {
      assert.equal(decodeOne(decodeNumeric, numeric(value)), value);
    }
  });

  it('counts days and microseconds from 1970', () => {
    assert.equal(decodeOne(decodeDate, int32(0)), 10957n);
    assert.equal(decodeOne(decodeDate, int32(-2_451_545 + 10_957 - 10_957)), -2_451_545n + 10_957n);
    assert.equal(decodeOne(decodeDate, int32(0x7fffffff)), INSTANT_INFINITY);
    assert.equal(decodeOne(decodeDate, int32(-0x80000000)), INSTANT_MINUS_INFINITY);
    assert.equal(decodeOne(decodeTimestamp, int64(1n)), 946_684_800_000_001n);
    assert.equal(decodeOne(decodeTimestamp, int64(2n ** 63n - 1n)), INSTANT_INFINITY);
    assert.equal(decodeOne(decodeTimestamp, int64(-(2n ** 63n))), INSTANT_MINUS_INFINITY);
  });

  it('keeps the bits of floats', () => {
    for (const value of [0, -0, 1e308, 5e-324, Infinity, -Infinity, NaN]) {
      assert.ok(Object.is(decodeOne(decodeFloat64, float64(value)), value));
    }
  });

  it('reads uuid, bool, jsonb and composites', () => {
    const uuid = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
    assert.equal(decodeOne(decodeUuid, uuid), '00112233-4455-6677-8899-aabbccddeeff');
    assert.equal(decodeOne(decodeBool, Buffer.from([1])), true);
    assert.equal(decodeOne(decodeBool, Buffer.from([0])), false);
    assert.equal(decodeOne(jsonbDecoder(decodeText), Buffer.from('\x01{"a":1.50}')), '{"a":1.50}');
    const struct = structDecoder([decodeInt32, decodeText]);
    assert.deepEqual(decodeOne(struct, composite([int32(4), null])), [4n, null]);
  });

  it('nests arrays of several dimensions, NULL elements in their places', () => {
    const numbers = [1, 2, 3, 4, 5, 6].map(int32);
    const decoder = arrayDecoder(decodeInt32);
    assert.deepEqual(decodeOne(decoder, array([2, 3], numbers)), [
      [1n, 2n, 3n],
      [4n, 5n, 6n],
    ]);
    assert.deepEqual(decodeOne(decoder, array([3, 1, 2], [null, ...numbers.slice(1)])), [
      [[null, 2n]],
      [[3n, 4n]],
      [[5n, 6n]],
    ]);
  });

  it('makes a row unreadable, and no more, for values that no cell can hold', () => {
    const infinite = Buffer.concat([int64(2n ** 63n - 1n), int32(0x7fffffff), int32(0x7fffffff)]);
    const cases: [FieldDecoder, Buffer, RegExp][] = [
      [decodeInterval, infinite, /infinite interval/],
      [decodeUncheckedText, Buffer.from([0x61, 0xff]), /UTF-8/],
      [jsonbDecoder(decodeText), Buffer.from('\x02{}'), /version 2/],
      [decodeInt64, Buffer.alloc(7), /7 bytes where its type has 8/],
      [decodeNumeric, Buffer.concat([numeric('1.5'), int32(1)]), /where its type has/],
      [decodeNumeric, Buffer.alloc(1), /fewer bytes|where its type has/],
      [arrayDecoder(decodeInt32), array([0x7fffffff], []), /size/],
      [arrayDecoder(decodeInt32), array([0x10000, 0x10000, 0x10000], []), /size/],
      [arrayDecoder(decodeInt32), array([1, 1, 1, 1, 1, 1, 1], [int32(1)]), /7 dimensions/],
      [structDecoder([decodeInt32]), composite([int32(1), int32(2)]), /2 fields/],
    ];
    for (const [field, bytes, reason] of cases) {
      const good = [text('before')];
      const { rows, unreadable } = decode(
        [field, decodeText],
        [
          copyStream([
            [bytes, ...good],
            [null, ...good],
          ]),
        ],
      );
      assert.deepEqual(rows, [[null, 'before']]);
      assert.match(unreadable[0]?.reason ?? '', reason);
      assert.deepEqual(unreadable[0]?.cells, [null, 'before']);
    }
  });

  it('reads intervals as months, days, microseconds', () => {
    const bytes = Buffer.concat([int64(-5n), int32(3), int32(-14)]);
    assert.deepEqual(decodeOne(decodeInterval, bytes), [-14n, 3n, -5n]);
  });
});
