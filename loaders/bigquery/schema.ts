import type { TableField, TableResource } from '../../core/clients/bigquery-api';
import { BeamliftError } from '../../core/errors';
import { formatType } from '../../core/format-type';
import type { Column, ColumnType, Partitioning, TableSchema } from '../../core/schema';
import { BIGNUMERIC, MAX_COLUMN_DESCRIPTION, NUMERIC } from './rules';
import { isDecimalOf } from './types';

/** Spellings of types by the API (`INTEGER`) and by SQL (`INT64`), to SQL's. */
const SQL_NAMES: ReadonlyMap<string, string> = new Map([
  ['INTEGER', 'INT64'],
  ['FLOAT', 'FLOAT64'],
  ['BOOLEAN', 'BOOL'],
  ['RECORD', 'STRUCT'],
  ['DECIMAL', 'NUMERIC'],
  ['BIGDECIMAL', 'BIGNUMERIC'],
]);

/** Types whose values are written as text, and which Avro files cannot say. */
const TEXT_TYPES: readonly string[] = ['GEOGRAPHY', 'INTERVAL', 'RANGE'];

/** The schema of an existing table. Throws TYPE_UNSUPPORTED for a column of a type that is not known here. */
export function tableSchemaOf(resource: TableResource): TableSchema {
  const partitioning = partitioningOf(resource);
  return {
    columns: (resource.schema?.fields ?? []).map(columnOf),
    primaryKey: primaryKeyOf(resource),
    ...(partitioning === undefined ? {} : { partitioning }),
  };
}

function columnOf(field: TableField): Column {
  const { mode = 'NULLABLE', description } = field;
  return {
    name: field.name,
    type: columnTypeOf(field, field.name),
    nullable: mode !== 'REQUIRED',
    nativeType: sqlTypeOf(field),
    ...(description === undefined || description === '' ? {} : { comment: description }),
  };
}

function columnTypeOf(field: TableField, path: string): ColumnType {
  const element = elementTypeOf(field, path);
  return field.mode === 'REPEATED' ? { kind: 'array', element } : element;
}

function elementTypeOf(field: TableField, path: string): ColumnType {
  const name = sqlName(field);
  switch (name) {
    case 'INT64':
      return { kind: 'int', bits: 64 };
    case 'FLOAT64':
      return { kind: 'float', bits: 64 };
    case 'BOOL':
      return { kind: 'bool' };
    case 'STRING':
      return field.maxLength === undefined
        ? { kind: 'string' }
        : { kind: 'string', maxLength: Number(field.maxLength) };
    case 'BYTES':
      return field.maxLength === undefined
        ? { kind: 'bytes' }
        : { kind: 'bytes', maxLength: Number(field.maxLength) };
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
    case 'STRUCT':
      return {
        kind: 'struct',
        fields: (field.fields ?? []).map((inner) => ({
          name: inner.name,
          type: columnTypeOf(inner, `${path}.${inner.name}`),
          ...(inner.mode === 'REQUIRED' ? { nullable: false } : {}),
        })),
      };
    default:
      if (TEXT_TYPES.includes(name)) return { kind: 'string' };
      throw new BeamliftError('TYPE_UNSUPPORTED', {
        what: `Column "${path}" of the destination table has the type ${name}, which beamlift cannot write`,
        where: { column: path },
        hint: 'Change the type of the column (STRING and JSON take everything), or load into another table.',
      });
  }
}

function decimalOf(field: TableField, limits: typeof NUMERIC | typeof BIGNUMERIC): ColumnType {
  if (field.precision === undefined)
    return { kind: 'decimal', precision: limits.precision, scale: limits.scale };
  return { kind: 'decimal', precision: Number(field.precision), scale: Number(field.scale ?? 0) };
}

function sqlName({ type }: TableField): string {
  const name = type.toUpperCase();
  return SQL_NAMES.get(name) ?? name;
}

/** The type as SQL writes it, with the names of fields in backquotes: ARRAY<STRUCT<`at` TIMESTAMP>>. */
function sqlTypeOf(field: TableField): string {
  const name = sqlName(field);
  let text = name;
  if (name === 'STRUCT') {
    text = `STRUCT<${(field.fields ?? []).map((inner) => `\`${inner.name}\` ${sqlTypeOf(inner)}`).join(', ')}>`;
  } else if (name === 'RANGE') {
    text = `RANGE<${field.rangeElementType?.type ?? 'DATE'}>`;
  } else if (field.precision !== undefined) {
    text = `${name}(${[field.precision, field.scale].filter((part) => part !== undefined).join(', ')})`;
  } else if (field.maxLength !== undefined) {
    text = `${name}(${field.maxLength})`;
  }
  return field.mode === 'REPEATED' ? `ARRAY<${text}>` : text;
}

/** What SQL calls a type that `typeFor` gives. */
export function sqlNameOf(type: ColumnType): string {
  return sqlTypeOf(fieldOf('', type));
}

/** The type in a column's native type, deep, whose values only NDJSON can say; undefined: none. */
export function textTypeIn(nativeType: string | undefined): string | undefined {
  const types = nativeType?.replace(/`[^`]*`/g, '') ?? '';
  return TEXT_TYPES.find((name) => new RegExp(`\\b${name}\\b`).test(types));
}

