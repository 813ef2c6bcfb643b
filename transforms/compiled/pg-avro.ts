import type { DestinationRules } from '../../core/destination-rules';
import type { LossRule } from '../../core/loss-ledger';
import type { PlannedColumn } from '../../core/plan';
import type { PgField } from '../../core/pg-binary';
import type { JobPolicies } from '../../core/policies';
import type { TableSchema } from '../../core/schema';
import { compileNull } from '../cells/null-array';
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
  /** Called for each loss of a row, by the number of its column; also of a row that is for the reference afterwards. */
  readonly lose: (column: number, rule: LossRule) => void;
  readonly mode: CodecMode;
}

/**
 * The codec from rows of PostgreSQL's COPY binary to Avro records of the destination's schema. It writes exactly the rows that the reference
 * (`compileConverter`, then the Avro encoder) converts without a loss and without a reject, with the same bytes, and those whose only losses
 * are nulls in place of arrays; all others are for the reference. Undefined: there is none for this plan, whose columns are not those of the source in order.
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
    const isKey = input.keyColumns.includes(planned.destination);
    const write = compileField(field, planned, input);
    if (union) steps.push({ write, union, whenNull: isKey ? 'reference' : 'null' });
    else if (target.type.kind !== 'array' || isKey) steps.push({ write, union, whenNull: 'reference' });
    else steps.push({ write, union, whenNull: compileNullArray(index, planned, input) });
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

/** Null in a column that has arrays alone: an empty one, where the policy allows that. */
function compileNullArray(
  column: number,
  { source, destinationType }: PlannedColumn,
  { rules, policies, buffer, lose }: PgAvroInput,
): FieldStep['whenNull'] {
  const whenNull = compileNull(destinationType, {
    rules,
    policies: policiesOf(policies, source),
    lose: (rule) => lose(column, rule),
  });
  return () => {
    let cell;
    try {
      cell = whenNull();
    } catch {
      return false;
    }
    if (cell === null) return false;
    buffer.writeByte(NO_ELEMENTS);
    return true;
  };
}

/** The number of elements that ends an array. */
const NO_ELEMENTS = 0;
