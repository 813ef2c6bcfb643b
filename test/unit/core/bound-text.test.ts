import assert from 'node:assert/strict';
import fc from 'fast-check';
import { boundText, readBound } from '../../../core/bound-text';
import { MICROS_PER_DAY, floorDivide } from '../../../core/calendar';

const FIRST_DAY = BigInt(Date.parse('0001-01-01T00:00:00Z')) / 86_400_000n;
const LAST_DAY = BigInt(Date.parse('9999-12-31T00:00:00Z')) / 86_400_000n;
const micros = fc.bigInt({ min: FIRST_DAY * MICROS_PER_DAY, max: (LAST_DAY + 1n) * MICROS_PER_DAY - 1n });

describe('texts of bounds', () => {
  it('are read back as the same instant', () => {
    fc.assert(
      fc.property(micros, (at) => {
        const day = floorDivide(at, MICROS_PER_DAY) * MICROS_PER_DAY;
        assert.deepEqual(readBound(boundText('date', at)), { micros: day, hasOffset: false });
        assert.deepEqual(readBound(boundText('datetime', at)), { micros: at, hasOffset: false });
        assert.deepEqual(readBound(boundText('timestamp', at)), { micros: at, hasOffset: true });
      }),
    );
  });

  it('sort as their instants do', () => {
    fc.assert(
      fc.property(micros, micros, (a, b) => {
        const [first, second] = [boundText('timestamp', a), boundText('timestamp', b)];
        assert.equal(first < second, a < b);
        assert.equal(first === second, a === b);
      }),
    );
  });

  it('may have an offset, fewer digits, and a space', () => {
    for (const text of [
      '2024-02-29 10:00:00+00',
      '2024-02-29T12:30:00+02:30',
      '2024-02-29T12:00+0200',
      '2024-02-29 05:00:00-05',
      ' 2024-02-29T10:00:00.000000000Z',
    ]) {
      assert.deepEqual(
        readBound(text),
        { micros: 1_709_200_800_000_000n, hasOffset: true },
        JSON.stringify(text),
      );
    }
    assert.deepEqual(readBound('2024-02-29'), {
      micros: 1_709_200_800_000_000n - 36_000_000_000n,
      hasOffset: false,
    });
  });

  it('lose what is finer than a microsecond: a bound that was rounded up would pass over rows', () => {
    assert.equal(readBound('1970-01-01T00:00:00.9999999Z')?.micros, 999_999n);
    assert.equal(readBound('1969-12-31T23:59:59.9999999')?.micros, -1n);
  });

  for (const text of [
    'infinity',
    '-infinity',
    '',
    '2023-02-29',
    '2023-13-01',
    '0044-03-15 BC',
    '-0043-03-15',
    '12024-01-01',
    '0000-00-00',
    '0000-01-01',
    '2024-01-01T25:00',
    '7',
  ]) {
    it(`are not what a calendar has not: ${JSON.stringify(text)}`, () => {
      assert.equal(readBound(text), undefined);
    });
  }
});
