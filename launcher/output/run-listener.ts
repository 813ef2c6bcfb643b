import { formatCounted } from '../../core/counted';
import type { Logger, LogLevel } from '../../core/logger';
import type { RunEvent, RunListener } from '../../pipelines/run-events';
import type { TextOutput } from '../host';
import type { RunReport } from '../report';
import { AwaitedJobs } from './awaited-jobs';
import type { CommandOutput } from './command-output';
import { paintStatus, type Palette } from './palette';
import { ProgressTracker, type Progress } from './progress';
import { renderProgress } from './progress-line';
import { fitWidth, printableLine } from './printable';
import { formatBytes, formatDuration } from './quantities';

/** Time for progress; tests have their own. */
export interface ProgressClock {
  /** Milliseconds, never going back. */
  now(): number;
  /** Calls again and again until the returned function is called; does not keep the process alive. */
  every(milliseconds: number, call: () => void): () => void;
}

/** One job's run, as it is told on stderr. */
export interface RunWatch {
  readonly services: {
    readonly listener: RunListener;
    /** The log of this run: each entry gets its job and, once it is known, its run id. */
    readonly log: Logger;
  };
  /** Ends the progress with a line about the result. */
  finish(report: RunReport): void;
  /** Takes the progress away without a word; safe after `finish`. */
  close(): void;
}

const SYSTEM_CLOCK: ProgressClock = {
  now: () => performance.now(),
  every: (milliseconds, call) => {
    const timer = setInterval(call, milliseconds);
    timer.unref();
    return () => clearInterval(timer);
  },
};

/** A bar that changes more often costs more than it tells. */
const REDRAW_MS = 120;

/** Without a bar, progress is logged this often. */
const PROGRESS_ENTRY_MS = 30_000;

/** A job of the destination that takes longer is named on a terminal: somebody will want to look at it. */
const SLOW_JOB_MS = 10_000;

/** Turns the events of one run into a progress bar on `err`, where there is one, and into entries of `log`. */
export function createRunListener(
  job: string,
  output: CommandOutput,
  log: Logger,
  err: Pick<TextOutput, 'columns'>,
  clock: ProgressClock = SYSTEM_CLOCK,
): RunWatch {
  const tracker = new ProgressTracker(job, clock.now());
  const jobs = new AwaitedJobs();
  const runLog = createRunLog(log, job, (event, fields) => jobs.take(event, fields, clock.now()));
  const { screen, palette, mode } = output;
  const snapshot = (): Progress => ({ ...tracker.snapshot(clock.now()), awaits: jobs.text });
  const draw = (): void => {
    for (const { what, name } of jobs.takeSlow(clock.now(), SLOW_JOB_MS)) {
      screen.print(output.redact(`${printableLine(job)}  waits for ${what} ${printableLine(name)}\n`));
    }
    screen.show(renderProgress(snapshot(), Math.max(0, err.columns - 1), palette));
  };
  const stop = mode.bars ? clock.every(REDRAW_MS, draw) : logProgress(snapshot, runLog, clock);
  if (mode.bars) draw();
  const close = (): void => {
    stop();
    screen.clear();
  };
  return {
    services: {
      listener: (event) => {
        tracker.take(event);
        if (mode.bars && event.kind === 'runner.submitted') {
          const place = printableLine(event.url ?? event.id);
          screen.print(output.redact(`${printableLine(job)}  runs on ${event.runner}: ${place}\n`));
        }
        logEvent(event, runLog);
      },
      log: runLog,
    },
    finish: (report) => {
      close();
      if (mode.bars) screen.print(`${renderFinalLine(output.redacted(report), palette)}\n`);
    },
    close,
  };
}

