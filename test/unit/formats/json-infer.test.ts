import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatType } from '../../../core/format-type';
import type { ColumnType } from '../../../core/schema';
import { inferJsonValue, widenJson } from '../../../transforms/infer-json';

function inferred(...values: string[]): string {
  let type: ColumnType | undefined;
  for (const value of values) type = widenJson(type, inferJsonValue(value));
  return type === undefined ? 'nothing' : formatType(type);
}

describe('Types of JSON values', () => {
  it('takes whole numbers as they fit', () => {
    assert.equal(inferred('0'), 'int64');
    assert.equal(inferred('-9223372036854775808', '9223372036854775807'), 'int64');
    assert.equal(inferred('9223372036854775808'), 'decimal(19,0)');
    assert.equal(inferred('9'.repeat(38)), 'decimal(38,0)');
    assert.equal(inferred('9'.repeat(39)), 'string');
    assert.equal(inferred('1', '9223372036854775808'), 'decimal(19,0)');
    assert.equal(inferred('9'.repeat(1_000_000)), 'string');
  });

  it('takes fractions as doubles where a double prints the same digits', () => {
    assert.equal(inferred('0.1'), 'float64');
    assert.equal(inferred('1.50'), 'float64');
    assert.equal(inferred('0.0'), 'float64');
    assert.equal(inferred('-12.5e-3'), 'float64');
    assert.equal(inferred('1e308'), 'float64');
    assert.equal(inferred('0.30000000000000004'), 'float64');
    assert.equal(inferred('3.141592653589793238'), 'decimal(19,18)');
    assert.equal(inferred('0.12345678901234567890'), 'decimal(20,20)');
    assert.equal(inferred('9007199254740993.5'), 'decimal(17,1)');
    assert.equal(inferred('0.00123456789012345678901e5'), 'decimal(21,18)');
    assert.equal(inferred('1e400'), 'string');
    assert.equal(inferred('1e-400'), 'string');
    assert.equal(inferred(`0.${'1'.repeat(40)}`), 'string');
    assert.equal(inferred('1', '0.5'), 'float64');
  });

  it('never takes a number as something that loses a digit', () => {
    const number = fc
      .tuple(
        fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }),
        fc.nat(42),
        fc.integer({ min: -20, max: 20 }),
      )
      .map(([digits, scale, exponent]) => {
        const sign = digits < 0n ? '-' : '';
        const text = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0');
        const point = text.length - scale;
        const fraction = scale === 0 ? '' : `.${text.slice(point)}`;
        return `${sign}${text.slice(0, point)}${fraction}${exponent === 0 ? '' : `e${exponent}`}`;
      });
    fc.assert(
      fc.property(number, (text) => {
        const type = inferJsonValue(text);
        const [mantissa = '', exponent = '0'] = text.replace(/^-/, '').split('e');
        const [whole = '', fraction = ''] = mantissa.split('.');
        const before = whole.length - (whole + fraction).search(/[1-9]/) + Number(exponent);
        const after = fraction.length - Number(exponent);
        if (type?.kind === 'float') {
          const digits = (printed: string): string =>
            printed.replace(/[-.]|e.*/g, '').replace(/^0+|0+$/g, '');
          assert.equal(digits(Number(text).toExponential()), digits(text), text);
        } else if (type?.kind === 'decimal') {
          assert.ok((type.scale ?? 0) >= after, text);
          assert.ok((type.precision ?? 0) - (type.scale ?? 0) >= before, text);
        } else if (type?.kind === 'int') assert.equal(BigInt.asIntN(64, BigInt(text)), BigInt(text));
        else assert.equal(type?.kind, 'string');
      }),
      { numRuns: 2000 },
    );
  });

  it('takes texts as texts, unless all are ISO dates or instants', () => {
    assert.equal(inferred('"12"'), 'string');
    assert.equal(inferred('"true"', '"NaN"'), 'string');
    assert.equal(inferred('""'), 'string');
    assert.equal(inferred('"2024-02-29"'), 'date');
    assert.equal(inferred('"2023-02-29"'), 'string');
    assert.equal(inferred('"2024-02-29"', '"2024-02-29T12:00:00"'), 'datetime');
    assert.equal(inferred('"2024-02-29T12:00:00.123456789Z"'), 'timestamp(ns)');
    assert.equal(inferred('"2024-02-29"', '"soon"'), 'string');
    assert.equal(inferred('"2024-02-29"', '20240229'), 'string');
    assert.equal(inferred('"2024\\u002d02-29"'), 'date', 'escapes are what they mean');
  });

  it('takes what is nested, or beside something nested, as a document', () => {
    assert.equal(inferred('[]'), 'json');
    assert.equal(inferred('{"a":1}', 'null'), 'json');
    assert.equal(inferred('{}', '"text"'), 'json');
    assert.equal(inferred('1', '[1]', 'true'), 'json');
  });

  it('takes mixed scalars as text, and knows nothing of nulls', () => {
    assert.equal(inferred('true', 'false', 'null'), 'bool');
    assert.equal(inferred('true', '1'), 'string');
    assert.equal(inferred('1', '"x"'), 'string');
    assert.equal(inferred('null'), 'nothing');
    assert.equal(inferred(' null '), 'nothing');
  });

  it('does not depend on the order of values', () => {
    const value = fc.constantFrom(
      '1',
      '0.5',
      '9223372036854775808',
      'true',
      'null',
      '"x"',
      '"2024-01-01"',
      '"2024-01-01T00:00:00Z"',
      '[]',
      '{}',
      '1e400',
    );
    fc.assert(
      fc.property(fc.array(value, { maxLength: 6 }), fc.func(fc.nat()), (values, weight) => {
        const shuffled = values
          .map((text, index) => ({ text, key: weight(index) }))
          .sort((a, b) => a.key - b.key);
        assert.equal(inferred(...values), inferred(...shuffled.map(({ text }) => text)));
      }),
    );
  });
});
