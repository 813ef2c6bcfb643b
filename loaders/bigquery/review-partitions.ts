import { readBound } from '../../core/bound-text';
import { floorDivide, MS_PER_DAY, MS_PER_HOUR } from '../../core/calendar';
import { formatCounted } from '../../core/counted';
import type { RunContext } from '../../core/plan';
import type { Partitioning } from '../../core/schema';
import { MAX_PARTITIONS_PER_JOB, MAX_PARTITIONS_PER_TABLE } from './job-limits';

/**
 * A notice where the window covers more partitions than one job may change. It is no refusal: how many of them have rows is known only when
 * all are staged, and then the commit decides.
 */
export function reviewPartitions({ partitioning, window, columns, disposition }: RunContext): string[] {
  if (partitioning === null || window === null) return [];
  const source = columns.find(({ destination }) => destination === partitioning.column)?.source;
  if (source !== window.column || window.lower === null || window.upper === null) return [];
  const partitions = countPartitions(partitioning, window.lower.value, window.upper.value);
  if (partitions === undefined || partitions <= MAX_PARTITIONS_PER_JOB) return [];
  const covers = `The window covers ${formatCounted(partitions, 'partition')} of the table`;
  const inPieces = 'Load it in pieces with --start-date and --end-date, or choose larger partitions.';
  if (disposition !== 'append') {
    return [
      `${covers}, and one job may change ${MAX_PARTITIONS_PER_JOB}: if more of them have rows, nothing will be published. ${inPieces}`,
    ];
  }
  if (partitions > MAX_PARTITIONS_PER_TABLE) {
    return [
      `${covers}, and a table has at most ${MAX_PARTITIONS_PER_TABLE}: if more of them have rows, nothing will be published. Choose larger partitions.`,
    ];
  }
  return [
    `${covers}, and one job may change ${MAX_PARTITIONS_PER_JOB}: if more of them have rows, these are published from a temporary table by one transaction, which is billed as a query over them.`,
  ];
}

/** Partitions between two bounds; undefined: the bounds are not what the partitions are of. */
function countPartitions(partitioning: Partitioning, lower: string, upper: string): number | undefined {
  if (partitioning.by === 'range') {
    const { start, end, interval } = partitioning;
    const [from, to] = [lower, upper].map((text) => (/^-?\d+$/.test(text) ? Number(text) : undefined));
    if (from === undefined || to === undefined) return undefined;
    const covered = Math.min(to, end) - Math.max(from, start);
    return covered <= 0 ? 0 : Math.ceil(covered / interval) + 1;
  }
  const [from, to] = [lower, upper].map(utcOf);
  if (from === undefined || to === undefined || to < from) return undefined;
  const [first, last] = [new Date(from), new Date(to)];
  const years = last.getUTCFullYear() - first.getUTCFullYear();
  switch (partitioning.by) {
    case 'year':
      return years + 1;
    case 'month':
      return years * 12 + last.getUTCMonth() - first.getUTCMonth() + 1;
    case 'day':
      return Math.floor(to / MS_PER_DAY) - Math.floor(from / MS_PER_DAY) + 1;
    case 'hour':
      return Math.floor(to / MS_PER_HOUR) - Math.floor(from / MS_PER_HOUR) + 1;
  }
}

/** A bound's text in milliseconds since 1970; undefined: it is no instant. */
function utcOf(text: string): number | undefined {
  const micros = readBound(text)?.micros;
  return micros === undefined ? undefined : Number(floorDivide(micros, 1000n));
}