/** Adds to each entry which run it is about. The run's own `etl.started` entry, its first, tells its id. */
function createRunLog(
  log: Logger,
  job: string,
  take: (event: string, fields: Readonly<Record<string, unknown>>) => void,
): Logger {
  let runId: string | undefined;
  const at =
    (level: LogLevel) =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      // Later entries may speak of another run, which this one finishes.
      if (typeof fields['run_id'] === 'string') runId ??= fields['run_id'];
      take(event, fields);
      log[level](event, { ...(runId === undefined ? {} : { run_id: runId }), job, ...fields });
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function logEvent(event: RunEvent, log: Logger): void {
  switch (event.kind) {
    case 'planned': {
      const { context, units, estimate, runner, runnerReason, notices } = event.plan;
      log.info('etl.planned', {
        run_id: context.runId,
        units: units.length,
        estimated_rows: estimate.rows,
        runner,
        runner_reason: runnerReason,
      });
      for (const notice of notices) log.info('etl.notice', { message: notice });
      return;
    }
    case 'phase.started':
      log.info(`etl.phase.${event.phase}.started`);
      return;
    case 'phase.completed':
      log.info(`etl.phase.${event.phase}.completed`, {
        rows: event.rows,
        duration: roundToMilliseconds(event.durationSeconds),
        status: 'success',
      });
      return;
    case 'unit.started':
      log.debug('etl.unit.started', { unit: event.unit, attempt: event.attempt });
      return;
    case 'unit.completed':
      log.debug('etl.unit.completed', {
        unit: event.unit,
        rows: event.rows,
        rows_rejected: event.rejected,
        bytes_staged: event.stagedBytes,
      });
      return;
    case 'unit.retried':
      log.warn('etl.unit.retried', { unit: event.unit, attempt: event.attempt, error: event.error });
      return;
    case 'unit.progress':
      return;
    case 'runner.submitted':
      log.info('etl.runner.submitted', { runner: event.runner, job_id: event.id, url: event.url });
      return;
    case 'runner.state':
      log.info('etl.runner.state', { state: event.state });
      return;
    case 'runner.message':
      log[event.level]('etl.runner.message', { message: event.text });
      return;
    case 'runner.workers':
      log.info('etl.runner.workers', { workers: event.workers, target: event.target });
      return;
    case 'runner.counters':
      log.debug('etl.runner.counters', Object.fromEntries(event.counters));
      return;
  }
}

function logProgress(snapshot: () => Progress, log: Logger, clock: ProgressClock): () => void {
  return clock.every(PROGRESS_ENTRY_MS, () => {
    const { phase, rows, bytes, share, rowsPerSecond, unitsDone, units, elapsedSeconds, awaits } = snapshot();
    log.info('etl.progress', {
      phase,
      rows,
      rows_per_second: rowsPerSecond === undefined ? undefined : Math.round(rowsPerSecond),
      bytes_staged: bytes,
      percent: share === undefined ? undefined : Math.round(share * 100),
      units_done: unitsDone,
      units,
      waits_for: awaits,
      duration: roundToMilliseconds(elapsedSeconds),
    });
  });
}

/** Clocks give digits that mean nothing: `0.05899560700000006`. */
function roundToMilliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

const MARKS = {
  success: '✓',
  failure: '✗',
  timed_out: '✗',
  needs_attention: '!',
  cancelled: '-',
  skipped: '-',
  running: '-',
} as const satisfies Record<RunReport['status'], string>;

const MAX_NAME_WIDTH = 40;

/** What stays on the terminal in place of the bar: `✓ flights  3,000,000 rows  45.2 MB  12.3 s  -> main.flights`. */
function renderFinalLine(report: RunReport, palette: Palette): string {
  const { status } = report;
  const name = fitWidth(printableLine(report.job), MAX_NAME_WIDTH);
  const head = paintStatus(palette, status, `${MARKS[status]} ${name}`);
  const duration = formatDuration(report.duration_seconds);
  if (status !== 'success') return `${head}  ${status.replaceAll('_', ' ')}  ${duration}`;
  const rejected =
    report.rows_rejected === 0 ? [] : [palette.warning(formatCounted(report.rows_rejected, 'reject'))];
  return [
    head,
    formatCounted(report.rows_loaded, 'row'),
    formatBytes(report.bytes_staged),
    ...rejected,
    duration,
    `-> ${printableLine(report.destination)}`,
  ].join('  ');
}
