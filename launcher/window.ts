import { BeamliftError } from '../core/errors';
import type { UpperBound } from '../core/extractor';
import type { Bound, Window } from '../core/plan';
import type { Column } from '../core/schema';
import type { JobSpec } from './config/job-spec';
import { compareCursors, cursorText, shiftCursor } from './cursor';
import {
  compareEdges,
  firstUncovered,
  hasKnownOrder,
  isEmptyStretch,
  lowerBound,
  mayOverlap,
  stretchOf,
  upperBound,
} from './window-edges';

/** What decides the window of an incremental run. */
export interface WindowInput {
  readonly job: Pick<
    JobSpec,
    'name' | 'loadType' | 'historicalStartDate' | 'lastSyncValue' | 'lookbackSeconds' | 'timezone'
  >;
  readonly column: Column;
  /** Of the state; null when the job never published, or its table is gone. */
  readonly watermark: string | null;
  /** Appended outside of the watermark before. */
  readonly intervals: readonly Window[];
  readonly upper: UpperBound;
  readonly fullRefresh: boolean;
  readonly startDate: string | undefined;
  readonly endDate: string | undefined;
  /** Whether rows are appended; merging the same rows twice is harmless. */
  readonly append: boolean;
}

export interface WindowDecision {
  readonly window: Window;
  /** Nothing can be in the window. */
  readonly empty: boolean;
  /** What the watermark becomes; null: it stays. */
  readonly nextWatermark: string | null;
  readonly backfill: boolean;
  /** Where the lower end comes from, in words. */
  readonly reason: string;
  readonly notices: readonly string[];
}

/**
 * The window of a run over a timestamp column: `lower <= column < upper` (a cursor without a next value has inclusive upper ends,
 * and then an exclusive lower one). `--start-date` and `--end-date` never move the watermark; what they appended is left out later: a
 * window ends where such an interval begins, and the next one begins where it ends. The watermark never goes back.
 * Throws PLAN_REFUSED where rows would be appended twice.
 */
export function decideWindow(input: WindowInput): WindowDecision {
  const { column, upper, startDate, endDate } = input;
  const notices = [...upperNotices(column, upper)];
  if (startDate !== undefined || endDate !== undefined) return decideBackfill(input, notices);

  const { lower, reason, notice } = decideLower(input);
  if (notice !== undefined) notices.push(notice);
  const whole: Window = { column: column.name, lower, upper: upper.bound };
  const window = input.append && !input.fullRefresh ? withoutIntervals(input, whole, notices) : whole;
  const empty = window.upper === null || isEmptyStretch(column, stretchOf(window));
  return {
    window,
    empty,
    nextWatermark: empty || window.upper === null ? null : furthest(input, window.upper),
    backfill: false,
    reason,
    notices,
  };
}

/** What regular runs leave to the intervals that were appended by flag. */
function withoutIntervals({ column, intervals }: WindowInput, whole: Window, notices: string[]): Window {
  if (whole.upper === null || intervals.length === 0) return whole;
  const { from, to } = firstUncovered(column, stretchOf(whole), intervals.map(stretchOf));
  const window: Window = { column: column.name, lower: lowerBound(from), upper: upperBound(to) };
  if (describeWindow(window) !== describeWindow(whole)) {
    notices.push(
      `Intervals that were appended by flag are left out (${intervals.map(describeWindow).join('; ')}): this run covers ${describeWindow(window)}, the next one goes on behind it.`,
    );
  }
  return window;
}

/** The later one of the window's end and the watermark: a window that looks back may end before it. */
function furthest({ column, watermark, fullRefresh }: WindowInput, upper: Bound): string {
  if (watermark === null || fullRefresh) return upper.value;
  const order = compareEdges(
    column,
    { value: upper.value, after: false },
    { value: watermark, after: false },
  );
  return order !== undefined && order < 0 ? watermark : upper.value;
}

function decideLower(input: WindowInput): { lower: Bound | null; reason: string; notice?: string } {
  const { job, column, watermark, upper, fullRefresh } = input;
  const start =
    job.historicalStartDate === undefined
      ? undefined
      : cursorText(job.historicalStartDate, column, job.timezone, 'historical_start_date');
  const historical = {
    lower: start === undefined ? null : { value: start, inclusive: true },
    reason: start === undefined ? 'everything' : `from historical_start_date ${start}`,
  };
  if (fullRefresh) return { ...historical, reason: `full refresh, ${historical.reason}` };
  if (watermark !== null) {
    const value =
      job.lookbackSeconds > 0 && job.loadType === 'merge'
        ? shiftCursor(watermark, column, -job.lookbackSeconds)
        : watermark;
    const seed =
      job.lastSyncValue === undefined
        ? undefined
        : cursorText(job.lastSyncValue, column, job.timezone, 'last_sync_value');
    const differs = seed !== undefined && compareCursors(column, seed, watermark) !== 0;
    return {
      lower: { value, inclusive: upper.bound?.inclusive !== true },
      reason:
        value === watermark
          ? `since the watermark ${watermark}`
          : `since ${value}, lookback before the watermark`,
      ...(differs
        ? {
            notice: `last_sync_value is ${seed}, but the state's watermark is ${watermark}: the state decides.`,
          }
        : {}),
    };
  }
  if (job.lastSyncValue !== undefined) {
    const value = cursorText(job.lastSyncValue, column, job.timezone, 'last_sync_value');
    return { lower: { value, inclusive: false }, reason: `first run, after last_sync_value ${value}` };
  }
  return { ...historical, reason: `first run, ${historical.reason}` };
}

