import type { Cell } from '../../core/cells';
import type { ColumnType } from '../../core/schema';
import { jsonElements, jsonFields, jsonKind, jsonProblem, jsonString } from '../json-text';
import { absentCell, compileNull } from './null-array';
import { isRequired, missingField } from './required-field';
import { changeOrReject } from './policy-actions';
import {
  CellRejected,
  ofText,
  type CellFunction,
  type DestinationKind,
  type NoRule,
  type Rule,
  type RuleContext,
  type RulesFrom,
  type TypeOf,
} from './rule';
import { compileDocument, compileFitJson, compileFitText } from './to-text';

type JsonType = TypeOf<'json'> | TypeOf<'variant'>;
type Single = Exclude<DestinationKind, 'string' | 'json' | 'array' | 'struct'>;

const VARIANT = { kind: 'variant' } as const;
const NUMBER_KINDS: readonly DestinationKind[] = ['bool', 'int', 'float', 'decimal'];

function trimmed(json: string): string {
  return json.trim();
}

function rejectKind(json: string, expected: string): Error {
  const kind = jsonKind(json);
  return CellRejected.of(`a JSON ${kind === 'boolean' ? json.trim() : kind}, not ${expected}`);
}

/** Documents that stand for one value: strings are read as texts are, numbers as the texts of numbers, null is null. */
function toSingle(destination: ColumnType, expected: string, context: RuleContext): CellFunction {
  const fromText = context.compile({ kind: 'string' }, destination);
  const takesNumbers = NUMBER_KINDS.includes(destination.kind as DestinationKind);
  const fromBool = takesNumbers ? context.compile({ kind: 'bool' }, destination) : undefined;
  return ofText((json) => {
    switch (jsonKind(json)) {
      case 'null':
        return null;
      case 'string':
        return fromText(jsonString(json));
      case 'number':
        if (takesNumbers) return fromText(trimmed(json));
        throw rejectKind(json, expected);
      case 'boolean':
        if (fromBool !== undefined) return fromBool(trimmed(json) === 'true');
        throw rejectKind(json, expected);
      case 'array':
      case 'object':
        throw rejectKind(json, expected);
    }
  });
}

function toArray(destination: TypeOf<'array'>, context: RuleContext): CellFunction {
  const element = context.compile(VARIANT, destination.element);
  const dropNull = context.rules.nullInArray
    ? undefined
    : changeOrReject(context, 'null_in_array', 'a null in an array');
  const whenNull = compileNull(destination, context);
  return ofText((json) => {
    const kind = jsonKind(json);
    if (kind === 'null') return whenNull();
    if (kind !== 'array') throw rejectKind(json, 'an array');
    const elements = jsonElements(json);
    if (elements === undefined) throw CellRejected.of(jsonProblem(json) ?? 'not valid JSON');
    const cells: Cell[] = [];
    for (const text of elements) {
      const cell = jsonKind(text) === 'null' ? null : element(text);
      if (cell === null && dropNull !== undefined) dropNull();
      else cells.push(cell);
    }
    return cells;
  });
}

function toStruct(destination: TypeOf<'struct'>, context: RuleContext): CellFunction {
  const fields = new Map(
    destination.fields.map(({ name, type }, index) => [
      name,
      { index, convert: context.compile(VARIANT, type), whenNull: compileNull(type, context) },
    ]),
  );
  const absent = destination.fields.map(({ type }) => absentCell(type, context.rules));
  const required = destination.fields.flatMap((field, index) =>
    isRequired(field) ? [{ index, name: field.name }] : [],
  );
  return ofText((json) => {
    const kind = jsonKind(json);
    if (kind === 'null') return null;
    if (kind !== 'object') throw rejectKind(json, 'an object');
    const found = jsonFields(json);
    if (found === undefined) throw CellRejected.of(jsonProblem(json) ?? 'not valid JSON');
    const cells = [...absent];
    const seen = new Set<string>();
    for (const [key, text] of found) {
      const field = fields.get(key);
      if (field === undefined) throw CellRejected.of(`a field "${key}" that the column has not`);
      if (seen.has(key)) throw CellRejected.of(`the field "${key}" twice`);
      seen.add(key);
      cells[field.index] = jsonKind(text) === 'null' ? field.whenNull() : field.convert(text);
    }
    for (const { index, name } of required) if (cells[index] === null) throw missingField(name);
    return cells;
  });
}

