import path from 'node:path';
import { lazyModules } from '../../core/lazy-modules';
import type { Environment } from '../../core/extractor';
import { type ConfigurationFile, findConfigurationFile } from './configuration-file';
import type * as ConfigurationDocument from './configuration-document';
import { type ConfigurationProblem, ProblemList, problemsError } from './configuration-problem';
import { ALL_MODULES, type ConfigurationModules } from './endpoint-modules';
import type { Configuration } from './job-spec';
import { atFlags, describeUrlJob, type UrlJobInput } from './url-job';
import { askStored, type FindStored, UNREADABLE_STORE } from './stored-endpoints';
import { validateConfiguration } from './validate-configuration';

/** The YAML parser is loaded where there is a file: a job that flags describe does without. */
const load = lazyModules(__filename);

export interface ConfigurationInput {
  /** `-f`, relative to `cwd`. */
  readonly file?: string | undefined;
  readonly cwd: string;
  readonly environment: Environment;
  /** Whether a file without jobs is a problem; true by default. Commands that look at connections alone need none. */
  readonly needsJobs?: boolean;
  readonly modules?: ConfigurationModules;
  /** Asks the run store for connections that the file does not have. Absent: there are none but the file's. */
  readonly findStored?: FindStored | undefined;
  /** Names that are looked for in the run store besides those of jobs. */
  readonly alsoConnections?: readonly string[] | undefined;
}

/** A configuration, or everything that is wrong with it. */
export interface ConfigurationCheck {
  /** As the user would name the file. */
  readonly file: string;
  readonly problems: readonly ConfigurationProblem[];
  /** Undefined: there are problems. */
  readonly configuration: Configuration | undefined;
}

/**
 * Finds, reads and checks the configuration file. Throws CONFIG_NOT_FOUND, which says where it looked, and CONFIG_INVALID, whose `why`
 * lists every problem with its file, line and column. Where a job names a connection that the file does not have, and the run store cannot be
 * asked for it, throws RUN_STORE_FAILED.
 */
export async function loadConfiguration(input: ConfigurationInput): Promise<Configuration> {
  const { file, problems, configuration } = await checkConfiguration(input);
  if (configuration === undefined) throw problemsError(problems, { file, code: 'CONFIG_INVALID' });
  return configuration;
}

/** As `loadConfiguration`, but returns the problems. Throws CONFIG_NOT_FOUND. */
export async function checkConfiguration(input: ConfigurationInput): Promise<ConfigurationCheck> {
  const { file, cwd, environment } = input;
  return await checkText(await findConfigurationFile({ file, cwd, environment }), input);
}

/**
 * The configuration of one job that flags describe (`--from`, `--to`, …), checked like a file.
 * Throws USAGE, whose `why` lists every problem with its flag.
 */
export function configurationFromUrls(input: UrlJobInput): Promise<Configuration> {
  return new Promise((resolve) => {
    const { cwd, environment, modules = ALL_MODULES } = input;
    const problems = new ProblemList();
    const value = describeUrlJob(input, modules, problems);
    const configuration =
      value &&
      validateConfiguration({
        value,
        file: undefined,
        baseFolder: cwd,
        environment,
        modules,
        needsJobs: true,
        problems,
      });
    if (configuration === undefined) {
      const located = problems.located({ file: undefined, place: () => undefined });
      throw problemsError(atFlags(located), { file: undefined, code: 'USAGE' });
    }
    resolve(configuration);
  });
}

async function checkText(file: ConfigurationFile, input: ConfigurationInput): Promise<ConfigurationCheck> {
  const { environment, modules = ALL_MODULES, needsJobs = true } = input;
  const { shown } = file;
  if (file.text === undefined) {
    return {
      file: shown,
      problems: [{ file: shown, path: '', text: file.fault ?? 'cannot be read' }],
      configuration: undefined,
    };
  }
  const { parseConfiguration } = load('./configuration-document') as typeof ConfigurationDocument;
  const { value, problems, places } = parseConfiguration(file.text, shown);
  const baseFolder = path.dirname(file.path);
  const { findStored: find, alsoConnections: also = [] } = input;
  const stored =
    find === undefined ? undefined : await askStored({ value, baseFolder, environment }, also, find);
  const configuration =
    value === undefined
      ? undefined
      : validateConfiguration({
          value,
          file: file.path,
          baseFolder,
          environment,
          modules,
          needsJobs,
          stored,
          problems,
        });
  const located = problems.located(places);
  if (
    stored?.failure !== undefined &&
    located.length > 0 &&
    located.every(({ text }) => text === UNREADABLE_STORE)
  ) {
    throw stored.failure;
  }
  return { file: shown, problems: located, configuration };
}