function decideBackfill(input: WindowInput, notices: string[]): WindowDecision {
  const { job, column, upper, startDate, endDate } = input;
  const lower =
    startDate === undefined
      ? null
      : { value: cursorText(startDate, column, job.timezone, '--start-date'), inclusive: true };
  const wanted =
    endDate === undefined
      ? upper.bound
      : { value: cursorText(endDate, column, job.timezone, '--end-date'), inclusive: false };
  const safe = upper.bound;
  const capped = wanted !== null && safe !== null && compareCursors(column, wanted.value, safe.value) > 0;
  const end = capped ? safe : wanted;
  if (capped && endDate !== undefined) {
    notices.push(
      `--end-date ${endDate} is later than what is safe to read now: the window ends at ${safe.value}.`,
    );
  }
  const window: Window = { column: column.name, lower, upper: end };
  const empty = upper.bound === null || end === null || isEmptyStretch(column, stretchOf(window));
  const appends = input.append && !input.fullRefresh;
  if (appends) refuseOverlap(input, window);
  return {
    window,
    empty,
    nextWatermark: null,
    // of an interval without rows nothing is published: those that come later must not be left out
    backfill: appends && !empty,
    reason: `${startDate ?? 'the beginning'} to ${endDate ?? 'now'} by flag; the watermark stays`,
    notices,
  };
}

/** An append over rows that are already published would duplicate them. */
function refuseOverlap(input: WindowInput, window: Window): void {
  const { job, column, watermark, intervals, upper } = input;
  if (!hasKnownOrder(column)) {
    throw new BeamliftError('PLAN_REFUSED', {
      what: `Intervals of ${column.name} cannot be appended`,
      where: { job: job.name, column: column.name },
      why: `Its order (${column.nativeType ?? column.type.kind}) is the source's own, so nobody can tell whether an interval was loaded before.`,
      hint: 'Leave --start-date and --end-date out, or use `load_type: merge` with `key_columns`.',
    });
  }
  const published: Window[] = [...intervals];
  if (watermark !== null) {
    const end = { value: watermark, inclusive: upper.bound?.inclusive === true };
    published.push({ column: column.name, lower: firstLower(input), upper: end });
  }
  const hit = published.find((interval) => mayOverlap(column, stretchOf(interval), stretchOf(window)));
  if (hit === undefined) return;
  throw new BeamliftError('PLAN_REFUSED', {
    what: `The interval ${describeWindow(window)} overlaps ${describeWindow(hit)}, which is already published`,
    where: { job: job.name, column: column.name },
    why: 'The job appends: loading the interval again would duplicate its rows.',
    hint: 'Choose an interval that was not loaded, use `load_type: merge` with `key_columns`, or load everything anew with --full-refresh.',
  });
}

/** Where the first regular run began at the earliest: at historical_start_date, or at last_sync_value. */
function firstLower({ job, column }: WindowInput): Bound | null {
  if (job.historicalStartDate === undefined) return null;
  const start = cursorText(job.historicalStartDate, column, job.timezone, 'historical_start_date');
  if (job.lastSyncValue === undefined) return { value: start, inclusive: true };
  const seed = cursorText(job.lastSyncValue, column, job.timezone, 'last_sync_value');
  const order = compareEdges(column, { value: seed, after: true }, { value: start, after: false });
  if (order === undefined) return null;
  return order < 0 ? { value: seed, inclusive: false } : { value: start, inclusive: true };
}

function upperNotices(column: Column, upper: UpperBound): string[] {
  const notices: string[] = [];
  if (!upper.commitSafe) notices.push(`The upper end of the window is not commit-safe: ${upper.reason}.`);
  if (upper.nullRows !== null && upper.nullRows > 0) {
    notices.push(
      `About ${upper.nullRows.toLocaleString('en-US')} rows have NULL in ${column.name}: an incremental load never sees them.`,
    );
  }
  return notices;
}

/** `2024-01-01 <= created_at < 2024-02-01`. */
export function describeWindow(window: Window): string {
  const lower = window.lower === null ? '' : `${window.lower.value} ${window.lower.inclusive ? '<=' : '<'} `;
  const upper = window.upper === null ? '' : ` ${window.upper.inclusive ? '<=' : '<'} ${window.upper.value}`;
  return `${lower}${window.column}${upper}`;
}
