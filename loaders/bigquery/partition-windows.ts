import { BeamliftError } from '../../core/errors';
import type { Column, Partitioning } from '../../core/schema';
import { NULL_PARTITION, OTHER_PARTITION } from '../../transforms/partition-keys';
import { quoteIdentifier } from './sql-text';

/** Rows without a value and rows beyond the range have a partition each, and no place in the order of the others. */
const SPECIAL: ReadonlySet<string> = new Set([NULL_PARTITION, OTHER_PARTITION]);

/** Of `keys` those that are counted against the number of partitions of a table. */
export function orderedPartitions(keys: ReadonlySet<string>): string[] {
  const ordered = [...keys].filter((key) => !SPECIAL.has(key));
  // Keys of time have one length, so that their order is that of texts.
  return ordered.every((key) => /^-?\d{1,15}$/.test(key))
    ? ordered.sort((a, b) => Number(a) - Number(b))
    : ordered.sort();
}

/**
 * Conditions on the partitioning column of `rows` (an alias), each met by rows of at most `most` of the partitions. Every row whatever
 * meets exactly one of them, be its partition among `keys` or not: the first is open below and has the rows without a value, the last is
 * open above. `keys`: see transforms/partition-keys.ts.
 */
export function partitionWindows(
  rows: string,
  column: Column,
  partitioning: Partitioning,
  keys: ReadonlySet<string>,
  most: number,
): string[] {
  const ordered = orderedPartitions(keys);
  // Rows beyond the range may be in the first window and in the last.
  const room = most - (keys.size - ordered.length);
  const starts = ordered.filter((_, index) => index > 0 && index % room === 0);
  const value = `${rows}.${quoteIdentifier(column.name)}`;
  const bounds = starts.map((key) => lowerBound(column, partitioning, key));
  const [first] = bounds;
  if (first === undefined) return ['TRUE'];
  return [
    `(${value} < ${first} OR ${value} IS NULL)`,
    ...bounds.map((bound, index) => {
      const next = bounds[index + 1];
      return next === undefined ? `${value} >= ${bound}` : `${value} >= ${bound} AND ${value} < ${next}`;
    }),
  ];
}

/** The least value of a partition, as GoogleSQL writes it. */
function lowerBound({ name, type }: Column, partitioning: Partitioning, key: string): string {
  if (partitioning.by === 'range') {
    if (type.kind === 'int' && /^-?\d+$/.test(key)) return key;
    throw noBound(name, key);
  }
  const [, year, month = '01', day = '01', hour = '00'] = /^(\d{4})(\d{2})?(\d{2})?(\d{2})?$/.exec(key) ?? [];
  if (year === undefined) throw noBound(name, key);
  const date = `${year}-${month}-${day}`;
  switch (type.kind) {
    case 'date':
      return `DATE '${date}'`;
    case 'datetime':
      return `DATETIME '${date} ${hour}:00:00'`;
    case 'timestamp':
      return `TIMESTAMP '${date} ${hour}:00:00+00'`;
    default:
      throw noBound(name, key);
  }
}

function noBound(column: string, key: string): BeamliftError {
  return new BeamliftError('INTERNAL', { what: `Partition ${key} of column ${column} has no least value` });
}
