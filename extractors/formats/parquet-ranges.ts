import { BeamliftError } from '../../core/errors';
import type { RangeTarget } from '../../core/extractor';
import type { FileRange } from '../../core/plan';
import type { FileContent } from './format-reader';
import type { ParquetMetadata, ParquetRowGroup } from './parquet-metadata';

/** Ranges of row groups that have about as many rows as is wanted, or bytes once they are decoded; a row group is never cut. */
export function parquetRanges(
  { rowGroups }: Pick<ParquetMetadata, 'rowGroups'>,
  target: RangeTarget,
): FileRange[] {
  const weigh = (group: ParquetRowGroup): number =>
    target.rows === undefined ? decodedBytes(group) : group.rows;
  const total = rowGroups.reduce((sum, group) => sum + weigh(group), 0);
  const count = Math.max(1, Math.floor(total / Math.max(1, target.rows ?? target.bytes)));
  const ranges: FileRange[] = [];
  let start = 0;
  let weight = 0;
  rowGroups.forEach((group, index) => {
    weight += weigh(group);
    const last = index === rowGroups.length - 1;
    if (!last && weight < total / count) return;
    const groups = rowGroups.slice(start, index + 1);
    ranges.push({
      by: 'row group',
      start,
      end: index + 1,
      bytes: groups.reduce((sum, one) => sum + storedBytes(one), 0),
    });
    start = index + 1;
    weight = 0;
  });
  return ranges;
}

/** The row groups of a range, all where there is none, with their numbers and the rows before each. Throws SOURCE_CHANGED for groups that the file does not have. */
export function rowGroupsOf(
  file: FileContent,
  { rowGroups }: Pick<ParquetMetadata, 'rowGroups'>,
  range: FileRange | undefined,
): { index: number; rows: number; rowsBefore: number }[] {
  if (range !== undefined && (range.by !== 'row group' || range.end > rowGroups.length)) {
    throw new BeamliftError('SOURCE_CHANGED', {
      what: `The file has ${rowGroups.length} row groups, and was planned to be read up to number ${range.end}.`,
      where: { object: file.uri },
      hint: 'Run the job again.',
    });
  }
  let rowsBefore = 0;
  return rowGroups
    .map(({ rows }, index) => {
      const group = { index, rows, rowsBefore };
      rowsBefore += rows;
      return group;
    })
    .slice(range?.start, range?.end);
}

function decodedBytes({ chunks }: ParquetRowGroup): number {
  return chunks.reduce((sum, chunk) => sum + chunk.decodedBytes, 0);
}

function storedBytes({ chunks }: ParquetRowGroup): number {
  return chunks.reduce((sum, chunk) => sum + chunk.bytes, 0);
}
