import type { JsonObject } from '../../core/plan';
import type { FileFilter, FileRecord } from './file-record';

/** The user's word for how a run is doing. */
export const RUN_STATUSES = [
  'running',
  'success',
  'failure',
  'timed_out',
  'cancelled',
  'skipped',
  'needs_attention',
] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** One row of `etl_runs`. Times are ISO texts in UTC. */
export interface RunRecord {
  readonly id: string;
  readonly job: string;
  readonly started_at: string;
  readonly completed_at: string | null;
  readonly status: RunStatus;
  readonly duration_seconds: number | null;
  /** Rows loaded. */
  readonly rows_processed: number | null;
  /** Rows extracted. */
  readonly rows_processed_base: number | null;
  readonly rows_rejected: number | null;
  readonly error_message: string | null;
  readonly triggered_by: string;
  readonly runner: string | null;
  readonly watermark: string | null;
  /** The report of `--json`. */
  readonly report: JsonObject | null;
}

export interface RunFilter {
  readonly job?: string;
  readonly status?: RunStatus;
  /** Ids that begin with this text, case counts. */
  readonly idPrefix?: string;
  readonly limit: number;
}

/** History of runs. Losing it loses no truth: a loader's state decides what has been loaded. */
export interface RunStore {
  /** Adds the record of a run that has begun. Writing the same id again replaces the record. */
  put(record: RunRecord): Promise<void>;
  get(id: string): Promise<RunRecord | undefined>;
  /** Newest first. */
  list(filter: RunFilter): Promise<RunRecord[]>;
  /** Adds what one run did with its files. Called again for a run with the same files or more, it replaces what was there. */
  putFiles(records: readonly FileRecord[]): Promise<void>;
  /** In the order of `inFileOrder`. */
  files(filter: FileFilter): Promise<FileRecord[]>;
  close(): Promise<void>;
}
