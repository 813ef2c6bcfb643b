import { formatCounted } from '../../core/counted';
import { BeamliftError } from '../../core/errors';
import type { RunContext } from '../../core/plan';
import {
  MAX_PARTITIONS_PER_JOB,
  MAX_PARTITIONS_PER_TABLE,
  MAX_TABLES_PER_COPY_JOB,
  MAX_TABLES_PER_QUERY,
} from './job-limits';
import { orderedPartitions } from './partition-windows';

/** Rows of an append for more partitions than one statement may change. */
export function isByWindows(
  { disposition, keyColumns }: RunContext,
  partitions: ReadonlySet<string>,
): boolean {
  return disposition === 'append' && keyColumns.length === 0 && partitions.size > MAX_PARTITIONS_PER_JOB;
}

/** A load job fails for it only after it has read everything, and only where it does not go through tables. */
export function refuseTooManyPartitions(context: RunContext, partitions: ReadonlySet<string>): void {
  if (partitions.size <= MAX_PARTITIONS_PER_JOB) return;
  if (isByWindows(context, partitions)) {
    const own = orderedPartitions(partitions).length;
    if (own <= MAX_PARTITIONS_PER_TABLE) return;
    throw refused(context, {
      what: `The rows go to ${formatCounted(own, 'partition')} of the table, or more`,
      why: `A table of BigQuery has at most ${MAX_PARTITIONS_PER_TABLE} of them.`,
      hint: 'Let the table have larger partitions (`partition_by`: month or year), or none.',
    });
  }
  throw refused(context, {
    what: `The rows go to ${formatCounted(partitions.size, 'partition')} of the table`,
    why: `One job of BigQuery changes at most ${MAX_PARTITIONS_PER_JOB} of them, and rows are published by one job.`,
    hint: 'Load the past in windows of time (`--start-date`, `--end-date`), or let a created table have larger partitions (`partition_by`: month or year).',
  });
}

export function refuseTooManyTables(context: RunContext, tables: number, isQuery: boolean): void {
  const most = isQuery ? MAX_TABLES_PER_QUERY - 1 : MAX_TABLES_PER_COPY_JOB;
  if (tables <= most) return;
  throw refused(context, {
    what: `The staged files need ${tables} load jobs`,
    why: `Rows of at most ${most} of them can be published at once.`,
    hint: 'Load the past in windows of time (`--start-date`, `--end-date`).',
  });
}

/** Of a commit that cannot be: `hint` says how it could. */
export function refused(
  context: RunContext,
  said: { what: string; why: string; hint: string },
): BeamliftError {
  return new BeamliftError('DESTINATION_FAILED', {
    ...said,
    where: { job: context.job },
    hint: `${said.hint} Nothing was sent, the table is as it was.`,
  });
}
