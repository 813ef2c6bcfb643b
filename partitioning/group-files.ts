import { bytesToRead } from '../core/files-of-unit';
import type { PlannedFile } from '../core/plan';

/** What a group is made of: a file, or a range of one. */
type Piece = Pick<PlannedFile, 'bytes' | 'range'>;

/**
 * What is done once a unit (a staged file and its manifest are written, listed and checked) takes 1 ms of a processor on a local disk, and some
 * 150 ms of waiting on an object store; to read and convert so many bytes of text takes about 20 ms. Smaller units are not worth that.
 */
const SMALL_UNIT_BYTES = 1024 * 1024;

/** To open a file, of whatever size, takes about as long as reading so many bytes of it: 0.25 ms on a local disk. */
export const OPENING_BYTES = 16 * 1024;

/** So many units cost nothing worth saving, and give every worker something to do. */
export const FEW_UNITS = 16;

export interface GroupLimits {
  readonly maxUnits: number;
  /** Files are not put together beyond so many bytes, unless there would be too many units. Absent: no matter. */
  readonly minUnitBytes?: number;
}

/**
 * Files, in the order given, as units of one file or of several neighbours: small files share a unit, so that there are at most `maxUnits`
 * units, and so that a unit is worth what it costs. The largest unit is as small as those limits allow.
 */
export function groupFiles<File extends Piece>(
  files: readonly File[],
  { maxUnits, minUnitBytes = SMALL_UNIT_BYTES }: GroupLimits,
): File[][] {
  const total = files.reduce((sum, file) => sum + weightOf(file), 0);
  if (files.length <= Math.min(FEW_UNITS, maxUnits)) return files.map((file) => [file]);
  const worthwhile = Math.min(SMALL_UNIT_BYTES, minUnitBytes, Math.ceil(total / FEW_UNITS));
  let tooSmall = worthwhile - 1;
  let enough = total;
  if (countGroups(files, worthwhile) <= maxUnits) enough = worthwhile;
  while (enough - tooSmall > 1) {
    const between = tooSmall + Math.floor((enough - tooSmall) / 2);
    if (countGroups(files, between) <= maxUnits) enough = between;
    else tooSmall = between;
  }
  return filled(files, enough);
}

/** What a file adds to its unit. */
export function weightOf(file: Piece): number {
  return bytesToRead([file]) + OPENING_BYTES;
}

/** Each unit takes files until the next one would make it too heavy: no cut into neighbours has fewer units. */
function filled<File extends Piece>(files: readonly File[], maxWeight: number): File[][] {
  const groups: File[][] = [];
  let group: File[] = [];
  let weight = 0;
  for (const file of files) {
    const more = weightOf(file);
    if (group.length === 0 || weight + more > maxWeight) {
      group = [];
      groups.push(group);
      weight = 0;
    }
    group.push(file);
    weight += more;
  }
  return groups;
}

function countGroups(files: readonly Piece[], maxWeight: number): number {
  let groups = 0;
  let weight = Infinity;
  for (const file of files) {
    weight += weightOf(file);
    if (weight <= maxWeight) continue;
    groups += 1;
    weight = weightOf(file);
  }
  return groups;
}
