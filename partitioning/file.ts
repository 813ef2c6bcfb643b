import { formatCounted } from '../core/counted';
import { BeamliftError } from '../core/errors';
import type { FileEntry } from '../core/extractor';
import type { Estimate, WorkUnit } from '../core/plan';
import { numbered } from './unit-id';

/**
 * One unit a file, in the order of names: a file is whole or it is not there. Rows are shared out by size.
 * Throws PLAN_REFUSED for more than `maxUnits` files: units that hold several could not be repeated one by one.
 */
export function cutFiles(
  files: readonly FileEntry[],
  estimate: Estimate,
  maxUnits: number,
): { units: WorkUnit[]; reason: string } {
  if (files.length > maxUnits) {
    throw new BeamliftError('PLAN_REFUSED', {
      what: `${files.length} files match, and one run takes at most ${maxUnits}`,
      why: 'each file is a work unit, and a plan is kept whole in memory',
      hint: 'narrow `file_pattern`, for example to one folder or month, and make a job of each',
    });
  }
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const units = byName(files).map((file, index) => {
    const rows = estimate.rows === null || bytes === 0 ? null : (estimate.rows * file.bytes) / bytes;
    return fileUnit(file, numbered(index + 1, files.length, 4), rows === null ? null : Math.round(rows));
  });
  return { units, reason: 'one per file' };
}

/**
 * At most `limit` rows: those of the first file with content. A unit over several files would read what the job has
 * not selected, and a limit counts within one unit.
 */
export function cutFirstFile(
  files: readonly FileEntry[],
  limit: number,
): { units: WorkUnit[]; reason: string } {
  const ordered = byName(files);
  const first = ordered.find((file) => file.bytes > 0) ?? ordered[0];
  if (first === undefined) return { units: [], reason: 'no file' };
  return {
    units: [fileUnit(first, numbered(1, 1, 4), limit)],
    reason: `at most ${formatCounted(limit, 'row is', 'rows are')} read, of one file`,
  };
}

function fileUnit(file: FileEntry, number: string, estimatedRows: number | null): WorkUnit {
  return {
    id: `f${number}`,
    kind: 'file',
    uri: file.uri,
    bytes: file.bytes,
    version: file.version,
    lastModified: file.lastModified,
    ...(estimatedRows === null ? {} : { estimatedRows }),
  };
}

function byName(files: readonly FileEntry[]): FileEntry[] {
  return [...files].sort((a, b) => (a.uri < b.uri ? -1 : a.uri > b.uri ? 1 : 0));
}
