import type { WarehouseType } from '../../core/clients/warehouse-type';
import { BeamliftError } from '../../core/errors';
import type { ColumnType } from '../../core/schema';
import { DUCKDB_RULES, MAX_DECIMAL_DIGITS } from './rules';
import { quoteIdentifier, quoteText } from './sql-text';

const SCALARS: readonly (readonly [name: string, sql: string, type: ColumnType])[] = [
  ['BOOLEAN', 'BOOLEAN', { kind: 'bool' }],
  ['TINYINT', 'TINYINT', { kind: 'int', bits: 8 }],
  ['SMALLINT', 'SMALLINT', { kind: 'int', bits: 16 }],
  ['INTEGER', 'INTEGER', { kind: 'int', bits: 32 }],
  ['BIGINT', 'BIGINT', { kind: 'int', bits: 64 }],
  ['HUGEINT', 'HUGEINT', { kind: 'int', bits: 128 }],
  ['UTINYINT', 'UTINYINT', { kind: 'int', bits: 8, unsigned: true }],
  ['USMALLINT', 'USMALLINT', { kind: 'int', bits: 16, unsigned: true }],
  ['UINTEGER', 'UINTEGER', { kind: 'int', bits: 32, unsigned: true }],
  ['UBIGINT', 'UBIGINT', { kind: 'int', bits: 64, unsigned: true }],
  ['UHUGEINT', 'UHUGEINT', { kind: 'int', bits: 128, unsigned: true }],
  ['FLOAT', 'FLOAT', { kind: 'float', bits: 32 }],
  ['DOUBLE', 'DOUBLE', { kind: 'float', bits: 64 }],
  ['VARCHAR', 'VARCHAR', { kind: 'string' }],
  ['JSON', 'JSON', { kind: 'json' }],
  ['BLOB', 'BLOB', { kind: 'bytes' }],
  ['UUID', 'UUID', { kind: 'uuid' }],
  ['DATE', 'DATE', { kind: 'date' }],
  ['TIME', 'TIME', { kind: 'time', unit: 'us' }],
  ['TIME_NS', 'TIME_NS', { kind: 'time', unit: 'ns' }],
  ['TIMESTAMP_S', 'TIMESTAMP_S', { kind: 'datetime', unit: 's' }],
  ['TIMESTAMP_MS', 'TIMESTAMP_MS', { kind: 'datetime', unit: 'ms' }],
  ['TIMESTAMP', 'TIMESTAMP', { kind: 'datetime', unit: 'us' }],
  ['TIMESTAMP_NS', 'TIMESTAMP_NS', { kind: 'datetime', unit: 'ns' }],
  ['TIMESTAMP_TZ', 'TIMESTAMP WITH TIME ZONE', { kind: 'timestamp', unit: 'us' }],
  ['INTERVAL', 'INTERVAL', { kind: 'interval' }],
];

const TYPE_OF_SCALAR: ReadonlyMap<string, ColumnType> = new Map(
  SCALARS.map(([name, , type]) => [name, type]),
);
const SQL_OF_SCALAR: ReadonlyMap<string, string> = new Map(SCALARS.map(([name, sql]) => [name, sql]));
const SCALAR_OF_TYPE: ReadonlyMap<string, string> = new Map(
  SCALARS.map(([name, , type]) => [exactText(type), name]),
);

/** What two types have in common exactly when they are the same. */
export function exactText(type: ColumnType): string {
  switch (type.kind) {
    case 'int':
      return `int ${type.bits} ${type.unsigned === true}`;
    case 'float':
      return `float ${type.bits}`;
    case 'decimal':
      return `decimal ${type.precision} ${type.scale}`;
    case 'string':
      return `string ${type.maxLength} ${JSON.stringify(type.values)}`;
    case 'time':
    case 'datetime':
    case 'timestamp':
      return `${type.kind} ${type.unit}`;
    case 'array':
      return `array [${exactText(type.element)}]`;
    case 'struct':
      return `struct {${type.fields.map((field) => `${JSON.stringify(field.name)} ${exactText(field.type)}`).join()}}`;
    default:
      return type.kind;
  }
}

