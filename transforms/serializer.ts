import type { ColumnType } from '../core/schema';
import { formatBytes } from './bytes-text';
import { isCells, isDeeper, isInterval, type Present } from './cell-shape';
import { floatText } from './float-text';
import {
  compileInstantFormat,
  formatDate,
  formatTime,
  isCalendarDay,
  isInfiniteInstant,
} from '../core/instant-format';
import { formatInterval } from './interval-text';
import { jsonKind, jsonString, quoteJson } from './json-text';

/** What is written in JSON text for values that JSON or the calendar has no place for; `text` is the value's name. The answer is JSON text. */
export type JsonUnusual = (policy: 'nan' | 'infinity' | 'out_of_range_date', text: string) => string;

/** The name as a JSON string: `"NaN"`, `"infinity"`. */
const UNUSUAL_AS_TEXT: JsonUnusual = (_policy, text) => quoteJson(text);

/**
 * Writes cells of a type as text: what a string column gets, and what previews and rejects show. ISO 8601 for everything in the calendar,
 * with as many digits of a second as the unit has; decimals and integers digit by digit; the shortest text for floats; bytes as `\x…`;
 * arrays and structs as JSON. A cell of another shape than its type says is written as JavaScript would.
 */
export function compileTextSerializer(type: ColumnType): (cell: Present) => string {
  switch (type.kind) {
    case 'float': {
      const { bits } = type;
      return (cell) => (typeof cell === 'number' ? floatText(cell, bits) : plainText(cell));
    }
    case 'bytes':
      return (cell) => (cell instanceof Uint8Array ? formatBytes(cell) : plainText(cell));
    case 'variant':
      return (cell) =>
        typeof cell === 'string' && jsonKind(cell) === 'string' ? jsonString(cell) : plainText(cell);
    case 'date':
      return (cell) => (typeof cell === 'bigint' && isCalendarDay(cell) ? formatDate(cell) : plainText(cell));
    case 'time': {
      const { unit } = type;
      return (cell) => (typeof cell === 'bigint' ? formatTime(cell, unit) : plainText(cell));
    }
    case 'datetime':
    case 'timestamp': {
      const format = compileInstantFormat(type.kind, type.unit);
      return (cell) => (typeof cell === 'bigint' ? format(cell) : plainText(cell));
    }
    case 'interval':
      return (cell) => (isInterval(cell) ? formatInterval(cell) : plainText(cell));
    case 'array':
    case 'struct':
      return compileJsonSerializer(type, UNUSUAL_AS_TEXT);
    case 'bool':
    case 'int':
    case 'decimal':
    case 'string':
    case 'json':
    case 'uuid':
      return plainText;
  }
}

function plainText(cell: Present): string {
  return typeof cell === 'string' ? cell : String(cell);
}

/**
 * Writes cells of a type as JSON text: numbers of every size digit by digit, documents as they are written, structs as objects in the order
 * of their fields, arrays to any depth (also deeper than the type says), everything else as its text in quotes.
 */
export function compileJsonSerializer(type: ColumnType, unusual: JsonUnusual): (cell: Present) => string {
  switch (type.kind) {
    case 'bool':
    case 'int':
    case 'json':
    case 'variant':
      return plainText;
    case 'float': {
      const { bits } = type;
      return (cell) => {
        if (typeof cell !== 'number') return quoteJson(plainText(cell));
        const text = floatText(cell, bits);
        if (Number.isFinite(cell)) return text;
        return unusual(Number.isNaN(cell) ? 'nan' : 'infinity', text);
      };
    }
    case 'decimal':
      return (cell) => {
        const text = plainText(cell);
        if (text === 'NaN') return unusual('nan', text);
        return text.endsWith('Infinity') ? unusual('infinity', text) : text;
      };
    case 'date':
    case 'datetime':
    case 'timestamp': {
      const format = compileTextSerializer(type);
      const isDate = type.kind === 'date';
      return (cell) => {
        const text = format(cell);
        if (typeof cell === 'bigint' && isInfiniteInstant(cell)) return unusual('infinity', text);
        if (isDate && typeof cell === 'bigint' && !isCalendarDay(cell))
          return unusual('out_of_range_date', text);
        return `"${text}"`;
      };
    }
    case 'array':
      return compileJsonArray(type.element, unusual);
    case 'struct':
      return compileJsonObject(type.fields, unusual);
    case 'string':
    case 'bytes':
    case 'uuid':
    case 'time':
    case 'interval': {
      const format = compileTextSerializer(type);
      return (cell) => quoteJson(format(cell));
    }
  }
}

function compileJsonArray(elementType: ColumnType, unusual: JsonUnusual): (cell: Present) => string {
  const element = compileJsonSerializer(elementType, unusual);
  const write = (cell: Present): string => {
    if (!isCells(cell)) return quoteJson(plainText(cell));
    let text = '[';
    for (let index = 0; index < cell.length; index++) {
      const value = cell[index] ?? null;
      if (index > 0) text += ',';
      if (value === null) text += 'null';
      else text += isDeeper(elementType, value) ? write(value) : element(value);
    }
    return `${text}]`;
  };
  return write;
}

function compileJsonObject(
  fields: readonly { readonly name: string; readonly type: ColumnType }[],
  unusual: JsonUnusual,
): (cell: Present) => string {
  const writers = fields.map(({ name, type }, index) => ({
    start: `${index === 0 ? '{' : ','}${JSON.stringify(name)}:`,
    write: compileJsonSerializer(type, unusual),
  }));
  if (writers.length === 0) return () => '{}';
  return (cell) => {
    if (!isCells(cell)) return quoteJson(plainText(cell));
    let text = '';
    for (const [index, { start, write }] of writers.entries()) {
      const value = cell[index] ?? null;
      text += start + (value === null ? 'null' : write(value));
    }
    return `${text}}`;
  };
}
