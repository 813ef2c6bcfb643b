import assert from 'node:assert/strict';
import fc from 'fast-check';
import { floorTo, formatInstant, parseInstant } from '../../../partitioning/instant-text';

const FIRST_DAY = BigInt(Date.parse('0001-01-01T00:00:00Z')) / 86_400_000n;
const LAST_DAY = BigInt(Date.parse('9999-12-31T00:00:00Z')) / 86_400_000n;
const day = fc.bigInt({ min: FIRST_DAY, max: LAST_DAY });
const micros = fc.bigInt({ min: FIRST_DAY * 86_400_000_000n, max: (LAST_DAY + 1n) * 86_400_000_000n - 1n });

describe('texts of instants', () => {
  it('are read back as the same position', () => {
    fc.assert(
      fc.property(day, micros, (days, at) => {
        assert.equal(parseInstant('date', formatInstant('date', days)), days);
        assert.equal(parseInstant('datetime', formatInstant('datetime', at)), at);
        assert.equal(parseInstant('timestamp', formatInstant('timestamp', at)), at);
      }),
    );
  });

  it('sort as their positions do', () => {
    fc.assert(
      fc.property(micros, micros, (a, b) => {
        const [first, second] = [formatInstant('timestamp', a), formatInstant('timestamp', b)];
        assert.equal(first < second, a < b);
        assert.equal(first === second, a === b);
      }),
    );
  });

  it('may have an offset, fewer digits, and a space', () => {
    const at = parseInstant('timestamp', '2024-02-29T10:00:00.000000Z');
    for (const text of [
      '2024-02-29 10:00:00+00',
      '2024-02-29T12:30:00+02:30',
      '2024-02-29T12:00+0200',
      '2024-02-29 05:00:00-05',
      ' 2024-02-29T10:00:00.000000000Z',
    ]) {
      assert.equal(parseInstant('timestamp', text), at, text);
    }
    assert.equal(
      parseInstant('timestamp', '2024-02-29'),
      at === undefined ? undefined : at - 36_000_000_000n,
    );
    assert.equal(parseInstant('date', '2024-02-29T23:59:59Z'), parseInstant('date', '2024-02-29'));
    assert.equal(parseInstant('datetime', '1969-12-31T23:59:59.999999'), -1n);
  });

  for (const text of [
    'infinity',
    '-infinity',
    '',
    '2023-02-29',
    '2023-13-01',
    '0044-03-15 BC',
    '12024-01-01',
    '0000-01-01',
    '2024-01-01T25:00',
    '7',
  ]) {
    it(`are not what a calendar has not: ${JSON.stringify(text)}`, () => {
      assert.equal(parseInstant('timestamp', text), undefined);
    });
  }
});

describe('floorTo', () => {
  it('is the largest multiple that is not above', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.bigInt({ min: 1n, max: 10n ** 12n }), (position, step) => {
        const floor = floorTo(position, step);
        assert.equal(floor % step, 0n);
        assert.ok(floor <= position && position - floor < step);
      }),
    );
  });
});
