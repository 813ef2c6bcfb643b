import type { Estimate } from '../../core/plan';
import type { Moment } from './moment';
import { queryRow, type ResultScope } from './query-result';
import type { Relation } from './relation';
import { conditionOf, fromAt, type RowSelection } from './select-statement';

/** Counting is worth this much, in bytes that are billed: less than a cent. */
const CHEAP_COUNT_BYTES = 1024 * 1024 * 1024;

const UNKNOWN: Estimate = { rows: null, bytes: null, quality: 'unknown' };

/** How many rows there are: from the table's metadata, or counted where that is cheap. */
export async function estimateRows(
  scope: ResultScope,
  relation: Relation,
  selection: RowSelection,
  moment: Moment | undefined,
  signal: AbortSignal,
): Promise<Estimate> {
  const { table, isStored, location, name } = relation;
  const condition = conditionOf(relation, selection);
  const whole = isStored && table !== undefined ? sizeOf(table.resource) : UNKNOWN;
  if (isStored && condition === '') return whole;
  // The run that is pinned is about to have the result itself, and then knows.
  if (!isStored && moment !== undefined) return UNKNOWN;
  const sql = `SELECT COUNT(*) FROM ${fromAt(relation, moment?.snapshotTime)}${condition === '' ? '' : ` WHERE ${condition}`}`;
  const what = `The rows of ${name} could not be counted`;
  const { bytesProcessed } = await scope.reader.dryRun(sql, location, what, signal);
  if (bytesProcessed > CHEAP_COUNT_BYTES) return UNKNOWN;
  const [count] = await queryRow(scope, location, sql, what, signal);
  const rows = Number(count ?? 0);
  const share = whole.rows === null || whole.rows === 0 ? null : Math.min(1, rows / whole.rows);
  return {
    rows,
    bytes: share === null || whole.bytes === null ? null : Math.round(whole.bytes * share),
    quality: moment === undefined ? 'statistics' : 'exact',
  };
}

function sizeOf({
  numRows,
  numBytes,
  streamingBuffer,
}: NonNullable<Relation['table']>['resource']): Estimate {
  if (numRows === undefined) return UNKNOWN;
  return {
    rows: Number(numRows) + Number(streamingBuffer?.estimatedRows ?? 0),
    bytes: numBytes === undefined ? null : Number(numBytes),
    quality: 'statistics',
  };
}
