import type { ArrowLayout } from '../../core/arrow-layout';
import { UnreadableCell } from '../../core/arrow-rows';
import type { Cell } from '../../core/cells';
import type { TableField } from '../../core/clients/bigquery-api';
import type { ErrorPlace } from '../../core/errors';
import type { RowColumn } from '../formats/arrow-rows';
import { arrowLayout, type ArrowField } from '../formats/arrow-schema';
import type { CellWidening } from '../formats/cell-widening';
import { sqlName } from './column-types';
import { rangeElementOf } from './rest-cells';
import { intervalCell, rangeText, shortDecimal } from './text-cells';

/** How the columns that were asked for lie in the record batches of a stream. Throws TYPE_UNSUPPORTED. */
export function arrowColumns(
  place: ErrorPlace,
  fields: readonly TableField[],
  schema: readonly ArrowField[],
): (RowColumn | undefined)[] {
  const byName = new Map(schema.map((field) => [field.name.toLowerCase(), field]));
  return fields.map((field) => {
    const found = byName.get(field.name.toLowerCase());
    if (found === undefined) return undefined;
    const layout = arrowLayout({ ...place, column: field.name }, found.type, []);
    return { name: found.name, layout, widening: conversion(field, layout) };
  });
}

/** Cells as they lie, to cells as the column's type has them; undefined: they are the same. */
function conversion(field: TableField, layout: ArrowLayout): CellWidening | undefined {
  if (field.mode === 'REPEATED') {
    const element = layout.kind === 'list' ? elementConversion(field, layout.element) : undefined;
    if (element === undefined) return undefined;
    return (cells) => asCells(cells).map((cell) => (cell === null ? null : converted(element, cell)));
  }
  return elementConversion(field, layout);
}

function elementConversion(field: TableField, layout: ArrowLayout): CellWidening | undefined {
  switch (sqlName(field)) {
    case 'NUMERIC':
    case 'BIGNUMERIC':
      return (cell) => (typeof cell === 'string' ? shortDecimal(cell) : undefined);
    case 'INTERVAL':
      return layout.kind === 'text'
        ? (cell) => (typeof cell === 'string' ? intervalCell(cell) : undefined)
        : undefined;
    case 'RANGE': {
      if (layout.kind !== 'struct') return undefined;
      const element = rangeElementOf(field);
      return (cell) => rangeText(element, asCells(cell)[0] ?? null, asCells(cell)[1] ?? null);
    }
    case 'STRUCT':
      return structConversion(field, layout);
    default:
      return undefined;
  }
}

function structConversion({ fields = [] }: TableField, layout: ArrowLayout): CellWidening | undefined {
  if (layout.kind !== 'struct') return undefined;
  const inner = fields.map((field, index) => {
    const found = layout.fields[index];
    return found === undefined ? undefined : conversion(field, found.layout);
  });
  if (inner.every((convert) => convert === undefined)) return undefined;
  return (cells) =>
    asCells(cells).map((cell, index) => {
      const convert = inner[index];
      return cell === null || convert === undefined ? cell : converted(convert, cell);
    });
}

function converted(convert: CellWidening, cell: Exclude<Cell, null>): Cell {
  const result = convert(cell);
  if (result === undefined) throw new UnreadableCell('not a value of its type', String(cell));
  return result;
}

function asCells(cell: Exclude<Cell, null>): readonly Cell[] {
  return Array.isArray(cell) ? (cell as readonly Cell[]) : [];
}
