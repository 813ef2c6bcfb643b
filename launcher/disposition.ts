import { BeamliftError } from '../core/errors';
import type { Disposition } from '../core/plan';
import type { JobSpec } from './config/job-spec';
import type { LaunchOptions } from './launch-options';

/** How the rows of a job become visible. */
export function dispositionOf(job: JobSpec, options: Pick<LaunchOptions, 'fullRefresh'>): Disposition {
  if (job.loadType === 'catalog' || options.fullRefresh) return 'replace';
  return job.loadType === 'merge' ? 'merge' : 'append';
}

/** Refuses flags that the job has no use for. Throws PLAN_REFUSED. */
export function refuseFlags(job: JobSpec, options: LaunchOptions, disposition: Disposition): void {
  const refuse = (what: string, why: string, hint: string): never => {
    throw new BeamliftError('PLAN_REFUSED', { what, why, hint, where: { job: job.name } });
  };
  const dated = options.startDate !== undefined || options.endDate !== undefined;
  if (options.limit !== undefined && disposition === 'replace') {
    refuse(
      '--limit cannot be used with a load that replaces the table',
      'The table would be left with a part of its rows.',
      'Use `beamlift preview` to look at rows, or a job with load_type transactional.',
    );
  }
  if (dated && job.timestampColumn === undefined) {
    refuse(
      '--start-date and --end-date need a job with timestamp_column',
      `Job ${job.name} has none, so there is nothing to compare the dates with.`,
      'Add timestamp_column to the job, or leave the flags out.',
    );
  }
  if (dated && disposition === 'replace') {
    refuse(
      '--start-date and --end-date cannot be used with a load that replaces the table',
      'Rows outside of the interval would be removed.',
      'Leave the flags or --full-refresh out, or use load_type transactional or merge.',
    );
  }
}
