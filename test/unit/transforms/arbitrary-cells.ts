import fc from 'fast-check';
import { INSTANT_INFINITY, INSTANT_MINUS_INFINITY, type Cell } from '../../../core/cells';
import type { DestinationRules } from '../../../core/destination-rules';
import { policiesSchema, type PolicySet } from '../../../core/policies';
import type { ColumnType } from '../../../core/schema';
import { TIME_UNITS, UNITS_PER_SECOND } from '../../../core/time-unit';
import { NARROW, ROOMY } from './conversion-case';

const unit = fc.constantFrom(...TIME_UNITS);
const int = fc
  .tuple(fc.constantFrom(8 as const, 16 as const, 32 as const, 64 as const, 128 as const), fc.boolean())
  .map(([bits, unsigned]): ColumnType =>
    unsigned ? { kind: 'int', bits, unsigned } : { kind: 'int', bits },
  );
const declaredDecimal = fc
  .tuple(fc.integer({ min: 1, max: 38 }), fc.integer({ min: -3, max: 38 }))
  .map(([precision, scale]): ColumnType => ({ kind: 'decimal', precision, scale }));

const scalarType: fc.Arbitrary<ColumnType> = fc.oneof(
  fc.constantFrom<ColumnType>(
    { kind: 'bool' },
    { kind: 'float', bits: 32 },
    { kind: 'float', bits: 64 },
    { kind: 'decimal' },
    { kind: 'string' },
    { kind: 'string', maxLength: 5 },
    { kind: 'string', values: ['1', 'true', 'a'] },
    { kind: 'bytes' },
    { kind: 'json' },
    { kind: 'uuid' },
    { kind: 'date' },
    { kind: 'interval' },
  ),
  int,
  declaredDecimal,
  fc
    .tuple(fc.constantFrom('time' as const, 'datetime' as const, 'timestamp' as const), unit)
    .map(([kind, of]): ColumnType => ({ kind, unit: of })),
);

const fieldName = fc.constantFrom('a', 'b', 'A', '__proto__', 'constructor', 'é "q"\n', '');

function nested(scalar: fc.Arbitrary<ColumnType>): fc.Arbitrary<ColumnType> {
  const { type } = fc.letrec<{ type: ColumnType }>((tie) => ({
    type: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      scalar,
      tie('type').map((element): ColumnType => ({ kind: 'array', element })),
      fc
        .uniqueArray(fieldName, { maxLength: 3 })
        .chain((names) => fc.tuple(...names.map((name) => tie('type').map((of) => ({ name, type: of })))))
        .map((fields): ColumnType => ({ kind: 'struct', fields })),
    ),
  }));
  return type;
}

export const destinationType: fc.Arbitrary<ColumnType> = nested(scalarType);
export const sourceType: fc.Arbitrary<ColumnType> = nested(
  fc.oneof(
    { weight: 12, arbitrary: scalarType },
    { weight: 1, arbitrary: fc.constant<ColumnType>({ kind: 'variant' }) },
  ),
);

export const rulesArbitrary: fc.Arbitrary<DestinationRules> = fc.constantFrom(ROOMY, NARROW);

export const policySet: fc.Arbitrary<PolicySet> = fc.record(
  Object.fromEntries(
    Object.entries(policiesSchema.shape).map(([name, choices]) => [
      name,
      fc.constantFrom(...choices.options),
    ]),
  ) as { [Name in keyof PolicySet]: fc.Arbitrary<PolicySet[Name]> },
);

