import { formatCounted } from '../core/counted';
import { BeamliftError } from '../core/errors';
import type { FileEntry } from '../core/extractor';
import { bytesToRead } from '../core/files-of-unit';
import type { Estimate, FileRange, PlannedFile, WorkUnit } from '../core/plan';
import { groupFiles, type GroupLimits } from './group-files';
import { numbered } from './unit-id';

/** The most files of a run: they are kept in memory, in the plan and in what the job remembers, at some 300 bytes each. */
const MAX_FILES = 100_000;

/**
 * Units of files, in the order of names: a file is whole or, with `ranges`, cut into these, and small ones share a unit (see `groupFiles`).
 * Rows are shared out by size. Throws PLAN_REFUSED for more than MAX_FILES.
 */
export function cutFiles(
  files: readonly FileEntry[],
  estimate: Estimate,
  limits: GroupLimits,
  ranges?: ReadonlyMap<string, readonly FileRange[]>,
): { units: WorkUnit[]; reason: string } {
  if (files.length > MAX_FILES) {
    throw new BeamliftError('PLAN_REFUSED', {
      what: `${formatCounted(files.length, 'file')} match, and one run takes at most ${formatCounted(MAX_FILES, 'file')}`,
      why: 'the files of a run are kept in memory, and what the job remembers names each one',
      hint: 'narrow `file_pattern`, for example to one folder or month, and make a job of each',
    });
  }
  const pieces = byName(files).flatMap((file) => piecesOf(file, ranges?.get(file.uri)));
  const bytes = bytesToRead(pieces);
  const groups = groupFiles(pieces, limits);
  const units = groups.map((group, index) => {
    const rows = estimate.rows === null || bytes === 0 ? null : (estimate.rows * bytesToRead(group)) / bytes;
    return fileUnit(group, numbered(index + 1, groups.length, 4), rows === null ? null : Math.round(rows));
  });
  const cut = new Set(pieces.flatMap(({ uri, range }) => (range === undefined ? [] : [uri]))).size;
  return { units, reason: reasonOf(files.length, cut, units.length < pieces.length) };
}

function piecesOf(file: FileEntry, ranges: readonly FileRange[] = []): PlannedFile[] {
  if (ranges.length < 2) return [planned(file)];
  return ranges.map((range) => ({ ...planned(file), range }));
}

function reasonOf(files: number, cut: number, together: boolean): string {
  const ranges = cut === 0 ? '' : cut === files ? ', cut into ranges' : `, ${cut} of them cut into ranges`;
  if (together) return `${formatCounted(files, 'file')}${ranges}, small ones read together`;
  return cut === 0 ? 'one per file' : `${formatCounted(files, 'file')}${ranges}`;
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
    units: [fileUnit([planned(first)], numbered(1, 1, 4), limit)],
    reason: `at most ${formatCounted(limit, 'row is', 'rows are')} read, of one file`,
  };
}

function fileUnit(files: readonly PlannedFile[], number: string, estimatedRows: number | null): WorkUnit {
  const base = { id: `f${number}`, ...(estimatedRows === null ? {} : { estimatedRows }) };
  const [file, ...others] = files;
  if (file === undefined) throw new BeamliftError('INTERNAL', { what: 'A work unit without files was cut' });
  return others.length === 0
    ? { ...base, kind: 'file', ...file }
    : { ...base, kind: 'files', files: [file, ...others] };
}

function planned({ uri, bytes, version, lastModified }: FileEntry): PlannedFile {
  return { uri, bytes, version, lastModified };
}

function byName(files: readonly FileEntry[]): FileEntry[] {
  return [...files].sort((a, b) => (a.uri < b.uri ? -1 : a.uri > b.uri ? 1 : 0));
}
