import { formatCounted } from '../core/counted';
import { messageOf, type BeamliftError } from '../core/errors';
import type { LoadReport } from '../core/loader';
import type { Manifest } from '../core/manifest';
import { jsonObjectSchema, type Plan, type Runner } from '../core/plan';
import { totalOf } from '../pipelines/commit-run';
import { fileOutcomes, type FileOutcome, type KnownFile } from '../pipelines/file-outcomes';
import type { PipelineRun } from '../pipelines/pipeline-runner';
import type { JobSpec } from './config/job-spec';
import { destinationTable } from './destination-table';
import {
  failedOf,
  filesOfPlan,
  MAX_REPORTED_FILES,
  recordsOfFailure,
  recordsOfLoaded,
  unknownNotices,
  unknownOf,
  type FileHistoryOwner,
} from './file-history';
import type { LaunchOptions, LaunchServices } from './launch-options';
import { emptyReport, type RunReport } from './report';
import type { FileRecord } from './runs/file-record';
import type { RunStatus } from './runs/run-store';

/** Files that were left out and are logged one by one. */
const MAX_LOGGED_FILES = 20;

/** Collects what happens in a run into its report, and keeps the run store's record. The run store never makes a run fail. */
export class RunRecorder {
  private readonly report: RunReport;
  private plan: Plan | undefined;
  /** Those that the run is about, as far as it is known. */
  private files: readonly KnownFile[] = [];
  private outcomes: readonly FileOutcome[] = [];
  private records: FileRecord[] = [];

  constructor(
    readonly runId: string,
    job: JobSpec,
    private readonly options: LaunchOptions,
    private readonly services: LaunchServices,
    private readonly began = new Date(),
  ) {
    this.report = {
      run_id: runId,
      job: job.name,
      status: 'running',
      ...emptyReport(),
      load_type: job.loadType,
      destination: destinationTable(job.destination),
    };
  }

  async started(): Promise<void> {
    this.services.log.info('etl.started', { run_id: this.runId, job: this.report.job });
    await this.save(null);
  }

  /** Files that a plan is about to be made of: one of them may keep it from being made. */
  listed(files: readonly KnownFile[]): void {
    this.files = files;
  }

  planned(plan: Plan): void {
    const { context, units, runner, runnerReason, large, notices } = plan;
    this.plan = plan;
    this.files = filesOfPlan(plan);
    Object.assign(this.report, {
      runner,
      runner_reason: runnerReason,
      large,
      work_units: units.length,
      notices: [...this.report.notices, ...notices],
    } satisfies Partial<RunReport>);
    this.report.watermark = context.nextWatermark;
    if (plan.drift !== undefined) this.report.drift = plan.drift.slice(0, MAX_REPORTED_FILES);
  }

  staged(manifests: readonly Manifest[]): void {
    const totals = totalOf(manifests);
    this.outcomes = fileOutcomes(this.plan?.units ?? [], manifests);
    const unknown = unknownOf(this.outcomes);
    if (unknown.length > 0) {
      this.report.unknown_columns = unknown.slice(0, MAX_REPORTED_FILES);
      this.report.notices.push(...unknownNotices(unknown));
    }
    Object.assign(this.report, {
      rows_extracted: totals.rowsExtracted,
      rows_filtered: totals.rowsFiltered,
      rows_rejected: totals.rowsRejected,
      rows_staged: totals.rowsStaged,
      bytes_staged: totals.bytesStaged,
      losses: totals.losses.toJSON(),
      reject_files: totals.rejectFiles,
    } satisfies Partial<RunReport>);
  }

  /** Tells at once where the work is done, so that it is found whatever happens to this process. */
  async submitted(runner: Runner, { id, url, handle }: PipelineRun): Promise<void> {
    this.report.runner_job = { runner, id, ...(url === undefined ? {} : { url }), handle };
    await this.save(null);
  }

  /** A pipeline goes on by itself. */
  left(): void {
    this.report.notices.push(
      `The pipeline goes on by itself. \`beamlift runs show ${this.runId}\` tells how far it is; the next run of the job, or \`beamlift runs resume ${this.runId}\`, finishes what it leaves to do.`,
    );
  }

