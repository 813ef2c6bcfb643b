import type { Cell } from '../../core/cells';
import { formatType } from '../../core/format-type';
import { isCells, isDeeper } from '../cell-shape';
import { compileJsonSerializer } from '../serializer';
import { compileJsonUnusual } from './json-unusual';
import { NONE_ARRAY } from './no-rule';
import { changeOrReject } from './policy-actions';
import {
  CellRejected,
  ofCells,
  type CellFunction,
  type RuleContext,
  type RulesFrom,
  type TypeOf,
} from './rule';
import { compileFitJson, compileFitText } from './to-text';

const NESTED_REASON = 'an array in an array';

/** The whole array as JSON text. Where the destination has no nested arrays, one within it is counted under `nested_array`. */
function toJsonText(
  source: TypeOf<'array'>,
  context: RuleContext,
  fit: (json: string) => string,
): CellFunction {
  const write = compileJsonSerializer(source, compileJsonUnusual(context));
  const allow = context.rules.nestedArray
    ? undefined
    : changeOrReject(context, 'nested_array', NESTED_REASON);
  const isNested = (element: Cell): boolean =>
    source.element.kind === 'array' ? element !== null : isDeeper(source.element, element);
  return ofCells((cells) => {
    if (allow !== undefined && cells.some(isNested)) allow();
    return fit(write(cells));
  });
}

/** Element by element. Elements that are arrays themselves become JSON text where the column's elements are texts or JSON. */
function toArray(source: TypeOf<'array'>, destination: TypeOf<'array'>, context: RuleContext): CellFunction {
  const dropNull = context.rules.nullInArray
    ? undefined
    : changeOrReject(context, 'null_in_array', 'a null in an array');
  const element = compileElement(source, destination, context);
  return ofCells((cells) => {
    const converted: Cell[] = [];
    for (const cell of cells) {
      const result = cell === null ? null : element(cell);
      if (result === null && dropNull !== undefined) dropNull();
      else converted.push(result);
    }
    return converted;
  });
}

function compileElement(
  source: TypeOf<'array'>,
  destination: TypeOf<'array'>,
  context: RuleContext,
): CellFunction {
  const inner = destination.element;
  if (inner.kind === 'array' && source.element.kind !== 'array') {
    // The source's type says one dimension; its values may have more.
    const deeper = context.compile(source, inner);
    return (cell) => {
      if (isDeeper(source.element, cell)) return deeper(cell);
      throw CellRejected.of(
        `an array of single values, and the column holds ${formatType(destination)}; a json or string column takes arrays of any depth`,
      );
    };
  }
  const convert = context.compile(source.element, inner);
  if (inner.kind === 'string' || inner.kind === 'json') {
    const allow = changeOrReject(context, 'nested_array', NESTED_REASON);
    const asText = context.compile(source, inner);
    return (cell) => {
      if (source.element.kind === 'array' ? !isCells(cell) : !isDeeper(source.element, cell))
        return convert(cell);
      allow();
      return source.element.kind === 'array' ? convert(cell) : asText(cell);
    };
  }
  const { nested_array: choice } = context.policies;
  const code = choice === 'fail' ? 'fail' : 'reject';
  const reason = `${NESTED_REASON}, and the column holds ${formatType(destination)}; a json or string column takes arrays of any depth`;
  return (cell) => {
    if (isDeeper(source.element, cell)) throw CellRejected.of(reason, code);
    return convert(cell);
  };
}

export const FROM_ARRAY: RulesFrom<'array'> = {
  array: {
    name: 'elements',
    description:
      'Element by element, by the rule of the element types. Null elements are up to policy `null_in_array` where the destination has none, null instead of an array to `null_array`. Arrays within (PostgreSQL does not declare dimensions) go into arrays of arrays; into elements that are strings or JSON as JSON text under policy `nested_array`; anything else is a reject.',
    compile: (source, destination, context) => toArray(source, destination, context),
    problem: (source, destination, { problem }) => {
      const deeper = destination.element.kind === 'array' && source.element.kind !== 'array';
      return problem(deeper ? source : source.element, destination.element);
    },
  },
  string: {
    name: 'JSON text',
    description:
      'JSON text that parses back to the same array: numbers digit by digit, dates and times as ISO text, bytes as `\\x…`, documents as they are written. NaN and infinities within are null, or their names under policy `text`. Arrays within are up to policy `nested_array` where the destination has none.',
    compile: (source, destination, context) =>
      toJsonText(source, context, compileFitText(destination, context)),
  },
  json: {
    name: 'JSON',
    description: 'The same JSON text as a document.',
    compile: (source, _destination, context) => toJsonText(source, context, compileFitJson(context)),
  },
  bool: NONE_ARRAY,
  int: NONE_ARRAY,
  float: NONE_ARRAY,
  decimal: NONE_ARRAY,
  bytes: NONE_ARRAY,
  uuid: NONE_ARRAY,
  date: NONE_ARRAY,
  time: NONE_ARRAY,
  datetime: NONE_ARRAY,
  timestamp: NONE_ARRAY,
  interval: NONE_ARRAY,
  struct: { none: 'the elements of an array have no names' },
};
