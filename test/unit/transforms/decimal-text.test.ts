import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  compareDecimals,
  decimalDigits,
  isCanonicalDecimal,
  normaliseDecimal,
  rescaleDecimal,
  wholeNumberOf,
} from '../../../transforms/decimal-text';
import { decimalText } from './arbitrary-cells';

/** The value as a whole number of 10^-80. */
function scaled(text: string): bigint {
  const [whole = '', fraction = ''] = text.replace('-', '').split('.');
  const size = BigInt(whole + fraction.padEnd(80, '0'));
  return text.startsWith('-') ? -size : size;
}

describe('decimal text', () => {
  const normal: readonly [string, string][] = [
    ['0', '0'],
    ['-0', '0'],
    ['-0.00', '0.00'],
    ['00012.50', '12.50'],
    ['+.5', '0.5'],
    ['5.', '5'],
    ['1e3', '1000'],
    ['1.50E1', '15.0'],
    ['1.5e-3', '0.0015'],
    ['-12.5e1', '-125'],
    ['0e10', '0'],
    ['0.0e-2', '0.000'],
    ['123456789012345678901234567890.123456789', '123456789012345678901234567890.123456789'],
  ];
  for (const [text, expected] of normal) {
    it(`writes ${text} as ${expected}`, () => assert.equal(normaliseDecimal(text), expected));
  }

  for (const text of [
    '',
    '.',
    '-',
    'e5',
    '1e',
    '1 ',
    ' 1',
    '1,5',
    '0x1',
    'NaN',
    'Infinity',
    '1e200000',
    '1e-200000',
    '1'.repeat(200_000),
  ]) {
    it(`refuses ${JSON.stringify(text.slice(0, 12))}`, () => assert.equal(normaliseDecimal(text), undefined));
  }

  it('bounds what an exponent can make', () => {
    assert.equal(normaliseDecimal('0e-999999999')?.length, 131_072 + 16_383 + 2);
    assert.equal(normaliseDecimal('1e99999999999999999999'), undefined);
  });

  it('keeps the value and is canonical, whatever the spelling', () => {
    fc.assert(
      fc.property(
        decimalText,
        fc.constantFrom('', '+'),
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: -30, max: 30 }),
        (text, sign, zeros, power) => {
          const negative = text.startsWith('-');
          const digits = '0'.repeat(zeros) + text.replace('-', '');
          const spelled = `${negative ? '-' : sign}${digits}e${power}`;
          const result = normaliseDecimal(spelled);
          assert.ok(result !== undefined && isCanonicalDecimal(result), spelled);
          assert.equal(scaled(result) * 10n ** 30n, scaled(text) * 10n ** BigInt(power + 30), spelled);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('rescales like BigInt arithmetic, halves away from zero', () => {
    fc.assert(
      fc.property(decimalText, fc.integer({ min: -45, max: 45 }), (text, scale) => {
        const unit = 10n ** BigInt(80 - scale);
        const value = scaled(text);
        const size = value < 0n ? -value : value;
        const nearest = ((size + unit / 2n) / unit) * unit;
        const { text: result, exact } = rescaleDecimal(text, scale);
        assert.ok(isCanonicalDecimal(result), result);
        assert.equal(scaled(result), value < 0n ? -nearest : nearest);
        assert.equal(exact, nearest === size);
        assert.ok(decimalDigits(result).scale <= Math.max(scale, 0));
      }),
      { numRuns: 3000 },
    );
  });

  it('compares, counts digits and finds whole numbers like BigInt', () => {
    fc.assert(
      fc.property(decimalText, decimalText, (a, b) => {
        const expected = scaled(a) < scaled(b) ? -1 : scaled(a) > scaled(b) ? 1 : 0;
        assert.equal(compareDecimals(a, b), expected);
        const whole = scaled(a) / 10n ** 80n;
        assert.equal(wholeNumberOf(a), scaled(a) % 10n ** 80n === 0n ? whole : undefined);
        const size = whole < 0n ? -whole : whole;
        assert.equal(decimalDigits(a).whole, size === 0n ? 0 : size.toString().length);
      }),
      { numRuns: 2000 },
    );
  });
});
