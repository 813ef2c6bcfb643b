import { BeamliftError } from '../core/errors';
import { nearestName } from '../core/nearest-name';
import { DESTINATIONS } from '../loaders';
import type { Configuration, JobSpec, JobTemplate, NamedConnection } from './config/job-spec';
import { findTableConflicts } from './config/table-conflicts';
import type { LaunchServices } from './launch-options';
import { sourceOfType } from './open-job';

/** What expanding needs: discovering tables opens a connection. */
export type ExpandServices = Pick<
  LaunchServices,
  'secrets' | 'environment' | 'log' | 'baseFolder' | 'signal'
>;

/**
 * The jobs that a command line names, in the order of the configuration; no names: all of them. A job over many tables
 * (`source_tables`) becomes one job a table, called `job.table`; such a name can be asked for alone.
 * Throws USAGE for a name that no job has, and what hinders a job from being expanded; with `onFailure` that job is told and left out.
 */
export async function expandJobs(
  configuration: Configuration,
  names: readonly string[],
  services: ExpandServices,
  onFailure?: (job: string, error: unknown) => void,
): Promise<JobSpec[]> {
  const wanted = new Set(names);
  const found = new Set<string>();
  const jobs: JobSpec[] = [];
  for (const job of configuration.jobs) {
    if (!isTemplate(job)) {
      if (wanted.size > 0 && !wanted.has(job.name)) continue;
      found.add(job.name);
      jobs.push(job);
      continue;
    }
    const parts = names.filter((name) => name.startsWith(`${job.name}.`));
    const whole = wanted.size === 0 || wanted.has(job.name);
    if (!whole && parts.length === 0) continue;
    found.add(job.name);
    let tables: JobSpec[];
    try {
      tables = await expandTemplate(job, configuration, services);
    } catch (error) {
      if (onFailure === undefined || services.signal.aborted) throw error;
      onFailure(job.name, error);
      for (const part of parts) found.add(part);
      continue;
    }
    for (const table of tables) {
      if (!whole && !parts.includes(table.name)) continue;
      found.add(table.name);
      jobs.push(table);
    }
  }
  const missing = names.filter((name) => !found.has(name));
  if (missing.length > 0) throw unknownJobs(missing, configuration, jobs);
  refuseConflicts(jobs);
  return jobs;
}

/** The tables of a pattern are known only now: two of different schemas may have one name. */
function refuseConflicts(jobs: readonly JobSpec[]): void {
  const [conflict] = findTableConflicts(jobs, DESTINATIONS);
  if (conflict === undefined) return;
  const { job, other } = conflict;
  throw new BeamliftError('PLAN_REFUSED', {
    what: `The jobs ${job.name} and ${other.name} load the same table, ${job.destination.table}, and one of them replaces it`,
    where: { job: job.name, object: job.destination.table },
    hint: 'Give them tables of their own: `dest_table_name: "{schema}_{table}"` keeps schemas apart.',
  });
}

function isTemplate(job: JobSpec | JobTemplate): job is JobTemplate {
  return 'instantiate' in job;
}

async function expandTemplate(
  template: JobTemplate,
  configuration: Configuration,
  services: ExpandServices,
): Promise<JobSpec[]> {
  const connection = connectionOf(template, configuration);
  const source = sourceOfType(connection.type);
  const tables = new Map<string, JobSpec>();
  for (const pattern of template.sourceTables) {
    const objects = await source.discover(connection.config, services, pattern, services.signal);
    for (const object of objects) {
      const job = template.instantiate(object.schema, object.table);
      tables.set(`${object.schema ?? ''}\0${object.table}`, job);
    }
  }
  if (tables.size === 0) {
    throw new BeamliftError('SOURCE_NOT_FOUND', {
      what: `No table matches ${template.sourceTables.join(', ')}`,
      where: { job: template.name, connection: connection.name },
      hint: `\`beamlift discover ${connection.name}\` lists what is there.`,
    });
  }
  return [...tables.values()];
}

function connectionOf(template: JobTemplate, configuration: Configuration): NamedConnection {
  const connection = configuration.connections.get(template.connection);
  if (connection !== undefined) return connection;
  throw new BeamliftError('INTERNAL', { what: `No connection ${template.connection}` });
}

function unknownJobs(
  missing: readonly string[],
  configuration: Configuration,
  expanded: readonly JobSpec[],
): BeamliftError {
  const known = [...configuration.jobs, ...expanded].map((job) => job.name);
  const [first = ''] = missing;
  const near = nearestName(first, known);
  return new BeamliftError('USAGE', {
    what: `There is no job called ${missing.map((name) => `"${name}"`).join(', ')}`,
    where: configuration.file === undefined ? {} : { object: configuration.file },
    hint: near === undefined ? `The jobs are: ${[...new Set(known)].join(', ')}.` : `Did you mean "${near}"?`,
  });
}
