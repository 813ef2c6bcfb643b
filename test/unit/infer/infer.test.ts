import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatType } from '../../../core/format-type';
import type { ColumnType } from '../../../core/schema';
import { inferTextValue, sameType, widen, withRoom } from '../../../transforms/infer';

/** `undefined` stands for "string", the type of everything that is not clearly something else. */
const EXAMPLES: readonly [text: string, type?: string][] = [
  ['0', 'int64'],
  ['-1', 'int64'],
  ['-0', 'int64'],
  ['9223372036854775807', 'int64'],
  ['-9223372036854775808', 'int64'],
  ['9223372036854775808', 'decimal(19,0)'],
  ['-9223372036854775809', 'decimal(19,0)'],
  ['1'.repeat(38), 'decimal(38,0)'],
  ['1'.repeat(39)],
  ['00501'],
  ['-07'],
  ['00'],
  ['+5'],
  ['1_000'],
  ['1,000'],
  [' 1'],
  ['1 '],
  ['0x10'],
  ['.5'],
  ['5.'],
  ['0.5', 'decimal(1,1)'],
  ['12.50', 'decimal(4,2)'],
  ['-12.50', 'decimal(4,2)'],
  ['00.5'],
  [`0.${'1'.repeat(38)}`, 'decimal(38,38)'],
  [`0.${'1'.repeat(39)}`],
  [`1.${'1'.repeat(38)}`],
  ['0.00012345678901234567', 'float64'],
  ['-0.00001234567890123456', 'float64'],
  ['0.000123456789012345678', 'decimal(21,21)'],
  ['1e5', 'float64'],
  ['1E5', 'float64'],
  ['-1.5e-7', 'float64'],
  ['0e0', 'float64'],
  ['1e999'],
  ['1e-999'],
  ['12e3456'],
  ['1.000000000000000056e-01', 'float64'],
  ['1.2345678901234567890e5'],
  ['007e5'],
  ['1e'],
  ['NaN', 'float64'],
  ['Infinity', 'float64'],
  ['-Infinity', 'float64'],
  ['nan'],
  ['-'],
  ['true', 'bool'],
  ['FALSE', 'bool'],
  ['True', 'bool'],
  ['tRUE'],
  ['yes'],
  ['t'],
  ['2024-02-29', 'date'],
  ['2023-02-29'],
  ['1900-02-29'],
  ['2000-02-29', 'date'],
  ['2024-04-31'],
  ['2024-13-01'],
  ['2024-00-10'],
  ['0000-01-01'],
  ['0001-01-01', 'date'],
  ['24-01-01'],
  ['2024-1-1'],
  ['20240101', 'int64'],
  ['01/02/2024'],
  ['2024-01-01 10:20:30', 'datetime'],
  ['2024-01-01T10:20:30.123456', 'datetime'],
  ['2024-01-01T10:20:30.1234567', 'datetime(ns)'],
  ['2024-01-01T10:20:30.1234567890'],
  ['9999-12-31T23:59:59.9999999'],
  ['9999-12-31T23:59:59.999999', 'datetime'],
  ['2024-01-01T24:00:00'],
  ['2024-01-01T10:60:00'],
  ['2024-01-01T10:20:60'],
  ['2024-02-30T10:20:30'],
  ['2024-01-01T10:20:30Z', 'timestamp'],
  ['2024-01-01 10:20:30+00', 'timestamp'],
  ['2024-01-01 10:20:30.5-07:30', 'timestamp'],
  ['2024-01-01 10:20:30.123456789+0530', 'timestamp(ns)'],
  ['2024-01-01 10:20:30+99:00'],
  ['2024-01-01Z'],
  ['10:20:30'],
  [''],
  ['null'],
  ['{"a":1}'],
  ['1'.repeat(100_000)],
];

const textType = fc.oneof(
  fc.constantFrom(...EXAMPLES.map(([text]) => text)).map(inferTextValue),
  fc
    .tuple(fc.nat({ max: 38 }), fc.nat({ max: 38 }))
    .filter(([before, after]) => before + after >= 1 && before + after <= 38)
    .map(([before, after]): ColumnType => ({ kind: 'decimal', precision: before + after, scale: after })),
);
const anyType = fc.oneof(
  textType,
  fc.constantFrom<ColumnType | undefined>(
    undefined,
    { kind: 'json' },
    { kind: 'bytes' },
    { kind: 'float', bits: 32 },
    { kind: 'decimal' },
    { kind: 'decimal', precision: 50, scale: 2 },
    { kind: 'string', maxLength: 5 },
    { kind: 'string', values: ['a'] },
    { kind: 'time', unit: 's' },
    { kind: 'time', unit: 'us' },
    { kind: 'datetime', unit: 'ms' },
    { kind: 'array', element: { kind: 'json' } },
    { kind: 'struct', fields: [{ name: 'a', type: { kind: 'uuid' } }] },
    { kind: 'struct', fields: [{ name: 'b', type: { kind: 'uuid' } }] },
  ),
  fc.record({
    kind: fc.constant('int' as const),
    bits: fc.constantFrom(8 as const, 16 as const, 32 as const, 64 as const, 128 as const),
    unsigned: fc.boolean(),
  }),
);

