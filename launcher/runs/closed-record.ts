import type { JsonObject } from '../../core/plan';
import type { RunReport } from '../report';
import type { RunRecord } from './run-store';

/** The time in an id of ours: `20250301T100000Z-…`. */
const TIME_IN_ID = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-/;

/**
 * The record of a run that another process finished or ended: when it began and who triggered it stay as they were. `before` undefined:
 * the record is lost. Undefined: the report tells of no end, so the record stays as it is.
 */
export function closedRecord(
  before: RunRecord | undefined,
  report: RunReport,
  now: Date,
): RunRecord | undefined {
  if (report.status === 'running' || report.status === 'skipped') return undefined;
  const started = before?.started_at ?? timeInId(report.run_id) ?? now.toISOString();
  return {
    id: report.run_id,
    job: report.job,
    started_at: started,
    completed_at: now.toISOString(),
    status: report.status,
    duration_seconds: Math.max(0, now.getTime() - Date.parse(started)) / 1000,
    rows_processed: report.rows_loaded,
    rows_processed_base: report.rows_extracted,
    rows_rejected: report.rows_rejected,
    error_message: report.error?.what ?? null,
    triggered_by: before?.triggered_by ?? 'unknown',
    runner: report.runner ?? before?.runner ?? null,
    watermark: report.watermark,
    report: JSON.parse(JSON.stringify(report)) as JsonObject,
  };
}

function timeInId(id: string): string | undefined {
  const match = TIME_IN_ID.exec(id);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match.map(Number);
  return new Date(Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second)).toISOString();
}
