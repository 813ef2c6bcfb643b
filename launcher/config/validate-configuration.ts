import type { Environment } from '../../core/extractor';
import { buildJob } from './build-job';
import type { Path, ProblemList } from './configuration-problem';
import { type ConfigurationModules, connectionRole, destinationRole } from './endpoint-modules';
import { FILE_KEYS, NAME, NAME_RULE } from './file-schema';
import { Endpoints, JobEndpoints } from './job-endpoints';
import { checkDestinationKeys } from './destination-keys';
import { checkJob, type JobDraft } from './job-rules';
import { JOB_KEYS } from './job-schema';
import type { Configuration, JobSpec, JobTemplate } from './job-spec';
import { mergeDefaults } from './merge-defaults';
import { reportDestinationNames } from './destination-names';
import { type EndpointContext, isMapping } from './read-endpoint';
import { NO_KEYS, type ReadKeys, readJobKeys } from './read-job-keys';
import { defaultRunStore, readRunStore } from './read-run-store';
import { NO_RUNNERS, readRunners } from './read-runners';
import type { StoredLookup } from './stored-endpoints';
import { typeText, unknownKeyText } from './schema-problems';
import { reportTableConflicts } from './table-conflicts';

export interface ValidationInput {
  /** As parsed: mappings are objects whose own keys count, `__proto__` included. */
  readonly value: unknown;
  readonly file: string | undefined;
  readonly baseFolder: string;
  readonly environment: Environment;
  readonly modules: ConfigurationModules;
  /** Whether a configuration without jobs is a problem. */
  readonly needsJobs: boolean;
  /** What the run store was asked for; absent: it was not. */
  readonly stored?: StoredLookup | undefined;
  readonly problems: ProblemList;
}

/** Checks a whole configuration and finds every problem. Undefined: there are some. */
export function validateConfiguration(input: ValidationInput): Configuration | undefined {
  const { value, file, baseFolder, modules, problems } = input;
  if (!isMapping(value)) {
    problems.add(
      [],
      value === null ? 'the file is empty; `beamlift init` writes one' : typeText('object', value),
    );
    return undefined;
  }
  checkTopKeys(value, problems);
  const inlineSecrets = new Map<string, string>();
  const warnings: string[] = [];
  const { environment } = input;
  const context: EndpointContext = { environment, baseFolder, problems, inlineSecrets };
  const connections = new Endpoints('connections', connectionRole(modules), context);
  const destinations = new Endpoints('destinations', destinationRole(modules), context);
  connections.read(value['connections']);
  destinations.read(value['destinations']);
  const sealedSecrets = new Map<string, string>();
  if (input.stored !== undefined) connections.readStored(input.stored, sealedSecrets);
  const endpoints = new JobEndpoints(connections, destinations, modules, context);
  const jobs = readJobs(value, endpoints, input, warnings);
  const runners = Object.hasOwn(value, 'runners') ? readRunners(value['runners'], context) : NO_RUNNERS;
  const runStore = Object.hasOwn(value, 'run_store')
    ? readRunStore(value['run_store'], context)
    : defaultRunStore(baseFolder);
  if (problems.size > 0 || runStore === undefined || runners === undefined) return undefined;
  return {
    file,
    baseFolder,
    connections: connections.byName,
    destinations: destinations.byName,
    jobs,
    runners,
    runStore,
    inlineSecrets,
    sealedSecrets,
    warnings,
  };
}

function checkTopKeys(value: Readonly<Record<string, unknown>>, problems: ProblemList): void {
  const known = Object.keys(FILE_KEYS);
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const ofJobs = (JOB_KEYS as readonly string[]).includes(key);
    problems.add([key], ofJobs ? 'belongs to a job, or into defaults' : unknownKeyText(key, known));
  }
}

function readJobs(
  file: Readonly<Record<string, unknown>>,
  endpoints: JobEndpoints,
  { problems, needsJobs, modules }: ValidationInput,
  warnings: string[],
): (JobSpec | JobTemplate)[] {
  const defaults = Object.hasOwn(file, 'defaults')
    ? readJobKeys(file['defaults'], ['defaults'], problems)
    : NO_KEYS;
  const value = file['jobs'] ?? {};
  if (!isMapping(value)) {
    problems.add(['jobs'], typeText('object', value));
    return [];
  }
  const entries = Object.entries(value);
  if (entries.length === 0 && needsJobs)
    problems.add(['jobs'], 'there is no job; `beamlift init` writes one');
  const jobs: (JobSpec | JobTemplate)[] = [];
  for (const [name, raw] of entries) {
    const place = ['jobs', name];
    if (!NAME.test(name)) {
      problems.add(place, NAME_RULE);
      continue;
    }
    const job = readJob({ name, raw, path: place }, defaults, endpoints, problems, warnings);
    if (job !== undefined) jobs.push(job);
  }
  reportTableConflicts(jobs, modules.destinations, problems);
  reportDestinationNames(jobs, modules.destinations, problems);
  return jobs;
}

function readJob(
  { name, raw, path: place }: { readonly name: string; readonly raw: unknown; readonly path: Path },
  defaults: ReadKeys,
  endpoints: JobEndpoints,
  problems: ProblemList,
  warnings: string[],
): JobSpec | JobTemplate | undefined {
  const before = problems.size;
  const read = readJobKeys(raw, place, problems);
  if (!isMapping(raw)) return undefined;
  const { own } = read;
  const broken = new Set([...read.broken, ...[...defaults.broken].filter((key) => !own.has(key))]);
  // The category decides which defaults hold, and the connection may be one of them.
  const keysOfAny = mergeDefaults(defaults.keys, read.keys, undefined);
  const { connection, source } = endpoints.findSource({
    name,
    path: place,
    keys: keysOfAny,
    own,
    broken,
    category: undefined,
  });
  const keys = mergeDefaults(defaults.keys, read.keys, source?.category);
  const draft: JobDraft = { name, path: place, keys, own, broken, category: source?.category };
  checkJob(draft, problems, warnings);
  const destination = endpoints.findDestination(draft);
  if (destination !== undefined) {
    checkDestinationKeys(draft, destination.destinationModule, endpoints.destinationKinds, problems);
  }
  if (problems.size > before || defaults.broken.size > 0) return undefined;
  if (connection === undefined || source === undefined || destination === undefined) return undefined;
  return buildJob({ name, keys, connection, source, ...destination });
}
