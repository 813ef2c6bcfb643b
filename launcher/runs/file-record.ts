import { z } from 'zod';

/**
 * How a run was done with a file: `loaded`: its rows are published. `failed`: it could not be read, and nothing of it is published. Files
 * that a failed run would have loaded are neither.
 */
export const FILE_STATUSES = ['loaded', 'failed'] as const;
export type FileStatus = (typeof FILE_STATUSES)[number];

/** What one run did with one file; a row of `etl_run_files`. */
export const fileRecordSchema = z.strictObject({
  run_id: z.string(),
  job: z.string(),
  /** When the run began, ISO, UTC. */
  started_at: z.string(),
  /** As the source names it: relative to its folder or bucket. */
  uri: z.string(),
  /** The content that was read: generation, versionId, etag; size and time of a local file. */
  version: z.string(),
  /** In bytes, as stored. */
  size: z.number(),
  /** ISO; null: the source does not say. */
  last_modified: z.string().nullable(),
  status: z.enum(FILE_STATUSES),
  /** Null: not known, as in a file that could not be read. */
  rows_extracted: z.number().nullable(),
  /** Rows given to the table; of a job that merges some may have given way to others with their key. */
  rows_loaded: z.number().nullable(),
  rows_rejected: z.number().nullable(),
  error_code: z.string().nullable(),
  error_message: z.string().nullable(),
});
export type FileRecord = Readonly<z.infer<typeof fileRecordSchema>>;

export const FILE_COLUMNS = Object.keys(fileRecordSchema.shape) as (keyof FileRecord)[];

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
