import { BeamliftError } from '../core/errors';
import type { UpperBound } from '../core/extractor';
import type { Bound, Window } from '../core/plan';
import type { Column } from '../core/schema';
import type { JobSpec } from './config/job-spec';
import { compareCursors, cursorText, shiftCursor } from './cursor';

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
 * and then an exclusive lower one). `--start-date` and `--end-date` never move the watermark.
 * Throws PLAN_REFUSED where rows would be appended twice.
 */
export function decideWindow(input: WindowInput): WindowDecision {
  const { column, upper, startDate, endDate } = input;
  const notices = [...upperNotices(column, upper)];
  if (startDate !== undefined || endDate !== undefined) return decideBackfill(input, notices);

  const { lower, reason, notice } = decideLower(input);
  if (notice !== undefined) notices.push(notice);
  const window: Window = { column: column.name, lower, upper: upper.bound };
  const empty = upper.bound === null || isEmpty(column, lower, upper.bound);
  return {
    window,
    empty,
    nextWatermark: empty ? null : upper.bound.value,
    backfill: false,
    reason,
    notices,
  };
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
  if (input.append && !input.fullRefresh) refuseOverlap(input, window);
  return {
    window,
    empty: upper.bound === null || end === null || isEmpty(column, lower, end),
    nextWatermark: null,
    backfill: input.append && !input.fullRefresh,
    reason: `${startDate ?? 'the beginning'} to ${endDate ?? 'now'} by flag; the watermark stays`,
    notices,
  };
}

/** An append over rows that are already published would duplicate them. */
function refuseOverlap(input: WindowInput, window: Window): void {
  const { job, column, watermark, intervals } = input;
  const start = job.historicalStartDate;
  const published: Window[] = [...intervals];
  if (watermark !== null) {
    const lower =
      start === undefined
        ? null
        : { value: cursorText(start, column, job.timezone, 'historical_start_date'), inclusive: true };
    published.push({ column: column.name, lower, upper: { value: watermark, inclusive: false } });
  }
  const hit = published.find((interval) => overlaps(column, interval, window));
  if (hit === undefined) return;
  throw new BeamliftError('PLAN_REFUSED', {
    what: `The interval ${describeWindow(window)} overlaps ${describeWindow(hit)}, which is already published`,
    where: { job: job.name, column: column.name },
    why: 'The job appends: loading the interval again would duplicate its rows.',
    hint: 'Choose an interval that was not loaded, use `load_type: merge` with `key_columns`, or load everything anew with --full-refresh.',
  });
}

function overlaps(column: Column, a: Window, b: Window): boolean {
  const before = (left: Window, right: Window): boolean => {
    if (left.upper === null || right.lower === null) return false;
    const order = compareCursors(column, left.upper.value, right.lower.value);
    return order < 0 || (order === 0 && !(left.upper.inclusive && right.lower.inclusive));
  };
  return !before(a, b) && !before(b, a);
}

function isEmpty(column: Column, lower: Bound | null, upper: Bound): boolean {
  if (lower === null) return false;
  const order = compareCursors(column, lower.value, upper.value);
  return order > 0 || (order === 0 && !(lower.inclusive && upper.inclusive));
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
