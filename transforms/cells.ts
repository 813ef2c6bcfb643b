import type { Cell } from '../core/cells';
import { BeamliftError } from '../core/errors';
import { formatType } from '../core/format-type';
import type { ColumnType } from '../core/schema';
import { compileNull, keepNull } from './cells/null-array';
import { keepCell, type CellFunction, type ConversionContext } from './cells/rule';
import { CONVERSIONS } from './conversions';

export { CellRejected, keepCell, type ConversionContext } from './cells/rule';

/**
 * The function that converts cells of one type to another: the reference for every codec. Everything about types and policies is decided here;
 * the function itself looks at values alone. Null stays null, but for arrays where the destination has no null arrays. It throws CellRejected where a value cannot be converted, and nothing else
 * as long as cells are what their type says. `keepCell` is returned where no cell changes.
 *
 * Throws TYPE_UNSUPPORTED where there is no rule; `conversionProblem` tells beforehand.
 */
export function compileCell(
  source: ColumnType,
  destination: ColumnType,
  context: ConversionContext,
): (cell: Cell) => Cell {
  const convert = compilePresent(source, destination, context);
  const whenNull = compileNull(destination, context);
  if (convert === keepCell && whenNull === keepNull) return keepCell;
  return (cell) => (cell === null ? whenNull() : convert(cell));
}

function compilePresent(
  source: ColumnType,
  destination: ColumnType,
  context: ConversionContext,
): CellFunction {
  const conversion =
    destination.kind === 'variant'
      ? { none: 'a destination has no variants' }
      : CONVERSIONS[source.kind][destination.kind];
  if ('none' in conversion) {
    throw new BeamliftError('TYPE_UNSUPPORTED', {
      what: `There is no conversion from ${formatType(source)} to ${formatType(destination)}`,
      why: conversion.none,
      hint: 'docs/types.md lists every rule; a string or json column takes every type.',
    });
  }
  return conversion.compile(source, destination, {
    ...context,
    compile: (inner, outer) => compilePresent(inner, outer, context),
  });
}