/** Finite decimals in canonical text. */
export const decimalText = fc
  .tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 10n ** 40n }), fc.integer({ min: 0, max: 40 }))
  .map(([negative, digits, scale]) => {
    const padded = digits.toString().padStart(scale + 1, '0');
    const text = scale === 0 ? padded : `${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
    return negative && digits !== 0n ? `-${text}` : text;
  });

/** Texts of every kind of character, with and without halves of pairs, and texts that look like values of other types. */
export const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('\ud800', '\udc00', '📦', '\u0000', '"', '\\', '\n', '\u2028', 'a') }),
  fc.constantFrom(
    'NaN',
    '-inf',
    'true',
    '0',
    '1.50',
    '0000-00-00',
    'infinity',
    '2024-02-29',
    '12:00:00.1234567',
    'P1DT0.5S',
    '\\x00',
    '{"a":[1.0]}',
    '1e400',
    '-0',
  ),
  decimalText,
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
);

/** JSON documents as text, with spaces and numbers that JavaScript cannot hold. */
export const jsonText: fc.Arbitrary<string> = fc.oneof(
  fc.json(),
  fc.jsonValue().map((value) => JSON.stringify(value, undefined, 1)),
  decimalText,
  anyText.map((text) => JSON.stringify(text)),
  fc.constantFrom(
    'null',
    ' true',
    '1e400',
    '-0',
    '{"a":1,"a":2}',
    '{"__proto__":{"b":[]}}',
    '"\\ud800"',
    '[null,"\\u0000"]',
    '12345678901234567890.10',
  ),
);

const MAX_DATE = 400_000_000n;

function instant(seconds: bigint): fc.Arbitrary<bigint> {
  const max = 2n ** 62n;
  const limit = 4_000_000_000n * seconds < max ? 4_000_000_000n * seconds : max;
  return fc.oneof(
    fc.bigInt({ min: -limit, max: limit }),
    fc.bigInt({ min: -max, max }),
    fc.bigInt({ min: -100_000n, max: 100_000n }).map((days) => (days * 86_400n * seconds) % max),
    fc.constantFrom(INSTANT_INFINITY, INSTANT_MINUS_INFINITY),
  );
}

/** Cells as a source may send them for a type: never null at the top, sometimes within; arrays may be deeper than they say. */
export function cellOf(type: ColumnType): fc.Arbitrary<Exclude<Cell, null>> {
  switch (type.kind) {
    case 'bool':
      return fc.boolean();
    case 'int': {
      const bits = BigInt(type.bits);
      const [min, max] =
        type.unsigned === true ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
      return fc.oneof(
        fc.bigInt({ min, max }),
        fc.bigInt({ min: min < -3n ? -3n : min, max: 3n }),
        fc.constantFrom(min, max),
      );
    }
    case 'float':
      return type.bits === 32
        ? fc.oneof(
            fc.float(),
            fc.integer({ min: -100, max: 100 }).map((value) => Math.fround(value / 10)),
          )
        : fc.oneof(
            fc.double(),
            fc.integer({ min: -10_000, max: 10_000 }).map((value) => value / 100),
          );
    case 'decimal':
      return fc.oneof(
        { weight: 9, arbitrary: fittingDecimal(type) },
        { weight: 1, arbitrary: fc.constantFrom('NaN', 'Infinity', '-Infinity') },
      );
    case 'string':
      return type.values === undefined ? anyText : fc.constantFrom(...type.values);
    case 'bytes':
      return fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ minLength: 16, maxLength: 16 }));
    case 'json':
    case 'variant':
      return jsonText;
    case 'uuid':
      return fc.uuid();
    case 'date':
      return fc.oneof(
        fc.bigInt({ min: -MAX_DATE, max: MAX_DATE }),
        fc.bigInt({ min: -1_000_000n, max: 4_000_000n }),
        fc.constantFrom(INSTANT_INFINITY, INSTANT_MINUS_INFINITY, 2n ** 60n),
      );
    case 'time': {
      const perDay = 86_400n * UNITS_PER_SECOND[type.unit];
      return fc.oneof(
        fc.bigInt({ min: 0n, max: perDay }),
        fc.bigInt({ min: -40n * perDay, max: 40n * perDay }),
      );
    }
    case 'datetime':
    case 'timestamp':
      return instant(UNITS_PER_SECOND[type.unit]);
    case 'interval':
      return fc.tuple(
        fc.bigInt({ min: -1_000_000n, max: 1_000_000n }),
        fc.bigInt({ min: -1_000_000n, max: 1_000_000n }),
        fc.bigInt({ min: -(2n ** 60n), max: 2n ** 60n }),
      );
    case 'array':
      return arrayCell(type.element);
    case 'struct':
      return fc.tuple(...type.fields.map((field) => orNull(cellOf(field.type))));
  }
}

function fittingDecimal(type: Extract<ColumnType, { kind: 'decimal' }>): fc.Arbitrary<string> {
  const { precision, scale = 0 } = type;
  if (precision === undefined) return decimalText;
  return fc
    .bigInt({ min: -(10n ** BigInt(precision)) + 1n, max: 10n ** BigInt(precision) - 1n })
    .map((unscaled) => {
      if (scale <= 0) return (unscaled * 10n ** BigInt(-scale)).toString();
      const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
      return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
    });
}

function orNull(cell: fc.Arbitrary<Cell>): fc.Arbitrary<Cell> {
  return fc.oneof({ weight: 5, arbitrary: cell }, { weight: 1, arbitrary: fc.constant(null) });
}

function arrayCell(element: ColumnType): fc.Arbitrary<Exclude<Cell, null>> {
  const flat = fc.array(orNull(cellOf(element)), { maxLength: 4 });
  if (element.kind === 'array' || element.kind === 'struct') return flat;
  return fc.oneof(
    { weight: 5, arbitrary: flat },
    { weight: 1, arbitrary: fc.array(orNull(flat), { maxLength: 3 }) },
  );
}

/** A pair of types with a cell of the first. */
export const conversionArbitrary = fc
  .tuple(sourceType, destinationType)
  .chain(([from, to]) => cellOf(from).map((cell) => ({ from, to, cell })));

/** The same, of two types of one shape, so that most of them convert. */
export const typedCell = sourceType.chain((type) => cellOf(type).map((cell) => ({ type, cell })));