/** The column type of a type in DuckDB's catalogue. Throws TYPE_UNSUPPORTED for those that rows cannot be made for: UNION, BIT, BIGNUM, TIME WITH TIME ZONE, VARIANT, GEOMETRY. */
export function columnTypeOf(type: WarehouseType, column: string): ColumnType {
  switch (type.kind) {
    case 'decimal':
      return { kind: 'decimal', precision: type.width, scale: type.scale };
    case 'enum':
      return { kind: 'string', values: [...type.values] };
    case 'list':
    case 'array':
      return { kind: 'array', element: columnTypeOf(type.element, column) };
    case 'struct':
      return {
        kind: 'struct',
        fields: type.fields.map((field) => ({ name: field.name, type: columnTypeOf(field.type, column) })),
      };
    case 'map': {
      const fields = [
        { name: 'key', type: columnTypeOf(type.key, column) },
        { name: 'value', type: columnTypeOf(type.value, column) },
      ];
      return { kind: 'array', element: { kind: 'struct', fields } };
    }
    case 'scalar': {
      const known = TYPE_OF_SCALAR.get(type.name);
      if (known !== undefined) return known;
      throw new BeamliftError('TYPE_UNSUPPORTED', {
        what: `Column "${column}" of the destination table has the type ${type.name}, which beamlift cannot write`,
        where: { column },
        hint: 'Change the type of the column (VARCHAR and JSON take everything), or load into another table.',
      });
    }
  }
}

/** The DuckDB type of a column that beamlift creates. `type` is what `typeFor` gave. Throws INTERNAL for anything else. */
export function warehouseTypeOf(type: ColumnType): WarehouseType {
  switch (type.kind) {
    case 'decimal':
      return { kind: 'decimal', width: type.precision ?? MAX_DECIMAL_DIGITS, scale: type.scale ?? 0 };
    case 'array':
      return { kind: 'list', element: warehouseTypeOf(type.element) };
    case 'struct':
      return {
        kind: 'struct',
        fields: type.fields.map((field) => ({ name: field.name, type: warehouseTypeOf(field.type) })),
      };
    default: {
      const name = SCALAR_OF_TYPE.get(exactText(type));
      if (name !== undefined) return { kind: 'scalar', name };
      throw new BeamliftError('INTERNAL', { what: `No column of DuckDB is created for ${exactText(type)}` });
    }
  }
}

/** A type in SQL. Enums are texts here: DuckDB turns them into the column's enum when it inserts them, whatever the enum is called. */
export function sqlType(type: WarehouseType): string {
  switch (type.kind) {
    case 'decimal':
      return `DECIMAL(${type.width}, ${type.scale})`;
    case 'enum':
      return 'VARCHAR';
    case 'list':
      return `${sqlType(type.element)}[]`;
    case 'array':
      return `${sqlType(type.element)}[${type.length}]`;
    case 'struct':
      return `STRUCT(${type.fields.map((field) => `${quoteIdentifier(field.name)} ${sqlType(field.type)}`).join(', ')})`;
    case 'map':
      return `MAP(${sqlType(type.key)}, ${sqlType(type.value)})`;
    case 'scalar':
      return SQL_OF_SCALAR.get(type.name) ?? quoteText(type.name);
  }
}

/** The type that a created table gives to a source column: one that holds every value, and for decimals without limits one to calculate with. */
export function typeFor(type: ColumnType): ColumnType {
  switch (type.kind) {
    case 'decimal':
      return decimalFor(type.precision, type.scale ?? 0);
    case 'string':
      return { kind: 'string' };
    case 'variant':
      return { kind: 'json' };
    case 'time':
    case 'datetime':
      return { kind: type.kind, unit: type.unit === 'ns' ? 'ns' : 'us' };
    case 'timestamp':
      // There is no TIMESTAMP WITH TIME ZONE of nanoseconds: digits beyond microseconds are up to policy `inexact`.
      return { kind: 'timestamp', unit: 'us' };
    case 'array':
      return { kind: 'array', element: typeFor(type.element) };
    case 'struct':
      return isStruct(type.fields.map((field) => field.name))
        ? {
            kind: 'struct',
            fields: type.fields.map((field) => ({ name: field.name, type: typeFor(field.type) })),
          }
        : { kind: 'json' };
    default:
      return type;
  }
}

/** More digits than DECIMAL has stay exact as text; a negative scale means zeros before the point. */
function decimalFor(precision: number | undefined, scale: number): ColumnType {
  if (precision === undefined) return { kind: 'decimal', ...DUCKDB_RULES.unboundedDecimal };
  const fraction = Math.max(scale, 0);
  const digits = Math.max(precision + Math.max(-scale, 0), fraction);
  return digits > MAX_DECIMAL_DIGITS
    ? { kind: 'string' }
    : { kind: 'decimal', precision: digits, scale: fraction };
}

/** STRUCT has at least one field, none without a name, and names that differ in more than case. */
function isStruct(names: readonly string[]): boolean {
  const distinct = new Set(names.map((name) => name.toLowerCase()));
  return names.length > 0 && distinct.size === names.length && !names.some((name) => /^$|\0/.test(name));
}
