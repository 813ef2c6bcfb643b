import { formatCounted } from '../core/counted';
import type { Estimate, Runner } from '../core/plan';

/** Bytes of source data that count as large where the number of rows is unknown; about the default threshold of rows of a usual width. */
export const LARGE_BYTES = 512 * 1024 * 1024;

export interface RouteInput {
  readonly estimate: Estimate;
  readonly thresholdRows: number;
  /** The destination is a file of this machine. */
  readonly embedded: boolean;
  /** The configured runner for large jobs. */
  readonly largeRunner: Runner | undefined;
  /** `--runner`; auto decides here. */
  readonly requested: 'auto' | Runner;
}

export interface Route {
  readonly runner: Runner;
  readonly reason: string;
  /** At or over the threshold, whoever runs it. */
  readonly large: boolean;
}

/** Who runs the units of a job, and why, in words for log, report and plan. */
export function chooseRunner(input: RouteInput): Route {
  const { estimate, thresholdRows, embedded, largeRunner, requested } = input;
  const { large, size } = measure(estimate, thresholdRows);
  if (requested !== 'auto')
    return { runner: requested, reason: `${size}; --runner ${requested} was given`, large };
  if (!large) return { runner: 'in-process', reason: size, large };
  if (embedded) {
    return { runner: 'in-process', reason: `${size}, but the destination is a file of this machine`, large };
  }
  if (largeRunner === undefined || largeRunner === 'in-process') {
    return {
      runner: 'in-process',
      reason: `${size}, but no other runner is configured (runners.large)`,
      large,
    };
  }
  return { runner: largeRunner, reason: size, large };
}

function measure(estimate: Estimate, thresholdRows: number): { large: boolean; size: string } {
  const threshold = thresholdRows.toLocaleString('en-US');
  if (estimate.rows !== null) {
    const about = estimate.quality === 'exact' ? '' : 'about ';
    const rows = `${about}${formatCounted(Math.round(estimate.rows), 'row')}`;
    return estimate.rows >= thresholdRows
      ? { large: true, size: `${rows}, at or over the threshold of ${threshold}` }
      : { large: false, size: `${rows}, below the threshold of ${threshold}` };
  }
  if (estimate.bytes === null) return { large: false, size: 'size unknown' };
  const megabytes = Math.ceil(estimate.bytes / (1024 * 1024)).toLocaleString('en-US');
  const large = estimate.bytes >= LARGE_BYTES;
  return { large, size: `rows unknown, ${megabytes} MB ${large ? 'count as large' : 'count as small'}` };
}
