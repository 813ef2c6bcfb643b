import { formatCounted } from '../core/counted';
import type { FileEntry, FileFocus } from '../core/extractor';
import type { Disposition } from '../core/plan';
import type { JobSpec } from './config/job-spec';

export interface FileSelection {
  readonly files: readonly FileEntry[];
  readonly notices: readonly string[];
}

/**
 * Which of the listed files a run loads. Incremental jobs take files that are new, or have another version than the one published;
 * `file_selection: latest` takes the one that was changed last (of equally old ones the last by name).
 */
export function selectFiles(
  listed: readonly FileEntry[],
  published: Readonly<Record<string, string>>,
  job: Pick<JobSpec, 'fileSelection'>,
  incremental: boolean,
): FileSelection {
  const notices: string[] = [];
  let files = listed;
  if (job.fileSelection === 'latest') {
    const latest = [...listed].sort(
      (a, b) => compareTexts(a.lastModified, b.lastModified) || compareTexts(a.uri, b.uri),
    );
    files = latest.slice(-1);
    if (listed.length > 1) notices.push(`file_selection latest: 1 of ${listed.length} matching files.`);
  }
  if (!incremental) return { files, notices };

  const isPublished = (file: FileEntry): boolean => Object.hasOwn(published, file.uri);
  const changed = files.filter((file) => isPublished(file) && published[file.uri] !== file.version);
  const fresh = files.filter((file) => !isPublished(file));
  const skipped = files.length - changed.length - fresh.length;
  if (skipped > 0)
    notices.push(
      `${skipped} of ${formatCounted(files.length, 'file')} ${skipped === 1 ? 'was loaded before and has' : 'were loaded before and have'} not changed.`,
    );
  if (changed.length > 0) {
    const names = changed.slice(0, 3).map((file) => file.uri);
    notices.push(
      `${formatCounted(changed.length, 'file')} changed since the last load (${names.join(', ')}${changed.length > 3 ? ', …' : ''}): all ${changed.length === 1 ? 'its' : 'their'} rows are loaded again.`,
    );
  }
  const taken = new Set([...fresh, ...changed]);
  return { files: files.filter((file) => taken.has(file)), notices };
}

/** What the plan looks into: the selected files, and of a job that adds to its table those that it has loaded before. */
export function focusOf(
  listed: readonly FileEntry[],
  { files }: FileSelection,
  disposition: Disposition,
  { onBadFile }: Pick<JobSpec, 'onBadFile'>,
): FileFocus {
  const selected = new Set(files);
  const loaded = disposition === 'replace' ? [] : listed.filter((file) => !selected.has(file));
  return { read: files, loaded, skipBad: onBadFile === 'skip' };
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
