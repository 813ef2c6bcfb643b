import path from 'node:path';
import { BeamliftError } from '../../core/errors';
import { parseConfiguration } from './configuration-document';
import { findConfigurationFile } from './configuration-file';
import { type ConfigurationProblem, ProblemList, problemsError } from './configuration-problem';
import { ALL_MODULES, connectionRole } from './endpoint-modules';
import { Endpoints } from './job-endpoints';
import type { NamedConnection } from './job-spec';
import type { ConfigurationInput } from './load-configuration';
import { isMapping } from './read-endpoint';
import { defaultRunStore, readRunStore } from './read-run-store';
import { describeRunStore } from '../runs/run-store-spec';
import { connectionUses, type StoredPlace } from './stored-endpoints';

/** What a configuration says about connections. The rest of it may have problems. */
export interface ConnectionOutline extends StoredPlace {
  /** As the user would name the file; undefined: there is none. */
  readonly file: string | undefined;
  /** The run store as a person knows it, without secrets. */
  readonly place: string;
  /** Those of the file without problems. */
  readonly connections: ReadonlyMap<string, NamedConnection>;
  /** Of all in the file. */
  readonly names: readonly string[];
  /** What is wrong with connections of the file. */
  readonly problems: readonly ConfigurationProblem[];
  /** Jobs that name a connection, by its name. */
  readonly uses: ReadonlyMap<string, readonly string[]>;
}

/**
 * Reads the connections and the run store of a configuration and nothing else, so that connections can be stored which jobs of the file
 * name already. Without a file, the run store is where runs without a configuration keep theirs. Throws CONFIG_NOT_FOUND for a file that
 * was named, and CONFIG_INVALID for one that is no YAML or has a wrong `run_store`.
 */
export async function outlineConnections(input: ConfigurationInput): Promise<ConnectionOutline> {
  const { cwd, environment, modules = ALL_MODULES } = input;
  const file = await findConfigurationFile({ file: input.file, cwd, environment }).catch((error: unknown) => {
    const missing = error instanceof BeamliftError && error.code === 'CONFIG_NOT_FOUND';
    if (!missing || input.file !== undefined || environment['BEAMLIFT_CONFIG'] !== undefined) throw error;
    return undefined;
  });
  if (file === undefined) {
    const runStore = defaultRunStore(cwd);
    return {
      file: undefined,
      place: describeRunStore(runStore),
      baseFolder: cwd,
      runStore,
      inlineSecrets: new Map(),
      connections: new Map(),
      names: [],
      problems: [],
      uses: new Map(),
    };
  }
  const { shown, text, fault } = file;
  const invalid = (problems: readonly ConfigurationProblem[]): BeamliftError =>
    problemsError(problems, { file: shown, code: 'CONFIG_INVALID' });
  if (text === undefined) throw invalid([{ file: shown, path: '', text: fault ?? 'cannot be read' }]);
  const document = parseConfiguration(text, shown);
  const { problems, places } = document;
  if (problems.size > 0) throw invalid(problems.located(places));
  const value = isMapping(document.value) ? document.value : {};
  const baseFolder = path.dirname(file.path);
  const inlineSecrets = new Map<string, string>();
  const context = { environment, baseFolder, problems, inlineSecrets };
  const runStore = Object.hasOwn(value, 'run_store')
    ? readRunStore(value['run_store'], context)
    : defaultRunStore(baseFolder);
  if (runStore === undefined) throw invalid(problems.located(places));
  const found = new ProblemList();
  const connections = new Endpoints('connections', connectionRole(modules), { ...context, problems: found });
  connections.read(value['connections']);
  return {
    file: shown,
    place: describeRunStore(runStore),
    baseFolder,
    runStore,
    inlineSecrets,
    connections: connections.byName,
    names: connections.names,
    problems: found.located(places),
    uses: connectionUses(value),
  };
}
