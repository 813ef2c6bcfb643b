import type { ErrorReport } from '../core/errors';
import type { Losses } from '../core/loss-ledger';
import type { Runner } from '../core/plan';
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
  /** Files with rejected rows, one JSON object a line. */
  reject_files: string[];
  notices: string[];
  error?: ErrorReport;
}
