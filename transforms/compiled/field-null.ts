import { compileNull } from '../cells/null-array';
import { policiesOf } from '../schema-aware-converter';
import type { CodecInput } from './row-codec';
import type { ValueSink } from './value-sink';

/** What becomes of null in a column: the column's null, a row for the reference, or what the function writes, unless it says false: then the row is for the reference. */
export type FieldNull = 'null' | 'reference' | (() => boolean);

export interface FieldNullInput extends Omit<CodecInput, 'sinks' | 'mode'> {
  readonly sinks: readonly Pick<ValueSink, 'putCell'>[];
}

/** `column`: by its number, of a codec whose columns are those of the destination in order. */
export function compileFieldNull(column: number, input: FieldNullInput): FieldNull {
  const { columns, destination, keyColumns, rules, policies, lose, sinks } = input;
  const planned = columns[column];
  const target = destination.columns[column];
  const sink = sinks[column];
  if (planned === undefined || target === undefined || sink === undefined) return 'reference';
  if (keyColumns.includes(planned.destination)) return 'reference';
  const isNeverNull = target.type.kind === 'array' && rules.nullArray === false;
  if (!isNeverNull) return target.nullable ? 'null' : 'reference';
  const whenNull = compileNull(planned.destinationType, {
    rules,
    policies: policiesOf(policies, planned.source),
    lose: (rule) => {
      lose(column, rule);
    },
  });
  return () => {
    let cell;
    try {
      cell = whenNull();
    } catch {
      return false;
    }
    if (cell === null) return false;
    sink.putCell(cell);
    return true;
  };
}
