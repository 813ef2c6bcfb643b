import type { MysqlField } from '../../core/mysql-rows';
import { policiesOf } from '../schema-aware-converter';
import { compileFieldNull } from './field-null';
import type { FieldWriter } from './field-writer';
import { compileMysqlRowWriter, NO_OTHER_WRITER, type MysqlStep } from './mysql-row-writer';
import { compileMysqlWriter, decidesLate } from './mysql-writers';
import { compileReferenceCell, type ReferenceInput } from './reference-writer';
import type { CodecInput } from './row-codec';
import type { RowWriter } from './row-writer';

/** The writer of rows of MySQL's text protocol. Undefined: there is none for this plan, whose columns are not those of the source in order. */
export function compileMysqlRow(fields: readonly MysqlField[], input: CodecInput): RowWriter | undefined {
  const { columns, source, destination, sinks, mode } = input;
  if (fields.length !== columns.length || source.columns.length !== columns.length) return undefined;
  const steps: MysqlStep[] = [];
  for (const [index, planned] of columns.entries()) {
    const field = fields[index];
    const sink = sinks[index];
    const target = destination.columns[index];
    if (field === undefined || sink === undefined || target?.name !== planned.destination) return undefined;
    if (source.columns[index]?.name !== planned.source) return undefined;
    steps.push({ ...compileField(field, index, input), sink, whenNull: compileFieldNull(index, input) });
  }
  return compileMysqlRowWriter(steps, mode);
}

function compileField(
  field: MysqlField,
  index: number,
  { columns, policies, rules, sinks }: CodecInput,
): { readonly write: FieldWriter; readonly otherwise: FieldWriter } {
  const planned = columns[index];
  const sink = sinks[index];
  if (planned === undefined || sink === undefined) {
    return { write: NO_OTHER_WRITER, otherwise: NO_OTHER_WRITER };
  }
  const { source: name, sourceType: source, destinationType: destination } = planned;
  const types = { source, destination, rules, sink };
  const reference = compileReference(field, { ...types, policies: policiesOf(policies, name) });
  const write = compileMysqlWriter(field.family, types);
  if (write === undefined) return { write: reference, otherwise: NO_OTHER_WRITER };
  return { write, otherwise: decidesLate(field.family, destination) ? NO_OTHER_WRITER : reference };
}

/** A value that cannot be read is for the row's reference, which says why. */
function compileReference({ decode }: MysqlField, input: ReferenceInput): FieldWriter {
  const put = compileReferenceCell(input);
  return (bytes, view, start, length) => {
    let cell;
    try {
      cell = decode(bytes, view, start, length);
    } catch {
      return false;
    }
    return put(cell);
  };
}
