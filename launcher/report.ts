import type { ErrorReport } from '../core/errors';
import type { Losses } from '../core/loss-ledger';
import type { FileDrift, JsonObject, Runner } from '../core/plan';
import type { FailedFile, FileColumns } from './file-history';
import type { RunStatus } from './runs/run-store';

/** What `--json` prints for a job, and what the run store keeps. */
export interface RunReport {
  run_id: string;
  job: string;
  status: RunStatus;
  runner: Runner | null;
  runner_reason: string | null;
  /** At or over `runners.threshold_rows`. */
  large: boolean;
  load_type: string;
  work_units: number;
  rows_extracted: number;
  rows_filtered: number;
  rows_rejected: number;
  rows_staged: number;
  rows_loaded: number;
  bytes_staged: number;
  duration_seconds: number;
  watermark: string | null;
  losses: Losses;
  destination: string;
  /** The destination's own job that published the rows, as its tools take the id (`bq show -j`). */
  published_by?: string;
  /** The pipeline of a runner with workers of its own, as its tools take the id. `handle`: what finds it again. */
  runner_job?: { runner: Runner; id: string; url?: string; handle: JsonObject };
  /** Files with rejected rows, one JSON object a line. */
  reject_files: string[];
  /** Of a job that loads files: how many of this run's are published, and how many were left out (`on_bad_file: skip`). */
  files?: { loaded: number; failed: number };
  /** Files that were left out; the first 1,000. The run store has all of them. */
  failed_files?: FailedFile[];
  /** Files that differ from the others, of those that were looked into when the run was planned; the first 1,000. */
  drift?: FileDrift[];
  /** Columns that were seen only when files were read, and are not loaded: values that are not null by name, 0 where they were not counted. The first 1,000 files. */
  unknown_columns?: FileColumns[];
  notices: string[];
  error?: ErrorReport;
}

/** What a report says before anything was planned or read. */
export function emptyReport(): Omit<RunReport, 'run_id' | 'job' | 'status'> {
  return {
    runner: null,
    runner_reason: null,
    large: false,
    load_type: '',
    work_units: 0,
    rows_extracted: 0,
    rows_filtered: 0,
    rows_rejected: 0,
    rows_staged: 0,
    rows_loaded: 0,
    bytes_staged: 0,
    duration_seconds: 0,
    watermark: null,
    losses: {},
    destination: '',
    reject_files: [],
    notices: [],
  };
}
