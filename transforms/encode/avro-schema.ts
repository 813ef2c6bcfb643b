import { BeamliftError } from '../../core/errors';
import { formatType } from '../../core/format-type';
import type { ColumnType, TableSchema } from '../../core/schema';

/** An Avro schema, as JSON. */
export type AvroType =
  string | readonly AvroType[] | { readonly [key: string]: AvroType | number | AvroField[] };
interface AvroField {
  readonly name: string;
  readonly type: AvroType;
}

/** The names that Avro's specification allows. */
const AVRO_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * The Avro schema of rows of a table, as BigQuery reads it with `useAvroLogicalTypes`.
 *
 * NOT NULL columns have their type alone and all others a union with null: a load job compares the modes of the file with the table's, and
 * says `changed mode from REQUIRED to NULLABLE`. Arrays are never null, as in BigQuery; fields of structs as their type says.
 * Throws TYPE_UNSUPPORTED for a type or name that Avro cannot say.
 */
export function avroSchemaOf(schema: TableSchema): AvroType {
  // Names of records must differ, and mean nothing else.
  let records = 0;
  const nextRecord = (): string => `record_${records++}`;

  const recordOf = (
    fields: readonly { name: string; type: ColumnType; nullable?: boolean | undefined }[],
  ): AvroType => ({
    type: 'record',
    name: nextRecord(),
    fields: fields.map(({ name, type, nullable }) => {
      if (!AVRO_NAME.test(name)) {
        throw new BeamliftError('TYPE_UNSUPPORTED', {
          what: `The column name ${JSON.stringify(name)} cannot be written in Avro`,
          where: { column: name },
          why: 'Avro has letters of the English alphabet, digits and `_` only.',
          hint: 'Stage as NDJSON: `staging_format: ndjson`.',
        });
      }
      return { name, type: isNullable(type, nullable) ? ['null', typeOf(type, name)] : typeOf(type, name) };
    }),
  });

  const typeOf = (type: ColumnType, name: string): AvroType => {
    switch (type.kind) {
      case 'bool':
        return 'boolean';
      case 'int':
        if (type.bits === 128 || (type.bits === 64 && type.unsigned === true)) throw unsupported(type, name);
        return 'long';
      case 'float':
        return 'double';
      case 'decimal': {
        const { precision, scale = 0 } = type;
        if (precision === undefined || scale < 0 || scale > precision) throw unsupported(type, name);
        return { type: 'bytes', logicalType: 'decimal', precision, scale };
      }
      case 'string':
      case 'uuid':
        return 'string';
      case 'bytes':
        return 'bytes';
      case 'json':
        return { type: 'string', sqlType: 'JSON' };
      case 'date':
        return { type: 'int', logicalType: 'date' };
      case 'time':
      case 'datetime':
      case 'timestamp':
        if (type.unit !== 'us') throw unsupported(type, name);
        return { type: 'long', logicalType: LOGICAL_TYPES[type.kind] };
      case 'array':
        if (type.element.kind === 'array') throw unsupported(type, name);
        return { type: 'array', items: typeOf(type.element, name) };
      case 'struct':
        return recordOf(type.fields);
      case 'variant':
      case 'interval':
        throw unsupported(type, name);
    }
  };

  return recordOf(schema.columns);
}

const LOGICAL_TYPES = {
  time: 'time-micros',
  datetime: 'local-timestamp-micros',
  timestamp: 'timestamp-micros',
} as const;

/** Whether a column or field is a union with null. */
export function isNullable(type: ColumnType, nullable: boolean | undefined): boolean {
  return type.kind !== 'array' && nullable !== false;
}

function unsupported(type: ColumnType, name: string): BeamliftError {
  return new BeamliftError('TYPE_UNSUPPORTED', {
    what: `The column ${name} of type ${formatType(type)} cannot be staged as Avro`,
    where: { column: name },
    hint: 'Stage as NDJSON: `staging_format: ndjson`.',
  });
}
