import type { DestinationModule } from '../../core/loader';
import type { ProblemList } from './configuration-problem';
import type { JobSpec, JobTemplate } from './job-spec';

/** A problem for each job whose table cannot have that name. Tables of `source_tables` are looked at when they are known. */
export function reportDestinationNames(
  jobs: readonly (JobSpec | JobTemplate)[],
  destinations: readonly DestinationModule[],
  problems: ProblemList,
): void {
  for (const job of jobs) {
    if ('instantiate' in job) continue;
    const { type, dataset, table } = job.destination;
    const found = destinations
      .find((module) => module.type === type)
      ?.nameProblem?.({ ...(dataset === undefined ? {} : { dataset }), table });
    if (found !== undefined) problems.add(['jobs', job.name, found.key], found.problem);
  }
}
