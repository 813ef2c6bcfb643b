/**
 * How a run was done with a file: `loaded`: its rows are published. `failed`: it could not be read, and nothing of it is published. Files
 * that a failed run would have loaded are neither.
 */
export const FILE_STATUSES = ['loaded', 'failed'] as const;
export type FileStatus = (typeof FILE_STATUSES)[number];

/** What one run did with one file; a row of `etl_run_files`. */
export interface FileRecord {
  readonly run_id: string;
  readonly job: string;
  /** When the run began, ISO, UTC. */
  readonly started_at: string;
  /** As the source names it: relative to its folder or bucket. */
  readonly uri: string;
  /** The content that was read: generation, versionId, etag; size and time of a local file. */
  readonly version: string;
  /** In bytes, as stored. */
  readonly size: number;
  /** ISO; null: the source does not say. */
  readonly last_modified: string | null;
  readonly status: FileStatus;
  /** Null: not known, as in a file that could not be read. */
  readonly rows_extracted: number | null;
  /** Rows given to the table; of a job that merges some may have given way to others with their key. */
  readonly rows_loaded: number | null;
  readonly rows_rejected: number | null;
  readonly error_code: string | null;
  readonly error_message: string | null;
}

export interface FileFilter {
  readonly runId?: string;
  readonly job?: string;
  readonly status?: FileStatus;
  readonly limit: number;
}

/** Newest run first, of one run by name (UTF-16 code units). */
export function inFileOrder(a: FileRecord, b: FileRecord): number {
  if (a.started_at !== b.started_at) return a.started_at < b.started_at ? 1 : -1;
  if (a.run_id !== b.run_id) return a.run_id < b.run_id ? 1 : -1;
  if (a.uri === b.uri) return 0;
  return a.uri < b.uri ? -1 : 1;
}

/** Whether a record is what the filter asks for. */
export function fitsFilter(
  { run_id, job, status }: Pick<FileRecord, 'run_id' | 'job' | 'status'>,
  filter: FileFilter,
): boolean {
  return (
    (filter.runId ?? run_id) === run_id && (filter.job ?? job) === job && (filter.status ?? status) === status
  );
}

/** Records that are written at once. */
export const FILES_PER_WRITE = 2_000;

/** Neighbours together, `size` at a time. */
export function inGroups<Item>(items: readonly Item[], size: number): Item[][] {
  const groups: Item[][] = [];
  for (let start = 0; start < items.length; start += size) groups.push(items.slice(start, start + size));
  return groups;
}