function show(type: ColumnType | undefined): string {
  return type === undefined ? 'nothing' : formatType(type);
}

function same(a: ColumnType | undefined, b: ColumnType | undefined): void {
  const equal = a === undefined || b === undefined ? a === b : sameType(a, b);
  assert.ok(equal, `${show(a)} is not ${show(b)}`);
}

describe('inferTextValue', () => {
  for (const [text, type = 'string'] of EXAMPLES) {
    it(`${JSON.stringify(text.slice(0, 45))} is ${type}`, () => {
      assert.equal(formatType(inferTextValue(text)), type);
    });
  }

  it('calls every int64 an int64 and every other whole number up to 38 digits a decimal', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }), (value) => {
        const type = inferTextValue(String(value));
        assert.equal(type.kind, BigInt.asIntN(64, value) === value ? 'int' : 'decimal');
      }),
    );
  });

  it('never calls a double anything but a number', () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        assert.ok(['int', 'decimal', 'float'].includes(inferTextValue(String(value)).kind), String(value));
      }),
    );
  });
});

describe('widen', () => {
  it('is commutative, associative and idempotent, with undefined as its neutral element', () => {
    fc.assert(
      fc.property(anyType, anyType, anyType, (a, b, c) => {
        same(widen(a, b), widen(b, a));
        same(widen(widen(a, b), c), widen(a, widen(b, c)));
        same(widen(a, a), a);
        same(widen(a, undefined), a);
      }),
      { numRuns: 5000 },
    );
  });

  const joins: readonly [string, string, string][] = [
    ['1', '2', 'int64'],
    ['1', '2.5', 'decimal(20,1)'],
    ['0.25', '100.5', 'decimal(5,2)'],
    ['1', '1e5', 'float64'],
    ['1.5', 'NaN', 'float64'],
    ['9223372036854775808', '1e5', 'float64'],
    ['1'.repeat(30), '1e5', 'string'],
    ['1'.repeat(30), '0.123456789', 'string'],
    ['1'.repeat(29), '0.123456789', 'decimal(38,9)'],
    ['1', '00501', 'string'],
    ['1', 'true', 'string'],
    ['true', 'FALSE', 'bool'],
    ['2024-01-01', '2024-01-01 10:00:00', 'datetime'],
    ['2024-01-01', '2024-01-01 10:00:00Z', 'string'],
    ['2024-01-01 10:00:00', '2024-01-01 10:00:00Z', 'string'],
    ['2024-01-01T10:00:00', '2024-01-01 10:00:00.1234567', 'datetime(ns)'],
    ['20240101', '2024-01-01', 'string'],
    ['1', '', 'string'],
  ];
  for (const [a, b, expected] of joins) {
    it(`${a} with ${JSON.stringify(b)} is ${expected}`, () => {
      assert.equal(show(widen(inferTextValue(a), inferTextValue(b))), expected);
    });
  }
});

describe('withRoom', () => {
  it('gives decimals at least the digits they had, and leaves every other type alone', () => {
    fc.assert(
      fc.property(textType, (type) => {
        const roomy = withRoom(type);
        if (type.kind !== 'decimal') assert.deepEqual(roomy, type);
        else same(widen(roomy, type), roomy);
      }),
    );
  });

  it('gives prices the shape of a NUMERIC', () => {
    assert.equal(formatType(withRoom({ kind: 'decimal', precision: 20, scale: 0 })), 'decimal(38,0)');
    assert.equal(formatType(withRoom({ kind: 'decimal', precision: 4, scale: 2 })), 'decimal(38,9)');
    assert.equal(formatType(withRoom({ kind: 'decimal', precision: 17, scale: 16 })), 'decimal(38,19)');
    assert.equal(formatType(withRoom({ kind: 'decimal', precision: 30, scale: 25 })), 'decimal(38,25)');
  });
});
