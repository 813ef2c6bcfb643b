import type { PgField } from '../../core/pg-binary';
import { compileFieldNull } from './field-null';
import type { FieldWriter } from './field-writer';
import { compilePgWriter } from './pg-writers';
import { compileReferenceWriter } from './reference-writer';
import { policiesOf } from '../schema-aware-converter';
import type { CodecInput } from './row-codec';
import { compileRowWriter, type FieldStep, type RowWriter } from './row-writer';

/** The writer of rows of PostgreSQL's COPY binary. Undefined: there is none for this plan, whose columns are not those of the source in order. */
export function compilePgRow(fields: readonly PgField[], input: CodecInput): RowWriter | undefined {
  const { columns, source, destination, sinks, mode } = input;
  if (fields.length !== columns.length || source.columns.length !== columns.length) return undefined;
  const steps: FieldStep[] = [];
  for (const [index, planned] of columns.entries()) {
    const field = fields[index];
    const sink = sinks[index];
    const target = destination.columns[index];
    if (field === undefined || sink === undefined || target?.name !== planned.destination) return undefined;
    if (source.columns[index]?.name !== planned.source) return undefined;
    steps.push({
      write: compileField(field, index, input),
      sink,
      whenNull: compileFieldNull(index, input),
    });
  }
  return compileRowWriter(steps, mode);
}

function compileField(
  field: PgField,
  index: number,
  { columns, policies, rules, sinks }: CodecInput,
): FieldWriter {
  const planned = columns[index];
  const sink = sinks[index];
  if (planned === undefined || sink === undefined) return () => false;
  const { source: name, sourceType: source, destinationType: destination } = planned;
  const types = { source, destination, rules, sink };
  return (
    compilePgWriter(field.form, types) ??
    compileReferenceWriter(field, { ...types, policies: policiesOf(policies, name) })
  );
}
