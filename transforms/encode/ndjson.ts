import type { Cell, Row } from '../../core/cells';
import type { NdjsonDialect } from '../../core/encoding';
import { BeamliftError } from '../../core/errors';
import { formatType } from '../../core/format-type';
import type { ColumnType, TableSchema } from '../../core/schema';
import { base64Of, hexOf } from '../bytes-text';
import { isCells, isInterval, type Present } from '../cell-shape';
import { float64Text } from '../float-text';
import { compileInstantFormat, formatDate, formatTime, type InstantStyle } from '../../core/instant-format';
import { formatIntervalUnits } from '../interval-text';
import { quoteJson } from '../json-text';

type Writer = (cell: Present) => string;

/** Whole numbers of so many characters are below 2^53, which every JSON reader keeps. */
const SAFE_DIGITS = 15;

/**
 * The function that writes a row of the schema as one line of NDJSON, line feed included. Every column is in it, also where it is null.
 *
 * Numbers in JSON are bools, ints up to 15 digits and (by the dialect) finite floats; everything else is text that the destination casts:
 * longer ints, decimals, NaN and the infinities, dates and times, intervals in units (`14 months -3 days 500 microseconds`).
 * Floats have the shortest text of their float64, also float32, so that reading them as either gives the same number.
 * Halves of surrogate pairs are written as escapes. Throws INTERNAL for a cell that is not what its type says.
 */
export function compileNdjsonEncoder(schema: TableSchema, dialect: NdjsonDialect): (row: Row) => string {
  const write = compileObject(schema.columns, dialect);
  return (row) => `${write(row)}\n`;
}

/** The function that writes a cell that is not null, as it stands in such a line. */
export function compileNdjsonValue(type: ColumnType, dialect: NdjsonDialect): (cell: Present) => string {
  return compileWriter(type, dialect);
}

function compileObject(
  fields: readonly { readonly name: string; readonly type: ColumnType }[],
  dialect: NdjsonDialect,
): (cells: readonly Cell[]) => string {
  const columns = fields.map(({ name, type }, index) => {
    const start = `${index === 0 ? '{' : ','}${JSON.stringify(name)}:`;
    return { start, isNull: `${start}null`, write: compileWriter(type, dialect) };
  });
  if (columns.length === 0) return () => '{}';
  return (cells) => {
    let text = '';
    let index = 0;
    for (const { start, isNull, write } of columns) {
      const cell = cells[index++] ?? null;
      text += cell === null ? isNull : start + write(cell);
    }
    return `${text}}`;
  };
}

function compileArray(element: ColumnType, dialect: NdjsonDialect): Writer {
  const write = compileWriter(element, dialect);
  return (cell) => {
    if (!isCells(cell)) throw wrongCell({ kind: 'array', element }, cell);
    let text = '';
    for (const value of cell) text += `,${value === null ? 'null' : write(value)}`;
    return `[${text.slice(1)}]`;
  };
}

function compileWriter(type: ColumnType, dialect: NdjsonDialect): Writer {
  switch (type.kind) {
    case 'bool':
      return (cell) => {
        if (typeof cell !== 'boolean') throw wrongCell(type, cell);
        return cell ? 'true' : 'false';
      };
    case 'int':
      return ofBigint(type, (value) => {
        const text = value.toString();
        return text.length <= SAFE_DIGITS ? text : `"${text}"`;
      });
    case 'float':
      return compileFloat(type, dialect);
    case 'decimal':
    case 'uuid':
      return ofText(type, (value) => `"${value}"`);
    case 'string':
      return ofText(type, quoteJson);
    case 'json':
    case 'variant':
      return ofText(type, dialect.json === 'string' ? quoteJson : onOneLine);
    case 'bytes': {
      const format = dialect.bytes === 'hex' ? hexOf : base64Of;
      return (cell) => {
        if (!(cell instanceof Uint8Array)) throw wrongCell(type, cell);
        return `"${format(cell)}"`;
      };
    }
    case 'date': {
      const style = styleOf(dialect);
      return ofBigint(type, (value) => `"${formatDate(value, style)}"`);
    }
    case 'time': {
      const { unit } = type;
      return ofBigint(type, (value) => `"${formatTime(value, unit)}"`);
    }
    case 'datetime':
    case 'timestamp': {
      const format = compileInstantFormat(type.kind, type.unit, styleOf(dialect));
      return ofBigint(type, (value) => `"${format(value)}"`);
    }
    case 'interval':
      return (cell) => {
        if (!isInterval(cell)) throw wrongCell(type, cell);
        return `"${formatIntervalUnits(cell)}"`;
      };
    case 'array':
      return compileArray(type.element, dialect);
    case 'struct': {
      const write = compileObject(type.fields, dialect);
      return (cell) => {
        if (!isCells(cell)) throw wrongCell(type, cell);
        return write(cell);
      };
    }
  }
}

function compileFloat(type: ColumnType, dialect: NdjsonDialect): Writer {
  return (cell) => {
    if (typeof cell !== 'number') throw wrongCell(type, cell);
    if (!dialect.floatAsNumber || !Number.isFinite(cell)) return `"${float64Text(cell)}"`;
    // A reader that takes -0 for a whole number would lose its sign.
    return cell === 0 && Object.is(cell, -0) ? '-0.0' : String(cell);
  };
}

function styleOf(dialect: NdjsonDialect): InstantStyle {
  return { separator: ' ', zone: dialect.zone, eraSuffix: dialect.eraSuffix };
}

/** Line breaks in a JSON document can only stand between its tokens: a document in place must not end the line. */
function onOneLine(json: string): string {
  return /[\r\n]/.test(json) ? json.replace(/[\r\n]/g, ' ') : json;
}

function ofBigint(type: ColumnType, write: (value: bigint) => string): Writer {
  return (cell) => {
    if (typeof cell === 'bigint') return write(cell);
    throw wrongCell(type, cell);
  };
}

function ofText(type: ColumnType, write: (value: string) => string): Writer {
  return (cell) => {
    if (typeof cell === 'string') return write(cell);
    throw wrongCell(type, cell);
  };
}

function wrongCell(type: ColumnType, cell: Present): BeamliftError {
  return new BeamliftError('INTERNAL', {
    what: `The encoder met ${Array.isArray(cell) ? 'an array' : `a ${typeof cell}`} in a column of type ${formatType(type)}`,
  });
}
