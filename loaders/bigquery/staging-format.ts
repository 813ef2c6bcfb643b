import type { StagingFormat } from '../../core/encoding';
import { BeamliftError } from '../../core/errors';
import type { ColumnType, TableSchema } from '../../core/schema';
import { CLASSIC_NAME } from './rules';
import { textTypeIn } from './schema';

/**
 * Avro, whose files are read in parallel and say every type exactly; NDJSON for the whole run where a column has a type or a name that
 * Avro cannot say. Throws PLAN_REFUSED where the job insists on Avro then.
 */
export function stagingFormatFor(
  schema: TableSchema,
  wanted: StagingFormat | undefined,
): { readonly format: StagingFormat; readonly reason: string | undefined } {
  if (wanted === 'ndjson') return { format: 'ndjson', reason: undefined };
  const reason = whyNotAvro(schema);
  if (reason === undefined) return { format: 'avro', reason: undefined };
  if (wanted === undefined) return { format: 'ndjson', reason };
  throw new BeamliftError('PLAN_REFUSED', {
    what: 'The rows cannot be staged as Avro',
    why: `In Avro files, ${reason}.`,
    hint: 'Remove staging_format from the job, or set it to ndjson.',
  });
}

function whyNotAvro({ columns }: TableSchema): string | undefined {
  for (const { name, type, nativeType } of columns) {
    const textType = textTypeIn(nativeType);
    if (textType !== undefined) return `column ${name} cannot be ${textType}`;
    const wrongName = [name, ...fieldNames(type)].find((candidate) => !CLASSIC_NAME.test(candidate));
    if (wrongName !== undefined) return `no column can be called "${wrongName}"`;
  }
  return undefined;
}

function fieldNames(type: ColumnType): string[] {
  if (type.kind === 'array') return fieldNames(type.element);
  if (type.kind !== 'struct') return [];
  return type.fields.flatMap((field) => [field.name, ...fieldNames(field.type)]);
}
