import type { WarehouseField, WarehouseType } from '../../core/clients/warehouse-type';
import type { StagingFormat } from '../../core/encoding';
import { quoteIdentifier, quoteText } from './sql-text';
import { sqlType } from './types';

/**
 * How staged rows are read: only with types that the reader of their format keeps exactly, and everything else is text that SQL casts, which is
 * exact or fails.
 *
 * Left to itself, DuckDB's JSON reader changes values without a word: decimals go through doubles, 5.7 becomes 6, base64 is kept as
 * text, numbers inside of documents are printed anew, -0 loses its sign. Its Parquet reader changes nothing, but has no types of 128
 * bits, intervals of microseconds, seconds and milliseconds (which it reads as microseconds). It looks at JSON itself, and fails where there is none.
 */
interface Reading {
  /** Scalars that are what the column is, as they are read. */
  readonly exact: ReadonlySet<string>;
  readonly decimals: boolean;
  /** What bytes are read as. */
  readonly bytes: 'BLOB' | 'hex';
}

const WHOLE_NUMBERS = [
  'TINYINT',
  'SMALLINT',
  'INTEGER',
  'BIGINT',
  'UTINYINT',
  'USMALLINT',
  'UINTEGER',
  'UBIGINT',
];

const JSON_READING: Reading = {
  exact: new Set(['BOOLEAN', 'VARCHAR', ...WHOLE_NUMBERS]),
  decimals: false,
  bytes: 'hex',
};

const PARQUET_READING: Reading = {
  exact: new Set([
    ...['BOOLEAN', 'VARCHAR', ...WHOLE_NUMBERS, 'FLOAT', 'DOUBLE', 'BLOB', 'UUID', 'DATE', 'TIME'],
    ...['TIMESTAMP', 'TIMESTAMP_NS', 'TIMESTAMP_TZ', 'JSON'],
  ]),
  decimals: true,
  bytes: 'BLOB',
};

/** The type that the JSON reader reads a value as. */
function stagedType(type: WarehouseType): string {
  switch (type.kind) {
    case 'list':
    case 'array':
      return `${stagedType(type.element)}[]`;
    case 'map':
      return `STRUCT("key" ${stagedType(type.key)}, "value" ${stagedType(type.value)})[]`;
    case 'struct':
      return `STRUCT(${type.fields.map((field) => `${quoteIdentifier(field.name)} ${stagedType(field.type)}`).join(', ')})`;
    case 'scalar':
      return JSON_READING.exact.has(type.name) ? type.name : 'VARCHAR';
    case 'decimal':
    case 'enum':
      return 'VARCHAR';
  }
}

/** The expression that makes a value of `type` from a staged one. `depth` keeps the names of nested lambdas apart. */
function castStaged(reading: Reading, type: WarehouseType, staged: string, depth = 0): string {
  switch (type.kind) {
    case 'enum':
      return staged;
    case 'scalar':
      if (type.name === 'BLOB' && reading.bytes === 'hex') return `from_hex(${staged})`;
      return reading.exact.has(type.name) ? staged : `CAST(${staged} AS ${sqlType(type)})`;
    case 'decimal':
      return reading.decimals ? staged : `CAST(${staged} AS ${sqlType(type)})`;
    case 'list':
      return castElements(reading, type.element, staged, depth);
    case 'array':
      return `CAST(${castElements(reading, type.element, staged, depth)} AS ${sqlType(type)})`;
    case 'map': {
      const fields = [
        { name: 'key', type: type.key },
        { name: 'value', type: type.value },
      ];
      return `map_from_entries(${castElements(reading, { kind: 'struct', fields }, staged, depth)})`;
    }
    case 'struct':
      return castFields(reading, type.fields, staged, depth);
  }
}

function castElements(reading: Reading, element: WarehouseType, staged: string, depth: number): string {
  const name = `e${depth}`;
  const cast = castStaged(reading, element, name, depth + 1);
  return cast === name ? staged : `list_transform(${staged}, lambda ${name}: ${cast})`;
}

/** A null struct stays null, rather than becoming a struct of nulls. */
function castFields(
  reading: Reading,
  fields: readonly WarehouseField[],
  staged: string,
  depth: number,
): string {
  const casts = fields.map((field) => {
    const part = `struct_extract(${staged}, ${quoteText(field.name)})`;
    return { name: field.name, part, cast: castStaged(reading, field.type, part, depth) };
  });
  if (casts.every(({ part, cast }) => part === cast)) return staged;
  const packed = casts.map(({ name, cast }) => `${quoteIdentifier(name)} := ${cast}`);
  return `CASE WHEN ${staged} IS NULL THEN NULL ELSE struct_pack(${packed.join(', ')}) END`;
}

/**
 * What the JSON reader is told of the longest row, in bytes. It takes a buffer of twice this, and larger ones for longer rows by itself
 * (rows of 14 MB were read with 128 KiB); the default of 16 MiB costs 32 MB of the memory limit.
 */
const USUAL_ROW_BYTES = 1024 * 1024;

/**
 * A query for the staged rows of `files`: `columns` in order, with their types; texts for enums. The files must exist: of a name with `*`, `?` or
 * `[` DuckDB takes the file of that very name first, and only without one a pattern.
 */
export function selectStaged(
  format: StagingFormat,
  columns: readonly WarehouseField[],
  files: readonly string[],
): string {
  const names = `[${files.map(quoteText).join(', ')}]`;
  if (format === 'parquet') {
    return `SELECT ${castColumns(PARQUET_READING, columns)} FROM read_parquet(${names}) AS staged`;
  }
  const types = columns.map(({ name, type }) => `${quoteText(name)}: ${quoteText(stagedType(type))}`);
  const options = [
    names,
    "format = 'newline_delimited'",
    "compression = 'uncompressed'",
    'auto_detect = false',
    `maximum_object_size = ${USUAL_ROW_BYTES}`,
    `columns = {${types.join(', ')}}`,
  ];
  return `SELECT ${castColumns(JSON_READING, columns)} FROM read_json(${options.join(', ')}) AS staged`;
}

function castColumns(reading: Reading, columns: readonly WarehouseField[]): string {
  const casts = columns.map(({ name, type }) => {
    const cast = castStaged(reading, type, `staged.${quoteIdentifier(name)}`);
    return `${cast} AS ${quoteIdentifier(name)}`;
  });
  return casts.join(', ');
}
