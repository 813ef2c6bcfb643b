import type { Cell, Row } from '../../core/cells';
import { BeamliftError } from '../../core/errors';
import { formatType } from '../../core/format-type';
import type { ColumnType, TableSchema } from '../../core/schema';
import { isCells, type Present } from '../cell-shape';
import type { AvroBuffer } from './avro-buffer';
import { compileDecimalWriter } from './avro-decimal';
import { isNullable } from './avro-schema';

type Writer = (cell: Present) => void;

/** Branches of the union with null. */
const NULL_BRANCH = 0;
const VALUE_BRANCH = 2;

/**
 * The function that writes a row of the schema behind what `buffer` holds, as `avroSchemaOf` says.
 * Throws INTERNAL for a cell that is not what its type says, and for a null where there can be none.
 */
export function compileAvroRow(schema: TableSchema, buffer: AvroBuffer): (row: Row) => void {
  return compileRecord(schema.columns, buffer);
}

function compileRecord(
  fields: readonly {
    readonly name: string;
    readonly type: ColumnType;
    readonly nullable?: boolean | undefined;
  }[],
  buffer: AvroBuffer,
): (cells: readonly Cell[]) => void {
  const columns = fields.map(({ name, type, nullable }) => {
    const write = compileWriter(type, buffer);
    return { name, type, write, nullable: isNullable(type, nullable) };
  });
  return (cells) => {
    let index = 0;
    for (const { name, type, write, nullable } of columns) {
      const cell = cells[index++] ?? null;
      if (nullable) {
        if (cell === null) {
          buffer.writeByte(NULL_BRANCH);
          continue;
        }
        buffer.writeByte(VALUE_BRANCH);
      } else if (cell === null) {
        if (type.kind !== 'array') throw missingCell(name);
        buffer.writeByte(NO_ELEMENTS);
        continue;
      }
      write(cell);
    }
  };
}

/** The number of elements that ends an array. */
const NO_ELEMENTS = 0;

function compileArray(type: ColumnType & { kind: 'array' }, buffer: AvroBuffer): Writer {
  const write = compileWriter(type.element, buffer);
  return (cell) => {
    if (!isCells(cell)) throw wrongCell(type, cell);
    if (cell.length > 0) {
      buffer.writeLength(cell.length);
      for (const value of cell) {
        if (value === null) throw missingCell('an array');
        write(value);
      }
    }
    buffer.writeByte(NO_ELEMENTS);
  };
}

/** The function that writes a cell that is not null. Throws INTERNAL for one that is not what the type says. */
export function compileWriter(type: ColumnType, buffer: AvroBuffer): Writer {
  switch (type.kind) {
    case 'bool':
      return (cell) => {
        if (typeof cell !== 'boolean') throw wrongCell(type, cell);
        buffer.writeByte(cell ? 1 : 0);
      };
    case 'int':
    case 'time':
    case 'datetime':
    case 'timestamp':
      return (cell) => {
        if (typeof cell !== 'bigint' || !buffer.writeLong(cell)) throw wrongCell(type, cell);
      };
    case 'date':
      return (cell) => {
        if (typeof cell !== 'bigint' || !buffer.writeInt(cell)) throw wrongCell(type, cell);
      };
    case 'float':
      return (cell) => {
        if (typeof cell !== 'number') throw wrongCell(type, cell);
        buffer.writeDouble(cell);
      };
    case 'decimal': {
      const write = compileDecimalWriter(buffer, type.scale ?? 0);
      return (cell) => {
        if (typeof cell !== 'string' || !write(cell)) throw wrongCell(type, cell);
      };
    }
    case 'string':
    case 'uuid':
    case 'json':
    case 'variant':
    case 'interval':
      return (cell) => {
        if (typeof cell !== 'string') throw wrongCell(type, cell);
        buffer.writeText(cell);
      };
    case 'bytes':
      return (cell) => {
        if (!(cell instanceof Uint8Array)) throw wrongCell(type, cell);
        buffer.writeBytes(cell);
      };
    case 'array':
      return compileArray(type, buffer);
    case 'struct': {
      const write = compileRecord(type.fields, buffer);
      return (cell) => {
        if (!isCells(cell)) throw wrongCell(type, cell);
        write(cell);
      };
    }
  }
}

function missingCell(place: string): BeamliftError {
  return new BeamliftError('INTERNAL', {
    what: `The encoder met a null in ${place}, where there can be none`,
  });
}

function wrongCell(type: ColumnType, cell: Present): BeamliftError {
  const shape = Array.isArray(cell) ? 'an array' : `a ${typeof cell}`;
  return new BeamliftError('INTERNAL', {
    what: `The encoder met ${shape} that is no value in a column of type ${formatType(type)}`,
  });
}
