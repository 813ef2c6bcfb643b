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
  const byName = [...files].sort((a, b) => (a.uri < b.uri ? -1 : a.uri > b.uri ? 1 : 0));
  const units = byName.map((file, index): WorkUnit => {
    const rows = estimate.rows === null || bytes === 0 ? null : (estimate.rows * file.bytes) / bytes;
    return {
      id: `f${numbered(index + 1, files.length, 4)}`,
      kind: 'file',
      uri: file.uri,
      bytes: file.bytes,
      version: file.version,
      lastModified: file.lastModified,
      ...(rows === null ? {} : { estimatedRows: Math.round(rows) }),
    };
  });
  return { units, reason: files.length === 1 ? 'one unit: one file' : `${files.length} units: one a file` };
}
