import path from 'node:path';
import { BeamliftError } from '../../core/errors';
import type { CommandContext } from '../command';
import type { Configuration } from '../config/job-spec';
import { storedFinder } from '../connections/find-stored';
import type { FileFlag } from '../flags/configuration-flags';
import type { CommandOutput } from '../output/command-output';
import { shownStatus } from '../runs/shown-status';
import type { RunRecord, RunStore } from '../runs/run-store';

/** Ids shown when a prefix fits several runs. */
const SHOWN_CANDIDATES = 5;

/** Tells the status of a run as a person should read it. */
export function statusTeller({ host }: CommandContext): (record: RunRecord) => string {
  return (record) => shownStatus(record, (identity) => host.isRunning(identity));
}

/** The run with this id, or the only one whose id begins so; undefined: there is none. Throws RUN_NOT_FOUND where there are several. */
export async function lookUpRun(store: RunStore, id: string): Promise<RunRecord | undefined> {
  const exact = await store.get(id);
  if (exact !== undefined) return exact;
  const candidates = await store.list({ idPrefix: id, limit: SHOWN_CANDIDATES + 1 });
  if (candidates.length <= 1) return candidates[0];
  const shown = candidates.slice(0, SHOWN_CANDIDATES).map((record) => record.id);
  const more = candidates.length > shown.length ? ', …' : '';
  throw new BeamliftError('RUN_NOT_FOUND', {
    what: `Several runs begin with ${id}`,
    why: `${shown.join(', ')}${more}`,
    hint: 'Give more of the id.',
  });
}

/** Opens the run store for looking, and closes it after `work`. */
export async function withRunStore<Result>(
  context: CommandContext,
  { file }: FileFlag,
  output: CommandOutput,
  work: (store: RunStore) => Promise<Result>,
): Promise<Result> {
  const { host, engine, redactor } = context;
  const configuration = await locateRunStore(context, file, output);
  const { baseFolder, runStore } = configuration;
  const services = {
    secrets: engine.createSecrets(configuration, host.environment, redactor),
    environment: host.environment,
    log: await output.log(),
    baseFolder,
    signal: host.signal,
  };
  const store = await engine.openRunStore(runStore, services);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** The run store of the configuration; without one, where runs without a configuration keep theirs. */
async function locateRunStore(
  context: CommandContext,
  file: string | undefined,
  output: CommandOutput,
): Promise<Pick<Configuration, 'runStore' | 'baseFolder' | 'inlineSecrets'>> {
  const { engine } = context;
  const { cwd, environment } = context.host;
  const findStored = storedFinder(context, output);
  try {
    return await engine.loadConfiguration({
      cwd,
      environment,
      findStored,
      ...(file === undefined ? {} : { file }),
    });
  } catch (error) {
    const missing = error instanceof BeamliftError && error.code === 'CONFIG_NOT_FOUND';
    if (!missing || file !== undefined || environment['BEAMLIFT_CONFIG'] !== undefined) throw error;
    const runStore = { type: 'sqlite', config: { path: path.join(cwd, '.beamlift', 'runs.db') } } as const;
    return { runStore, baseFolder: cwd, inlineSecrets: new Map() };
  }
}