  committed(report: LoadReport): void {
    this.report.rows_loaded = report.rowsLoaded;
    const { rowsSuperseded = 0 } = report;
    if (rowsSuperseded > 0) {
      this.report.notices.push(
        `${formatCounted(rowsSuperseded, 'staged row was', 'staged rows were')} not loaded: a newer row with the same key was there.`,
      );
    }
    this.report.destination = report.table;
    if (report.publishedBy !== undefined) this.report.published_by = report.publishedBy;
    this.report.status = 'success';
    this.tellFiles();
  }

  notice(sentence: string): void {
    this.report.notices.push(sentence);
  }

  nothingToDo(): void {
    this.report.status = 'success';
  }

  failed(error: BeamliftError): void {
    this.report.status = statusOf(error);
    this.report.watermark = null;
    this.report.error = error.toReport();
    this.records = recordsOfFailure(this.owner, this.files, this.outcomes, error);
  }

  /** Ends the record and gives the report. */
  async finished(): Promise<RunReport> {
    const completed = new Date();
    this.report.duration_seconds = (completed.getTime() - this.began.getTime()) / 1000;
    if (this.report.status === 'running') {
      await this.save(null);
      this.services.log.info('etl.detached', { run_id: this.runId, job: this.report.job });
      return this.report;
    }
    await this.save(completed);
    await this.saveFiles();
    this.services.log.info('etl.completed', {
      run_id: this.runId,
      job: this.report.job,
      status: this.report.status,
      rows: this.report.rows_loaded,
      rows_rejected: this.report.rows_rejected,
      duration: this.report.duration_seconds,
      ...(this.report.error === undefined ? {} : { error: this.report.error }),
    });
    return this.report;
  }

  private get owner(): FileHistoryOwner {
    return { run_id: this.runId, job: this.report.job, started_at: this.began.toISOString() };
  }

  private tellFiles(): void {
    const { plan, outcomes, report } = this;
    if (plan === undefined || outcomes.length === 0) return;
    this.records = recordsOfLoaded(this.owner, plan, outcomes);
    const failed = failedOf(outcomes);
    report.files = { loaded: outcomes.length - failed.length, failed: failed.length };
    if (failed.length === 0) return;
    report.failed_files = failed.slice(0, MAX_REPORTED_FILES);
    report.notices.push(
      `${formatCounted(failed.length, 'file was', 'files were')} left out (on_bad_file: skip); the next run tries ${failed.length === 1 ? 'it' : 'them'} again.`,
    );
    for (const file of failed.slice(0, MAX_LOGGED_FILES)) {
      this.services.log.warn('source.file_skipped', { run_id: this.runId, job: report.job, ...file });
    }
  }

  private async saveFiles(): Promise<void> {
    if (this.records.length === 0) return;
    try {
      await this.services.runStore.putFiles(this.records);
    } catch (error) {
      this.services.log.warn('run_store.failed', { run_id: this.runId, error: messageOf(error) });
    }
  }

  private async save(completed: Date | null): Promise<void> {
    const { report } = this;
    const ended = completed !== null;
    try {
      await this.services.runStore.put({
        id: this.runId,
        job: report.job,
        started_at: this.began.toISOString(),
        completed_at: completed?.toISOString() ?? null,
        status: report.status,
        duration_seconds: ended ? report.duration_seconds : null,
        rows_processed: ended ? report.rows_loaded : null,
        rows_processed_base: ended ? report.rows_extracted : null,
        rows_rejected: ended ? report.rows_rejected : null,
        error_message: report.error?.what ?? null,
        triggered_by: this.options.triggeredBy,
        runner: report.runner,
        watermark: report.watermark,
        report:
          ended || report.runner_job !== undefined
            ? jsonObjectSchema.parse(JSON.parse(JSON.stringify(report)))
            : null,
      });
    } catch (error) {
      this.services.log.warn('run_store.failed', {
        run_id: this.runId,
        error: messageOf(error),
      });
    }
  }
}

function statusOf(error: BeamliftError): RunStatus {
  switch (error.code) {
    case 'TIMED_OUT':
      return 'timed_out';
    case 'CANCELLED':
      return 'cancelled';
    case 'LEASE_HELD':
      return 'skipped';
    case 'NEEDS_ATTENTION':
      return 'needs_attention';
    default:
      return 'failure';
  }
}
