import fc from 'fast-check';
import type { Cell } from '../../../core/cells';
import type { Column, ColumnType } from '../../../core/schema';
import { jsonText } from './arbitrary-cells';
import { YEAR_1, YEAR_9999 } from './conversion-case';

const MICROS_PER_DAY = 86_400_000_000n;

const scalar: fc.Arbitrary<ColumnType> = fc.oneof(
  fc.constantFrom<ColumnType>(
    { kind: 'bool' },
    { kind: 'int', bits: 64 },
    { kind: 'int', bits: 32, unsigned: true },
    { kind: 'float', bits: 64 },
    { kind: 'decimal', precision: 38, scale: 9 },
    { kind: 'decimal', precision: 76, scale: 38 },
    { kind: 'string' },
    { kind: 'bytes' },
    { kind: 'json' },
    { kind: 'uuid' },
    { kind: 'date' },
    { kind: 'time', unit: 'us' },
    { kind: 'datetime', unit: 'us' },
    { kind: 'timestamp', unit: 'us' },
  ),
  fc.tuple(fc.integer({ min: 1, max: 30 }), fc.nat({ max: 30 })).map(([precision, scale]): ColumnType => ({
    kind: 'decimal',
    precision,
    scale: Math.min(scale, precision),
  })),
);

const fieldName = fc.constantFrom('a', 'b', 'A', '_', 'constructor', 'record_1', 'toString', 'x9');

const { type: anyType } = fc.letrec<{ type: ColumnType }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalar,
    tie('type').map((element): ColumnType =>
      element.kind === 'array' ? element : { kind: 'array', element },
    ),
    fc
      .uniqueArray(fieldName, { maxLength: 3 })
      .chain((names) => fc.tuple(...names.map((name) => tie('type').map((of) => ({ name, type: of })))))
      .map((fields): ColumnType => ({ kind: 'struct', fields })),
  ),
}));

/** Columns of every type that Avro can say. */
export const avroColumns: fc.Arbitrary<Column[]> = fc
  .uniqueArray(fieldName, { minLength: 1, maxLength: 6 })
  .chain((names) =>
    fc.tuple(
      ...names.map((name) =>
        fc.tuple(anyType, fc.boolean()).map(([type, nullable]) => ({ name, type, nullable })),
      ),
    ),
  );

/** Cells as the converter leaves them, and as a reader gives them back: decimals with all digits of their scale, no null arrays. */
export function avroCellOf(type: ColumnType, nullable: boolean): fc.Arbitrary<Cell> {
  const present = presentOf(type);
  return nullable && type.kind !== 'array' ? fc.option(present, { freq: 4 }) : present;
}

function presentOf(type: ColumnType): fc.Arbitrary<Cell> {
  switch (type.kind) {
    case 'bool':
      return fc.boolean();
    case 'int':
      return type.unsigned === true ? fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }) : anyLong;
    case 'float':
      return fc.double();
    case 'decimal':
      return decimalOf(type.precision ?? 1, type.scale ?? 0);
    case 'bytes':
      return fc.uint8Array({ maxLength: 100 });
    case 'json':
      return jsonText;
    case 'uuid':
      return fc.uuid();
    case 'date':
      return fc.bigInt({ min: YEAR_1, max: YEAR_9999 });
    case 'time':
      return fc.bigInt({ min: 0n, max: MICROS_PER_DAY - 1n });
    case 'datetime':
    case 'timestamp':
      return fc.bigInt({ min: YEAR_1 * MICROS_PER_DAY, max: (YEAR_9999 + 1n) * MICROS_PER_DAY - 1n });
    case 'array':
      return fc.array(presentOf(type.element), { maxLength: 4 });
    case 'struct':
      return fc.tuple(...type.fields.map((field) => avroCellOf(field.type, true)));
    default:
      return text;
  }
}

/** Numbers about every power of two. */
const anyLong = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc
    .tuple(fc.integer({ min: 0, max: 62 }), fc.integer({ min: -2, max: 2 }), fc.boolean())
    .map(([bits, more, negative]) => (negative ? -1n : 1n) * (2n ** BigInt(bits) + BigInt(more))),
);

/** Whole characters of every width; lengths about those where the way of writing, or the size of the length, changes. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc
    .tuple(
      fc.constantFrom('x', 'é', '€', '📦'),
      fc.constantFrom(0, 1, 15, 16, 21, 31, 32, 33, 62, 63, 64, 65, 2730, 2731, 4095, 4096, 8191, 8192),
      fc.constantFrom('', 'é', 'x'),
    )
    .map(([character, length, end]) => character.repeat(length) + end),
);

/** Canonical decimals of any number of digits up to the precision, with every digit of the scale. */
function decimalOf(precision: number, scale: number): fc.Arbitrary<string> {
  return fc
    .integer({ min: 1, max: precision })
    .chain((digits) => fc.bigInt({ min: -(10n ** BigInt(digits)) + 1n, max: 10n ** BigInt(digits) - 1n }))
    .map((unscaled) => {
      const padded = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
      const placed = scale === 0 ? padded : `${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
      return unscaled < 0n ? `-${placed}` : placed;
    });
}
