import { formatType } from '../core/format-type';
import type { ColumnType, TableSchema } from '../core/schema';
import type { PlannedColumn } from '../core/plan';

/** Columns that a notice names. */
const SHOWN_COLUMNS = 5;

type Family = 'number' | 'time' | 'truth' | 'text' | 'other';

/**
 * Columns of an existing table whose type is not what the values at a source without types look like: texts where the table has numbers,
 * fractions where it has whole numbers. They are converted all the same, and those that do not fit are rejected; this says so before.
 */
export function unlikeValueNotices(source: TableSchema, columns: readonly PlannedColumn[]): string[] {
  const inferred = new Map(source.columns.map(({ name, inferredType }) => [name, inferredType]));
  const unlike = columns.flatMap(({ source: name, destinationType }) => {
    const seen = inferred.get(name);
    return seen === undefined || mayHold(destinationType, seen)
      ? []
      : [`${name} (${formatType(seen)}; the table has ${formatType(destinationType)})`];
  });
  if (unlike.length === 0) return [];
  const more = unlike.length > SHOWN_COLUMNS ? ` and ${unlike.length - SHOWN_COLUMNS} more` : '';
  return [
    `Values that are not what the table has: ${unlike.slice(0, SHOWN_COLUMNS).join(', ')}${more}. Rows whose values do not fit are rejected.`,
  ];
}

function mayHold(table: ColumnType, seen: ColumnType): boolean {
  const family = familyOf(table);
  if (family === 'text' || family === 'other') return true;
  if (table.kind === 'int') return seen.kind === 'int';
  return family === familyOf(seen);
}

function familyOf({ kind }: ColumnType): Family {
  switch (kind) {
    case 'int':
    case 'decimal':
    case 'float':
      return 'number';
    case 'date':
    case 'time':
    case 'datetime':
    case 'timestamp':
      return 'time';
    case 'bool':
      return 'truth';
    case 'string':
      return 'text';
    default:
      return 'other';
  }
}
