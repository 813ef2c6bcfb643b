import type { Cell } from '../../core/cells';
import type { DestinationRules } from '../../core/destination-rules';
import type { ColumnType, StructField } from '../../core/schema';
import { compileJsonSerializer } from '../serializer';
import { compileJsonUnusual } from './json-unusual';
import { NONE_FIELDS } from './no-rule';
import { absentCell, compileNull } from './null-array';
import { isRequired, missingField } from './required-field';
import { ofCells, type CellFunction, type RuleContext, type RulesFrom, type TypeOf } from './rule';
import { compileFitJson, compileFitText } from './to-text';

function toJsonText(
  source: TypeOf<'struct'>,
  context: RuleContext,
  fit: (json: string) => string,
): CellFunction {
  const write = compileJsonSerializer(source, compileJsonUnusual(context));
  return ofCells((cells) => fit(write(cells)));
}

/** Where the field of a struct comes from: the same name, else the same but for case where the destination does not tell them apart. */
function sourceIndex(source: TypeOf<'struct'>, field: StructField, rules: DestinationRules): number {
  const exact = source.fields.findIndex(({ name }) => name === field.name);
  if (exact !== -1 || !rules.names.caseInsensitive) return exact;
  const wanted = field.name.toLowerCase();
  return source.fields.findIndex(({ name }) => name.toLowerCase() === wanted);
}

/** Fields of structs in `source` that `destination` has no place for, as paths: they are dropped, so a plan has to say it. */
export function droppedFields(
  source: ColumnType,
  destination: ColumnType,
  rules: DestinationRules,
): string[] {
  if (source.kind === 'array' && destination.kind === 'array') {
    return droppedFields(source.element, destination.element, rules);
  }
  if (source.kind !== 'struct' || destination.kind !== 'struct') return [];
  const used = new Map(
    destination.fields.map((field) => [sourceIndex(source, field, rules), field.type] as const),
  );
  return source.fields.flatMap((field, index) => {
    const type = used.get(index);
    if (type === undefined) return [field.name];
    return droppedFields(field.type, type, rules).map((path) => `${field.name}.${path}`);
  });
}

export const FROM_STRUCT: RulesFrom<'struct'> = {
  struct: {
    name: 'fields',
    description:
      'Field by field, by name (case counts unless the destination ignores it), by the rule of the field types. Fields that the column has not are dropped with a notice in the plan, fields that only the column has are null; a null for a field that is NOT NULL is a reject.',
    compile: (source, destination, context) => {
      const fields = destination.fields.map((field) => {
        const index = sourceIndex(source, field, context.rules);
        const from = source.fields[index];
        if (from === undefined) return { index, absent: absentCell(field.type, context.rules) };
        return {
          index,
          convert: context.compile(from.type, field.type),
          whenNull: compileNull(field.type, context),
          required: isRequired(field) ? field.name : undefined,
        };
      });
      return ofCells((cells) =>
        fields.map((field): Cell => {
          if (field.convert === undefined) return field.absent;
          const cell = cells[field.index] ?? null;
          const converted = cell === null ? field.whenNull() : field.convert(cell);
          if (converted === null && field.required !== undefined) throw missingField(field.required);
          return converted;
        }),
      );
    },
    problem: (source, destination, { rules, problem }) => {
      let matched = 0;
      for (const field of destination.fields) {
        const from = source.fields[sourceIndex(source, field, rules)];
        if (from === undefined) {
          if (isRequired(field)) return `field ${field.name} is NOT NULL, and the source has none`;
          continue;
        }
        matched++;
        const found = problem(from.type, field.type);
        if (found !== undefined) return `field ${field.name}: ${found}`;
      }
      return matched === 0 ? 'the two have no field in common' : undefined;
    },
  },
  string: {
    name: 'JSON text',
    description: 'The JSON text of an object with the fields in their order; values as within arrays.',
    compile: (source, destination, context) =>
      toJsonText(source, context, compileFitText(destination, context)),
  },
  json: {
    name: 'JSON',
    description: 'The same JSON text as a document.',
    compile: (source, _destination, context) => toJsonText(source, context, compileFitJson(context)),
  },
  bool: NONE_FIELDS,
  int: NONE_FIELDS,
  float: NONE_FIELDS,
  decimal: NONE_FIELDS,
  bytes: NONE_FIELDS,
  uuid: NONE_FIELDS,
  date: NONE_FIELDS,
  time: NONE_FIELDS,
  datetime: NONE_FIELDS,
  timestamp: NONE_FIELDS,
  interval: NONE_FIELDS,
  array: { none: 'the fields of a struct are not elements of one kind' },
};
