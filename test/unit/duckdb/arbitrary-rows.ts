import fc from 'fast-check';
import { INSTANT_INFINITY, INSTANT_MINUS_INFINITY, type Cell, type Row } from '../../../core/cells';
import type { ColumnType, TableSchema } from '../../../core/schema';
import { UNITS_PER_SECOND } from '../../../core/time-unit';
import { DUCKDB_RULES } from '../../../loaders/duckdb/rules';
import { jsonProblem } from '../../../transforms/json-text';
import { jsonText } from '../transforms/arbitrary-cells';

/** A table of DuckDB with a column `id` of numbers from 0. */
export interface AnyTable {
  readonly schema: TableSchema;
  readonly rows: readonly Row[];
}

const BITS = [8, 16, 32, 64, 128] as const;
const scalar: fc.Arbitrary<ColumnType> = fc.oneof(
  fc.constantFrom<ColumnType>(
    { kind: 'bool' },
    { kind: 'float', bits: 32 },
    { kind: 'float', bits: 64 },
    { kind: 'string' },
    { kind: 'bytes' },
    { kind: 'json' },
    { kind: 'uuid' },
    { kind: 'date' },
    { kind: 'time', unit: 'us' },
    { kind: 'time', unit: 'ns' },
    { kind: 'datetime', unit: 's' },
    { kind: 'datetime', unit: 'ms' },
    { kind: 'datetime', unit: 'us' },
    { kind: 'datetime', unit: 'ns' },
    { kind: 'timestamp', unit: 'us' },
    { kind: 'interval' },
  ),
  fc
    .tuple(fc.constantFrom(...BITS), fc.boolean())
    .map(([bits, unsigned]): ColumnType => ({ kind: 'int', bits, ...(unsigned ? { unsigned } : {}) })),
  fc
    .tuple(fc.constantFrom(1, 4, 5, 9, 10, 18, 19, 38), fc.nat({ max: 38 }))
    .map(([precision, scale]): ColumnType => ({
      kind: 'decimal',
      precision,
      scale: Math.min(scale, precision),
    })),
);

const { type: anyType } = fc.letrec<{ type: ColumnType }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 4, arbitrary: scalar },
    tie('type').map((element): ColumnType => ({ kind: 'array', element })),
    fc
      .uniqueArray(fc.constantFrom('a', "it's", 'a b', '__proto__', 'x"y'), { minLength: 1, maxLength: 3 })
      .chain((names) => fc.tuple(...names.map((name) => tie('type').map((type) => ({ name, type })))))
      .map((fields): ColumnType => ({ kind: 'struct', fields })),
  ),
}));

const ID = { name: 'id', type: { kind: 'int', bits: 64 }, nullable: false } as const;

export const anyTable: fc.Arbitrary<AnyTable> = fc
  .array(fc.tuple(anyType, fc.boolean()), { minLength: 1, maxLength: 5 })
  .chain((types) => {
    const columns = types.map(([type, nullable], index) => ({ name: `c${index}`, type, nullable }));
    const cells = columns.map(({ type, nullable }) =>
      nullable ? fc.option(cellOf(type), { freq: 4 }) : cellOf(type),
    );
    return fc.array(fc.tuple(...cells), { maxLength: 40 }).map((rows) => ({
      schema: { columns: [ID, ...columns], primaryKey: [] },
      rows: rows.map((row, index): Row => [BigInt(index), ...row]),
    }));
  });

const bigInts = (min: bigint, max: bigint): fc.Arbitrary<bigint> =>
  fc.oneof(fc.bigInt({ min, max }), fc.constantFrom(min, max, min + 1n, max - 1n));

function instants(first: bigint, last: bigint): fc.Arbitrary<bigint> {
  return fc.oneof(
    { weight: 4, arbitrary: bigInts(first, last) },
    fc.bigInt({ min: -10_000n, max: 10_000n }),
    fc.constantFrom(INSTANT_INFINITY, INSTANT_MINUS_INFINITY),
  );
}

function cellOf(type: ColumnType): fc.Arbitrary<Exclude<Cell, null>> {
  switch (type.kind) {
    case 'bool':
      return fc.boolean();
    case 'int': {
      const bits = BigInt(type.bits);
      if (type.unsigned === true) return bigInts(0n, 2n ** bits - 1n);
      return bigInts(-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n);
    }
    case 'float':
      return type.bits === 32 ? fc.float() : fc.double();
    case 'decimal': {
      const { precision = 1, scale = 0 } = type;
      const most = 10n ** BigInt(precision) - 1n;
      return fc
        .oneof(bigInts(-most, most), fc.bigInt({ min: -most < -9n ? -9n : -most, max: 9n }))
        .map((unscaled) => {
          const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
          const placed = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
          return unscaled < 0n ? `-${placed}` : placed;
        });
    }
    case 'bytes':
      return fc.uint8Array({ maxLength: 20 });
    case 'json':
      // Documents that the converter rejects are never staged.
      return jsonText.filter((text) => jsonProblem(text) === undefined);
    case 'uuid':
      return fc.uuid();
    case 'date':
      return instants(...DUCKDB_RULES.dateRange);
    case 'time':
      return bigInts(0n, 86_400n * UNITS_PER_SECOND[type.unit]);
    case 'datetime':
    case 'timestamp': {
      const [first, last] = DUCKDB_RULES.instantRange;
      const perSecond = UNITS_PER_SECOND[type.unit];
      if (type.unit === 'ns')
        return instants(INSTANT_MINUS_INFINITY + 200_000_000_000_000n, INSTANT_INFINITY - 1n);
      return instants((first * perSecond) / 1_000_000n, (last * perSecond) / 1_000_000n);
    }
    case 'interval':
      return fc.tuple(
        bigInts(-(2n ** 31n) + 1n, 2n ** 31n - 1n),
        bigInts(-(2n ** 31n) + 1n, 2n ** 31n - 1n),
        bigInts(-(2n ** 62n), 2n ** 62n),
      );
    case 'array':
      return fc.array(fc.option(cellOf(type.element), { freq: 4 }), { maxLength: 4 });
    case 'struct':
      return fc.tuple(...type.fields.map((field) => fc.option(cellOf(field.type), { freq: 4 })));
    default:
      return fc.string({ unit: 'binary', maxLength: 40 });
  }
}
