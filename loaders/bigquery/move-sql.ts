import { quoteIdentifier, quoteTable, quoteText } from './sql-text';
import { unionOf, type StagedRows } from './merge-sql';
import type { TableReference } from '../../core/clients/bigquery-api';

/** The alias of the staged rows in the conditions of windows: no column is likely to have this name. */
export const MOVED_ROW = 'beamlift_staged';

const COUNT = 'beamlift_rows';

export interface Move extends StagedRows {
  /** Every row meets one of them: see partition-windows.ts. */
  readonly windows: readonly string[];
  /** Rows in all sources together. */
  readonly rowsStaged: number;
  /** The source that is emptied by the same transaction; it has rows. */
  readonly mark: TableReference;
  /** The table was made for these rows, and may have no others. */
  readonly mustBeEmpty: boolean;
}

/**
 * A script with one transaction that appends all rows of the sources to a table, one INSERT a window, and empties the mark. Readers see all of
 * it or nothing. It ends without effect where the INSERTs have not added as many rows as were staged.
 *
 * The end of a script is not that of its COMMIT: a job may be told as cancelled or failed after it. What tells is the mark, since it is
 * emptied with the rows or not at all; and a second script of the same rows finds it empty, and ends without effect. Two at the same time
 * change the same mark, for which BigQuery cancels one of them ("Transaction concurrency").
 */
export function moveScript({
  table,
  sources,
  columns,
  windows,
  rowsStaged,
  mark,
  mustBeEmpty,
}: Move): string {
  const target = quoteTable(table);
  const names = columns.map(({ name }) => quoteIdentifier(name));
  const values = names.map((name) => `${MOVED_ROW}.${name}`);
  const from = `INSERT INTO ${target} (${names.join(', ')})\nSELECT ${values.join(', ')} FROM (${unionOf(sources)}) AS ${MOVED_ROW}`;
  const statements = [
    `DECLARE ${COUNT} INT64 DEFAULT 0`,
    'BEGIN TRANSACTION',
    ...(mustBeEmpty
      ? [`ASSERT NOT EXISTS (SELECT 1 FROM ${target}) AS ${quoteText(`the new table has rows already`)}`]
      : []),
    ...windows.flatMap((window) => [
      `${from}\nWHERE ${window}`,
      // Of the statement before, and gone after the next.
      `SET ${COUNT} = ${COUNT} + @@row_count`,
    ]),
    `ASSERT ${COUNT} = ${rowsStaged} AS ${quoteText(`there are not ${rowsStaged} staged rows any more`)}`,
    `TRUNCATE TABLE ${quoteTable(mark)}`,
    'COMMIT TRANSACTION',
  ];
  return statements.map((statement) => `${statement};`).join('\n');
}

/**
 * Empties the mark of a move, whoever may still be at it: BigQuery lets a statement outside of transactions wait for those that change the
 * same table, and cancels transactions that come later. It reports how many rows were there: none where the rows were moved.
 */
export function fenceStatement(mark: TableReference): string {
  return `DELETE FROM ${quoteTable(mark)} WHERE TRUE`;
}
