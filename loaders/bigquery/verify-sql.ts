import type { TableReference } from '../../core/clients/bigquery-api';
import type { ColumnDigests } from '../../core/manifest';
import type { Column } from '../../core/schema';
import type { Proof } from './commit-plan';
import { unionOf } from './merge-sql';
import { quoteIdentifier } from './sql-text';

/** Questions about all rows of the tables, whose answers follow from the digests of what was staged. */
export function proofsOf(
  sources: readonly TableReference[],
  columns: readonly Column[],
  digests: ColumnDigests,
): Proof[] {
  const names = columns.map(({ name }) => quoteIdentifier(name));
  const expected = Object.create(null) as Record<string, string>;
  const meaning = Object.create(null) as Record<string, string>;
  const counts = columns.map(({ name }, index) => {
    expected[`c${index}`] = String(digests[name]?.values ?? 0);
    meaning[`c${index}`] = `values of "${name}"`;
    return `CAST(COUNT(${quoteIdentifier(name)}) AS STRING) AS c${index}`;
  });
  return [
    {
      step: 'proof-0',
      sql: `SELECT ${counts.join(', ')} FROM (${unionOf(sources, names)})`,
      expected,
      meaning,
    },
  ];
}
