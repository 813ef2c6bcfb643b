import { formatCount, formatCounted } from '../../core/counted';
import { describeRejectFiles } from '../../core/describe-reject-files';
import type { RunReport } from '../report';
import { quoteArgument } from '../invocation';
import { paintStatus, type Palette } from './palette';
import { printableLine } from './printable';
import { formatBytes } from './quantities';
import { renderTable } from './table';

/** Losses shown per job before the rest is summed up. */
const MAX_LOSSES = 5;
/** Files that were left out and are named. */
const MAX_FILES = 3;
/** Longer names of jobs and tables are cut. */
const MAX_NAME_WIDTH = 40;

/** What is left on stdout at the end of `run`: a table with a line for each job, then rejects and losses worth knowing. */
export function renderSummary(reports: readonly RunReport[], palette: Palette): string[] {
  const statusAt = (row: number) => reports[row]?.status ?? 'running';
  const table = renderTable(
    [
      { title: 'job', maxWidth: MAX_NAME_WIDTH },
      { title: 'status', paint: (cell, row) => paintStatus(palette, statusAt(row), cell) },
      { title: 'rows', align: 'right' },
      { title: 'bytes', align: 'right' },
      { title: 'seconds', align: 'right' },
      { title: 'table', maxWidth: MAX_NAME_WIDTH },
    ],
    reports.map((report) => [
      report.job,
      report.status,
      formatCount(report.rows_loaded),
      formatBytes(report.bytes_staged),
      report.duration_seconds.toFixed(1),
      report.destination,
    ]),
    { paintTitle: palette.faint },
  );
  return [...table, ...reports.flatMap((report) => renderRemarks(report))];
}

function renderRemarks(report: RunReport): string[] {
  const remarks: string[] = [];
  const job = printableLine(report.job);
  if (report.large && report.runner === 'in-process') {
    remarks.push(`${job}: ran in process: ${printableLine(report.runner_reason ?? '')}`);
  }
  if (report.rows_rejected > 0) {
    const files =
      report.reject_files.length === 0 ? '' : `: ${printableLine(describeRejectFiles(report.reject_files))}`;
    remarks.push(`${job}: ${formatCounted(report.rows_rejected, 'row was', 'rows were')} rejected${files}`);
  }
  const { failed_files: failedFiles = [], files } = report;
  if (files !== undefined && files.failed > 0) {
    const names = failedFiles.slice(0, MAX_FILES).map(({ file }) => file);
    const more = files.failed > names.length ? ', …' : '';
    remarks.push(
      `${job}: ${formatCounted(files.failed, 'file was', 'files were')} left out: ${printableLine(names.join(', '))}${more}; see runs show ${report.run_id}`,
    );
  }
  if (report.status === 'skipped' && report.error !== undefined) {
    remarks.push(`${job}: ${printableLine(report.error.what)}`);
  }
  const losses = renderLosses(report);
  for (const loss of losses.slice(0, MAX_LOSSES)) remarks.push(`${job}: ${loss}`);
  if (losses.length > MAX_LOSSES) {
    remarks.push(`${job}: ${losses.length - MAX_LOSSES} more kinds of loss, see runs show ${report.run_id}`);
  }
  return remarks;
}

/** One line for each column and rule of the loss ledger: `amount: nan applied to 3 values`. */
function renderLosses({ losses }: Pick<RunReport, 'losses'>): string[] {
  return Object.entries(losses).flatMap(([column, rules]) =>
    Object.entries(rules).map(
      ([rule, count]) => `${printableLine(column)}: ${rule} applied to ${formatCounted(count, 'value')}`,
    ),
  );
}

export interface NextLineRequest {
  readonly reports: readonly RunReport[];
  readonly invocation: string;
  /** The configuration as it was given with `-f`; undefined: found without it. */
  readonly file: string | undefined;
  /** Whether there is a configuration file that knows the jobs. */
  readonly configured: boolean;
}

const NEEDS_A_LOOK: ReadonlySet<RunReport['status']> = new Set(['failure', 'timed_out', 'needs_attention']);

/** The line to type next, complete; undefined: there is nothing to suggest. */
export function nextLine({ reports, invocation, file, configured }: NextLineRequest): string | undefined {
  const flags = file === undefined ? [] : ['-f', quoteArgument(file)];
  const line = (...words: string[]): string => printableLine([invocation, ...words, ...flags].join(' '));
  const bad = reports.find((report) => NEEDS_A_LOOK.has(report.status));
  if (bad !== undefined) return line('runs', 'show', quoteArgument(bad.run_id));
  const good = reports.filter((report) => report.status === 'success').at(-1);
  if (good === undefined) return undefined;
  return configured
    ? line('preview', quoteArgument(good.job))
    : line('runs', 'show', quoteArgument(good.run_id));
}
