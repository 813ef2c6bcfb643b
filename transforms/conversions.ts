import type { DestinationRules } from '../core/destination-rules';
import type { ColumnType, TypeKind } from '../core/schema';
import { FROM_ARRAY } from './cells/from-array';
import { FROM_BOOL } from './cells/from-bool';
import { FROM_BYTES } from './cells/from-bytes';
import { FROM_DATE } from './cells/from-date';
import { FROM_DECIMAL } from './cells/from-decimal';
import { FROM_FLOAT } from './cells/from-float';
import { FROM_DATETIME, FROM_TIMESTAMP } from './cells/from-instant';
import { FROM_INT } from './cells/from-int';
import { FROM_INTERVAL } from './cells/from-interval';
import { FROM_JSON, FROM_VARIANT } from './cells/from-json';
import { FROM_STRING } from './cells/from-string';
import { FROM_STRUCT } from './cells/from-struct';
import { FROM_TIME } from './cells/from-time';
import { FROM_UUID } from './cells/from-uuid';
import type { DestinationKind, NoRule, Rule, RulesFrom } from './cells/rule';

export type Conversion = Rule<ColumnType, ColumnType> | NoRule;

const RULES: { readonly [Source in TypeKind]: RulesFrom<Source> } = {
  bool: FROM_BOOL,
  int: FROM_INT,
  float: FROM_FLOAT,
  decimal: FROM_DECIMAL,
  string: FROM_STRING,
  bytes: FROM_BYTES,
  json: FROM_JSON,
  variant: FROM_VARIANT,
  uuid: FROM_UUID,
  date: FROM_DATE,
  time: FROM_TIME,
  datetime: FROM_DATETIME,
  timestamp: FROM_TIMESTAMP,
  interval: FROM_INTERVAL,
  array: FROM_ARRAY,
  struct: FROM_STRUCT,
};

/** Every kind of source type × every kind of destination type: a rule, or why there is none. docs/types.md is made from it. */
export const CONVERSIONS: Readonly<Record<TypeKind, Readonly<Record<DestinationKind, Conversion>>>> = RULES;

/** Why a column of one type cannot be converted to the other, types within types included; undefined: it can. */
export function conversionProblem(
  source: ColumnType,
  destination: ColumnType,
  rules: DestinationRules,
): string | undefined {
  if (destination.kind === 'variant') return 'a destination has no variants';
  const conversion = CONVERSIONS[source.kind][destination.kind];
  if ('none' in conversion) return conversion.none;
  return conversion.problem?.(source, destination, {
    rules,
    problem: (inner, outer) => conversionProblem(inner, outer, rules),
  });
}
