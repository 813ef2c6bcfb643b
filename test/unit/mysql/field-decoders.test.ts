import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ZERO_INSTANT, type Cell } from '../../../core/cells';
import {
  decodeBits,
  decodeBytes,
  decodeDate,
  decodeDecimal,
  decodeInstant,
  decodeInt,
  type FieldDecoder,
} from '../../../extractors/mysql/field-decoders';
import { UnreadableValue } from '../../../core/unreadable-value';

/** Decodes a text that stands between others. */
function decode(decoder: FieldDecoder, text: string): Cell {
  const bytes = Buffer.from(`99${text}99`, 'latin1');
  return decoder(bytes, 2, bytes.length - 2);
}

describe('values of the text protocol of MySQL', () => {
  it('reads whole numbers of any size', () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 63n), 2n ** 64n - 1n), (value) => {
        assert.equal(decode(decodeInt, value.toString()), value);
        if (value >= 0n) assert.equal(decode(decodeInt, value.toString().padStart(20, '0')), value);
      }),
    );
    for (const text of ['', '-', '1.5', 'x']) assert.throws(() => decode(decodeInt, text), UnreadableValue);
  });

  it('writes decimals without the zeros that are only shown', () => {
    for (const [text, cell] of [
      ['00012.30', '12.30'],
      ['-0.50', '-0.50'],
      ['000.07', '0.07'],
      ['0', '0'],
      ['0000', '0'],
      ['10', '10'],
      ['-100.001', '-100.001'],
    ] as const) {
      assert.equal(decode(decodeDecimal, text), cell);
    }
  });

  it('reads every moment of the calendar to its microsecond', () => {
    const moments = fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(moments, fc.integer({ min: 0, max: 999 }), (date, micros) => {
        const text = date.toISOString().replace('T', ' ').replace('Z', String(micros).padStart(3, '0'));
        assert.equal(decode(decodeInstant, text), BigInt(date.getTime()) * 1000n + BigInt(micros));
        assert.equal(decode(decodeDate, text.slice(0, 10)), BigInt(Math.floor(date.getTime() / 86_400_000)));
      }),
    );
    assert.equal(decode(decodeInstant, '1970-01-01 00:00:01.5'), 1_500_000n);
  });

  it('knows dates that are none from days that no calendar has', () => {
    for (const text of ['0000-00-00', '2024-00-31', '2024-12-00']) {
      assert.equal(decode(decodeDate, text), ZERO_INSTANT);
      assert.equal(decode(decodeInstant, `${text} 12:00:00`), ZERO_INSTANT);
    }
    for (const text of ['2024-02-30', '2023-02-29', '2024-13-01', '2024/01/01', '2024-1-1', '']) {
      assert.throws(() => decode(decodeDate, text), UnreadableValue, text);
    }
    for (const text of ['2024-01-01', '2024-01-01 00:00:00,5', '2024-01-01 00:00:00.1234567']) {
      assert.throws(() => decode(decodeInstant, text), UnreadableValue, text);
    }
  });

  it('reads bits as a number, and bytes as a copy', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (value) => {
        const bytes = Buffer.alloc(8);
        bytes.writeBigUInt64BE(value);
        assert.equal(decodeBits(bytes, 0, 8), value);
      }),
    );
    const shared = Buffer.from([1, 2, 3, 4]);
    const copy = decodeBytes(shared, 1, 3);
    shared.fill(0);
    assert.ok(copy instanceof Uint8Array);
    assert.deepEqual([...copy], [2, 3]);
  });
});