function single(
  expected: string,
  accepts: string,
): { name: string; description: string; compile: Rule<JsonType, ColumnType>['compile'] } {
  return {
    name: 'value',
    description: `${accepts}; null is null; anything else is a reject.`,
    compile: (_source, destination, context) => toSingle(destination, expected, context),
  };
}

const STRING_AS_TEXT = 'A JSON string, read as a string with that text is';

const SINGLES: { readonly [Kind in Single]: Rule<JsonType, TypeOf<Kind>> | NoRule } = {
  bool: single(
    'true or false',
    '`true`, `false`, the numbers 0 and 1, or a JSON string, read as a string with that text is',
  ),
  int: single(
    'a number',
    'A number, digit by digit, read as a string with that text is; `true` and `false` are 1 and 0; so is a JSON string with a number in it',
  ),
  float: single(
    'a number',
    'A number, read as a string with that text is (more digits than the float keeps are up to policy `inexact`); `true` and `false` are 1 and 0; so is a JSON string with a number in it',
  ),
  decimal: single(
    'a number',
    'A number, digit by digit, read as a string with that text is; `true` and `false` are 1 and 0; so is a JSON string with a number in it',
  ),
  bytes: single('bytes', STRING_AS_TEXT),
  uuid: single('a uuid', STRING_AS_TEXT),
  date: single('a date', STRING_AS_TEXT),
  time: single('a time', STRING_AS_TEXT),
  datetime: single('a date and time', STRING_AS_TEXT),
  timestamp: single('a date and time', STRING_AS_TEXT),
  interval: single('an interval', STRING_AS_TEXT),
};

const NESTED: { readonly [Kind in 'array' | 'struct']: Rule<JsonType, TypeOf<Kind>> } = {
  array: {
    name: 'elements',
    description:
      'A JSON array, its elements as from a variant; null elements are up to policy `null_in_array` where the destination has none; null is null.',
    compile: (_source, destination, context) => toArray(destination, context),
  },
  struct: {
    name: 'fields',
    description:
      'A JSON object, its values as from a variant; a missing key is null; a key that the column has not, or one that is there twice, is a reject, and so is a null for a field that is NOT NULL; null is null.',
    compile: (_source, destination, context) => toStruct(destination, context),
  },
};

export const FROM_JSON: RulesFrom<'json'> = {
  ...SINGLES,
  ...NESTED,
  string: {
    name: 'as written',
    description:
      'The document as it is written, every digit and every quote (`"a"` keeps its quotes, null is `null`).',
    compile: (_source, destination, context) => ofText(compileFitText(destination, context)),
  },
  json: {
    name: 'as written',
    description:
      'The document as it is written; digits of numbers that the destination does not keep are up to policy `inexact`.',
    compile: (_source, _destination, context) => ofText(compileDocument(compileFitJson(context), context)),
  },
};

export const FROM_VARIANT: RulesFrom<'variant'> = {
  ...SINGLES,
  ...NESTED,
  string: {
    name: 'text',
    description:
      'A JSON string is its text; a number, `true` and `false` are as they are written, every digit; an array or object is its JSON text as it is written, which parses back to the same value; null is null.',
    compile: (_source, destination, context) => {
      const fit = compileFitText(destination, context);
      return ofText((json) => {
        switch (jsonKind(json)) {
          case 'null':
            return null;
          case 'string':
            return fit(jsonString(json));
          case 'boolean':
          case 'number':
          case 'array':
          case 'object':
            return fit(json);
        }
      });
    },
  },
  json: {
    name: 'as written',
    description:
      'The value as it is written; digits of numbers that the destination does not keep are up to policy `inexact`.',
    compile: (_source, _destination, context) => ofText(compileDocument(compileFitJson(context), context)),
  },
};
