import type { Cell } from '../../core/cells';
import type { DestinationRules } from '../../core/destination-rules';
import type { ColumnType } from '../../core/schema';
import { changeOrReject } from './policy-actions';
import type { ConversionContext } from './rule';

/** What null becomes in a column of this type: null, or by policy `null_array` an empty array where the destination has no null arrays. */
export function compileNull(destination: ColumnType, context: ConversionContext): () => Cell {
  if (!lacksNull(destination, context.rules)) return keepNull;
  const allow = changeOrReject(context, 'null_array', 'null instead of an array');
  return () => {
    allow();
    return [];
  };
}

/** `compileNull` of a column that may be null. */
export const keepNull = (): Cell => null;

/** What stands in a field that the source has not: no value was lost there, so nothing is counted. */
export function absentCell(destination: ColumnType, rules: DestinationRules): Cell {
  return lacksNull(destination, rules) ? [] : null;
}

function lacksNull(destination: ColumnType, rules: DestinationRules): boolean {
  return destination.kind === 'array' && rules.nullArray === false;
}
