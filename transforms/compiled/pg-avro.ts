import type { DestinationRules } from '../../core/destination-rules';
import type { PlannedColumn } from '../../core/plan';
import type { PgField } from '../../core/pg-binary';
import type { JobPolicies } from '../../core/policies';
import type { TableSchema } from '../../core/schema';
import type { AvroBuffer } from '../encode/avro-buffer';
import { isNullable } from '../encode/avro-schema';
import { policiesOf } from '../schema-aware-converter';
import { compilePgWriter } from './pg-writers';
import { compileReferenceWriter } from './reference-writer';
import { compileRowWriter, type CodecMode, type FieldStep, type RowWriter } from './row-writer';

export interface PgAvroInput {
  /** What the server sends, one for each column of `source`. */
  readonly fields: readonly PgField[];
  readonly columns: readonly PlannedColumn[];
  readonly source: TableSchema;
  readonly destination: TableSchema;
  readonly policies: JobPolicies;
  readonly rules: DestinationRules;
  readonly keyColumns: readonly string[];
  readonly buffer: AvroBuffer;
  readonly mode: CodecMode;
}

/**
 * The codec from rows of PostgreSQL's COPY binary to Avro records of the destination's schema. It writes exactly the rows that the reference
 * (`compileConverter`, then the Avro encoder) converts without a loss and without a reject, with the same bytes; all others are for the
 * reference. Undefined: there is none for this plan, whose columns are not those of the source in order.
 */
export function compilePgToAvro(input: PgAvroInput): RowWriter | undefined {
  const { fields, columns, source, destination, buffer, mode } = input;
  if (fields.length !== columns.length || source.columns.length !== columns.length) return undefined;
  const steps: FieldStep[] = [];
  for (const [index, planned] of columns.entries()) {
    const field = fields[index];
    const target = destination.columns[index];
    if (field === undefined || target?.name !== planned.destination) return undefined;
    if (source.columns[index]?.name !== planned.source) return undefined;
    const union = isNullable(target.type, target.nullable);
    const takesNull = union && target.nullable && !input.keyColumns.includes(planned.destination);
    steps.push({ write: compileField(field, planned, input), union, takesNull });
  }
  return compileRowWriter(steps, buffer, mode);
}

function compileField(
  field: PgField,
  { source: name, sourceType: source, destinationType: destination }: PlannedColumn,
  { rules, policies, buffer }: PgAvroInput,
): FieldStep['write'] {
  const types = { source, destination, rules, buffer };
  return (
    compilePgWriter(field.form, types) ??
    compileReferenceWriter(field, { ...types, policies: policiesOf(policies, name) })
  );
}