function primaryKeyOf({ tableConstraints }: TableResource): string[] {
  const key = tableConstraints?.['primaryKey'];
  if (typeof key !== 'object' || key === null || Array.isArray(key)) return [];
  const columns = key['columns'];
  return Array.isArray(columns) ? columns.filter((name) => typeof name === 'string') : [];
}

/** Undefined: not partitioned, or by the time of loading. */
function partitioningOf({ timePartitioning, rangePartitioning }: TableResource): Partitioning | undefined {
  if (timePartitioning?.field !== undefined) {
    const by = TIME_PARTITIONS.get(timePartitioning.type.toUpperCase());
    return by === undefined ? undefined : { by, column: timePartitioning.field };
  }
  if (rangePartitioning === undefined) return undefined;
  const { field, range } = rangePartitioning;
  return {
    by: 'range',
    column: field,
    start: Number(range.start),
    end: Number(range.end),
    interval: Number(range.interval),
  };
}

const TIME_PARTITIONS = new Map<string, 'hour' | 'day' | 'month' | 'year'>([
  ['HOUR', 'hour'],
  ['DAY', 'day'],
  ['MONTH', 'month'],
  ['YEAR', 'year'],
]);

/** The fields of a table that is created, or that gets new columns. Types are what `typeFor` gives, or those of `tableSchemaOf`. */
export function tableFields(schema: TableSchema): TableField[] {
  return schema.columns.map((column) => {
    const field = fieldOf(column.name, column.type);
    const { nativeType } = column;
    const range = /^RANGE<(\w+)>$/.exec(nativeType ?? '')?.[1];
    return {
      ...field,
      ...(column.type.kind === 'string' && TEXT_TYPES.includes(nativeType ?? '')
        ? { type: nativeType ?? '' }
        : {}),
      ...(range === undefined ? {} : { type: 'RANGE', rangeElementType: { type: range } }),
      ...(field.mode === 'REPEATED' ? {} : { mode: column.nullable ? 'NULLABLE' : 'REQUIRED' }),
      ...(column.comment === undefined ? {} : { description: shortened(column.comment) }),
    };
  });
}

function shortened(comment: string): string {
  return comment.length <= MAX_COLUMN_DESCRIPTION
    ? comment
    : `${comment.slice(0, MAX_COLUMN_DESCRIPTION - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

function fieldOf(name: string, type: ColumnType): TableField {
  switch (type.kind) {
    case 'array': {
      const element = fieldOf(name, type.element);
      if (element.mode === 'REPEATED') throw noField(type);
      return { ...element, mode: 'REPEATED' };
    }
    case 'struct':
      return {
        name,
        type: 'RECORD',
        fields: type.fields.map((field) => ({
          ...fieldOf(field.name, field.type),
          ...(field.nullable === false && field.type.kind !== 'array' ? { mode: 'REQUIRED' } : {}),
        })),
      };
    case 'decimal':
      return { name, ...decimalField(type.precision, type.scale ?? 0, type) };
    case 'string':
    case 'bytes':
      return {
        name,
        type: type.kind === 'string' ? 'STRING' : 'BYTES',
        ...(type.maxLength === undefined ? {} : { maxLength: String(type.maxLength) }),
      };
    case 'bool':
      return { name, type: 'BOOLEAN' };
    case 'int':
      if (type.bits === 128 || (type.bits === 64 && type.unsigned === true)) throw noField(type);
      return { name, type: 'INTEGER' };
    case 'float':
      return { name, type: 'FLOAT' };
    case 'json':
      return { name, type: 'JSON' };
    case 'uuid':
      return { name, type: 'STRING' };
    case 'date':
      return { name, type: 'DATE' };
    case 'time':
      return { name, type: 'TIME' };
    case 'datetime':
      return { name, type: 'DATETIME' };
    case 'timestamp':
      return { name, type: 'TIMESTAMP' };
    case 'variant':
    case 'interval':
      throw noField(type);
  }
}

function decimalField(
  precision: number | undefined,
  scale: number,
  type: ColumnType,
): { type: string; precision?: string; scale?: string } {
  if (precision === undefined) return { type: 'BIGNUMERIC' };
  if (precision === NUMERIC.precision && scale === NUMERIC.scale) return { type: 'NUMERIC' };
  if (precision === BIGNUMERIC.precision && scale === BIGNUMERIC.scale) return { type: 'BIGNUMERIC' };
  const parameters = { precision: String(precision), ...(scale === 0 ? {} : { scale: String(scale) }) };
  const whole = precision - scale;
  if (scale < 0 || whole < 0 || !isDecimalOf(BIGNUMERIC, whole, scale)) throw noField(type);
  return { type: isDecimalOf(NUMERIC, whole, scale) ? 'NUMERIC' : 'BIGNUMERIC', ...parameters };
}

function noField(type: ColumnType): BeamliftError {
  return new BeamliftError('INTERNAL', { what: `No column of BigQuery is created for ${formatType(type)}` });
}
