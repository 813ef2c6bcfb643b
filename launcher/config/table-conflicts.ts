import type { DestinationModule } from '../../core/loader';
import type { ProblemList } from './configuration-problem';
import { datasetOf, identityFields } from './fingerprint';
import type { JobSpec, JobTemplate } from './job-spec';

/** A table that a catalog job replaces, although another job loads it, too. */
export interface TableConflict {
  readonly job: JobSpec;
  readonly other: JobSpec;
}

/** Jobs that would remove each other's rows: one replaces the table that another one loads. */
export function findTableConflicts(
  jobs: readonly JobSpec[],
  destinations: readonly DestinationModule[],
): TableConflict[] {
  const byTable = new Map<string, JobSpec[]>();
  for (const job of jobs) {
    const key = tableKey(job, destinations);
    const others = byTable.get(key);
    if (others === undefined) byTable.set(key, [job]);
    else others.push(job);
  }
  const conflicts: TableConflict[] = [];
  for (const [first, ...rest] of byTable.values()) {
    if (first === undefined) continue;
    const replacing = [first, ...rest].find((job) => job.loadType === 'catalog');
    if (replacing === undefined) continue;
    for (const job of rest) conflicts.push({ job, other: job === replacing ? first : replacing });
  }
  return conflicts;
}

function tableKey({ destination }: JobSpec, modules: readonly DestinationModule[]): string {
  const module = modules.find(({ type }) => type === destination.type);
  const key = JSON.stringify([
    destination.type,
    identityFields(destination.config),
    [datasetOf(destination), destination.table].map((name) =>
      module?.rules.names.caseInsensitive === true ? name?.toLowerCase() : name,
    ),
  ]);
  return key;
}

/** A problem for each job whose table another one would replace. */
export function reportTableConflicts(
  jobs: readonly (JobSpec | JobTemplate)[],
  destinations: readonly DestinationModule[],
  problems: ProblemList,
): void {
  const specs = jobs.filter((job): job is JobSpec => !('instantiate' in job));
  for (const { job, other } of findTableConflicts(specs, destinations)) {
    const which = job.loadType === 'catalog' ? 'this job replaces' : `job ${other.name} replaces`;
    const too = job.loadType === 'catalog' ? `job ${other.name} loads` : 'this one loads';
    problems.add(
      ['jobs', job.name, 'dest_table_name'],
      `${which} the table ${job.destination.table}, which ${too}, too: choose another table, or another load_type`,
    );
  }
}
