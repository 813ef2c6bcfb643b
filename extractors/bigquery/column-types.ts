import type { TableField } from '../../core/clients/bigquery-api';
import { BeamliftError } from '../../core/errors';
import type { Column, ColumnType } from '../../core/schema';

/** Digits of NUMERIC and BIGNUMERIC without parameters (BigQuery's reference of types). BIGNUMERIC has a 77th digit for some values. */
const NUMERIC = { precision: 38, scale: 9 } as const;
const BIGNUMERIC = { precision: 77, scale: 38 } as const;

/** Types by the API (`INTEGER`) and by SQL (`INT64`), to SQL's. */
const SQL_NAMES: ReadonlyMap<string, string> = new Map([
  ['INTEGER', 'INT64'],
  ['FLOAT', 'FLOAT64'],
  ['BOOLEAN', 'BOOL'],
  ['RECORD', 'STRUCT'],
  ['DECIMAL', 'NUMERIC'],
  ['BIGDECIMAL', 'BIGNUMERIC'],
]);

/** The type as SQL calls it, without parameters: `INT64`, `STRUCT`. */
export function sqlName({ type }: TableField): string {
  const name = type.toUpperCase();
  return SQL_NAMES.get(name) ?? name;
}

/** The column of a field. Throws TYPE_UNSUPPORTED for a type that is not known. */
export function columnOfField(field: TableField): Column {
  const { mode = 'NULLABLE', description } = field;
  return {
    name: field.name,
    type: typeOfField(field, field.name),
    // A REPEATED column is never null, but so is no array anywhere that BigQuery reads.
    nullable: mode === 'NULLABLE',
    nativeType: nativeTypeOf(field),
    ...(description === undefined || description === '' ? {} : { comment: description }),
  };
}

function typeOfField(field: TableField, path: string): ColumnType {
  const element = elementType(field, path);
  return field.mode === 'REPEATED' ? { kind: 'array', element } : element;
}

function elementType(field: TableField, path: string): ColumnType {
  switch (sqlName(field)) {
    case 'INT64':
      return { kind: 'int', bits: 64 };
    case 'FLOAT64':
      return { kind: 'float', bits: 64 };
    case 'BOOL':
      return { kind: 'bool' };
    case 'STRING':
      return { kind: 'string', ...lengthOf(field) };
    case 'BYTES':
      return { kind: 'bytes', ...lengthOf(field) };
    case 'NUMERIC':
      return decimalOf(field, NUMERIC);
    case 'BIGNUMERIC':
      return decimalOf(field, BIGNUMERIC);
    case 'DATE':
      return { kind: 'date' };
    case 'TIME':
      return { kind: 'time', unit: 'us' };
    case 'DATETIME':
      return { kind: 'datetime', unit: 'us' };
    case 'TIMESTAMP':
      return { kind: 'timestamp', unit: 'us' };
    case 'JSON':
      return { kind: 'json' };
    case 'INTERVAL':
      return { kind: 'interval' };
    case 'GEOGRAPHY':
    case 'RANGE':
      return { kind: 'string' };
    case 'STRUCT':
      return {
        kind: 'struct',
        fields: (field.fields ?? []).map((inner) => ({
          name: inner.name,
          type: typeOfField(inner, `${path}.${inner.name}`),
          ...(inner.mode === 'REQUIRED' ? { nullable: false } : {}),
        })),
      };
    default:
      throw new BeamliftError('TYPE_UNSUPPORTED', {
        what: `Column "${path}" has the type ${field.type} of BigQuery, which cannot be read`,
        where: { column: path },
        hint: 'Read it by a query that casts the column to STRING, or leave it out with a query.',
      });
  }
}

function lengthOf({ maxLength }: TableField): { maxLength?: number } {
  return maxLength === undefined ? {} : { maxLength: Number(maxLength) };
}

function decimalOf(field: TableField, limits: typeof NUMERIC | typeof BIGNUMERIC): ColumnType {
  if (field.precision === undefined) {
    // 77 digits are more than a declared decimal has anywhere, BigQuery included.
    return limits === NUMERIC
      ? { kind: 'decimal', ...NUMERIC }
      : { kind: 'decimal', precision: 76, scale: 38 };
  }
  return { kind: 'decimal', precision: Number(field.precision), scale: Number(field.scale ?? 0) };
}

/** As SQL writes it, with names of fields in backquotes: ARRAY<STRUCT<`at` TIMESTAMP>>. */
function nativeTypeOf(field: TableField): string {
  const name = sqlName(field);
  let text = name;
  if (name === 'STRUCT') {
    text = `STRUCT<${(field.fields ?? []).map((inner) => `\`${inner.name}\` ${nativeTypeOf(inner)}`).join(', ')}>`;
  } else if (name === 'RANGE') {
    text = `RANGE<${field.rangeElementType?.type ?? 'DATE'}>`;
  } else if (field.precision !== undefined) {
    text = `${name}(${[field.precision, field.scale].filter((part) => part !== undefined).join(', ')})`;
  } else if (field.maxLength !== undefined) {
    text = `${name}(${field.maxLength})`;
  }
  return field.mode === 'REPEATED' ? `ARRAY<${text}>` : text;
}
