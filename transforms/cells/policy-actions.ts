import type { PolicySet } from '../../core/policies';
import type { DestinationKind } from './rule';
import { CellRejected, type ConversionContext } from './rule';
import { float64Text } from '../float-text';
import { quoteJson } from '../json-text';
import type { Cell } from '../../core/cells';

type NullPolicy = 'nan' | 'infinity' | 'out_of_range_date' | 'zero_date';

/** The policy's name and choice behind a reason, so that a reject says what to change. */
function because(reason: string, policy: keyof PolicySet, choice: string): string {
  return `${reason} (policy ${policy}: ${choice})`;
}

/** What to do with a value that the column has no place for: counted and null, or CellRejected. `text` rejects: the column is no text. */
export function nullOrReject(context: ConversionContext, policy: NullPolicy, reason: string): () => null {
  const choice = context.policies[policy];
  if (choice === 'set_null') {
    return () => {
      context.lose(policy);
      return null;
    };
  }
  const code = choice === 'fail' ? 'fail' : 'reject';
  const words = because(reason, policy, choice);
  return () => {
    throw CellRejected.of(words, code);
  };
}

/** What to do before a change that a policy has to allow: counted, or CellRejected. */
export function changeOrReject(
  context: ConversionContext,
  policy: 'inexact' | 'nul_character' | 'null_in_array' | 'null_array' | 'nested_array',
  reason: string,
): () => void {
  const choice = context.policies[policy];
  if (choice !== 'reject' && choice !== 'fail') {
    return () => {
      context.lose(policy);
    };
  }
  const words = because(reason, policy, choice);
  return () => {
    throw CellRejected.of(words, choice);
  };
}

/** What becomes of a value without a place in numbers or the calendar: `text` is its name (`NaN`, `-Infinity`, `infinity`). */
export type Unusual = (policy: 'nan' | 'infinity', text: string) => Cell;

/**
 * Policies `nan` and `infinity` for a destination of this kind. Texts and JSON can hold the name, where the policy is `text`;
 * that counts, too, since it is no longer the value.
 */
export function compileUnusual(context: ConversionContext, destination: DestinationKind): Unusual {
  const choices = {
    nan: unusualChoice(context, destination, 'nan', 'not a number'),
    infinity: unusualChoice(context, destination, 'infinity', 'infinite'),
  };
  return (policy, text) => choices[policy](text);
}

function unusualChoice(
  context: ConversionContext,
  destination: DestinationKind,
  policy: 'nan' | 'infinity',
  reason: string,
): (text: string) => Cell {
  const isText = destination === 'string' || destination === 'json';
  if (!isText || context.policies[policy] !== 'text') return nullOrReject(context, policy, reason);
  return (text) => {
    context.lose(policy);
    return destination === 'json' ? quoteJson(text) : text;
  };
}

/** The same for a float that is NaN or infinite; floats stay as they are where the destination has such values. */
export function compileNonFinite(
  context: ConversionContext,
  destination: DestinationKind,
): (value: number) => Cell {
  if (destination === 'float' && context.rules.nonFiniteFloat) return (value) => value;
  const unusual = compileUnusual(context, destination);
  return (value) => unusual(Number.isNaN(value) ? 'nan' : 'infinity', float64Text(value));
}
