// Apart from core/schema.ts, so that who only shows types does not wait for the schema library.
import type { ColumnType } from './schema';

/** A type as people write it: `decimal(12,2)`, `array<string>`, `struct<a int64, b json>`. */
export function formatType(type: ColumnType): string {
  switch (type.kind) {
    case 'int':
      return `${type.unsigned === true ? 'uint' : 'int'}${type.bits}`;
    case 'float':
      return `float${type.bits}`;
    case 'decimal':
      return type.precision === undefined ? 'decimal' : `decimal(${type.precision},${type.scale ?? 0})`;
    case 'string':
      if (type.values !== undefined) return 'enum';
      return type.maxLength === undefined ? 'string' : `string(${type.maxLength})`;
    case 'bytes':
      return type.maxLength === undefined ? 'bytes' : `bytes(${type.maxLength})`;
    case 'time':
    case 'datetime':
    case 'timestamp':
      return type.unit === 'us' ? type.kind : `${type.kind}(${type.unit})`;
    case 'array':
      return `array<${formatType(type.element)}>`;
    case 'struct':
      return `struct<${type.fields.map((field) => `${field.name} ${formatType(field.type)}`).join(', ')}>`;
    case 'bool':
    case 'json':
    case 'variant':
    case 'uuid':
    case 'date':
    case 'interval':
      return type.kind;
  }
}
