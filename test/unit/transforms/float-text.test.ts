import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decimalOfFloat, float32Text, float64Text, readFloat } from '../../../transforms/float-text';

describe('float text', () => {
  it('keeps every float64, -0 and the names of the others', () => {
    assert.equal(float64Text(-0), '-0');
    assert.equal(float64Text(NaN), 'NaN');
    assert.equal(float64Text(-Infinity), '-Infinity');
    fc.assert(
      fc.property(fc.double(), (value) => assert.ok(Object.is(Number(float64Text(value)), value))),
      { numRuns: 1000 },
    );
  });

  const singles: readonly [number, string][] = [
    [0.1, '0.1'],
    [16_777_216, '16777216'],
    [3.4028234663852886e38, '3.4028235e+38'],
    [1.401298464324817e-45, '1e-45'],
    [1.1754943508222875e-38, '1.1754944e-38'],
    [0.3, '0.3'],
    [33_554_432, '33554432'],
    [-0, '-0'],
    [1e10, '10000000000'],
  ];
  for (const [value, text] of singles) {
    it(`writes the float32 ${value} as ${text}`, () => assert.equal(float32Text(Math.fround(value)), text));
  }

  it('writes float32 texts that read back, and none is longer than nine digits', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = float32Text(value);
        assert.ok(Object.is(Math.fround(Number(text)), value), text);
        const digits = text.replace(/e.*/, '').replace(/[-.]/g, '').replace(/^0+/, '').replace(/0+$/, '');
        assert.ok(digits.length <= 9, text);
      }),
      { numRuns: 3000 },
    );
  });

  it('writes short float32 texts as they were', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -999_999, max: 999_999 }),
        fc.integer({ min: 0, max: 6 }),
        (digits, scale) => {
          const number = Number(`${digits}e-${scale}`);
          assert.equal(Number(float32Text(Math.fround(number))), number);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('takes for exact what the float prints, at every number of digits', () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.integer({ min: 1, max: 60 }),
        (value, digits) => {
          const printed = value.toPrecision(digits);
          const reading = readFloat(printed, 64);
          if (Number(printed) === value) assert.deepEqual(reading, { value: Number(printed), exact: true });
          const nudged = printed.replace(
            /(\d)(e|$)/,
            (_all, last: string, rest: string) => `${last}5${rest}`,
          );
          const more = readFloat(nudged.includes('.') ? nudged : printed, 64);
          if (
            digits > 20 &&
            nudged.includes('.') &&
            value.toPrecision(digits + 1) !== nudged &&
            value !== 0
          ) {
            assert.equal(more.exact, false, nudged);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('has decimals of floats that read back', () => {
    assert.equal(decimalOfFloat(-0, 64), '0');
    assert.equal(decimalOfFloat(1e23, 64), '99999999999999991611392');
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        assert.equal(Number(decimalOfFloat(value, 64)), value === 0 ? 0 : value);
      }),
      { numRuns: 1000 },
    );
  });
});
