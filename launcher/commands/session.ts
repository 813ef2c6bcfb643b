import type { Configuration } from '../config/job-spec';
import type { CommandContext } from '../command';
import { storedFinder } from '../connections/find-stored';
import { configuredRunners } from '../configured-runners';
import { terminalPrompter } from '../init/prompter';
import { neverAborts } from '../../core/never-aborts';
import type { Host } from '../host';
import { selectConfiguration, type FileFlag, type UrlFlags } from '../flags/configuration-flags';
import type { LaunchServices } from '../launch-options';
import type { CommandOutput } from '../output/command-output';
import type { RunStore } from '../runs/run-store';
import { MemoryRunStore } from '../runs/memory-run-store';

/** A configuration with what working with it needs. */
export interface Session {
  readonly configuration: Configuration;
  /** Complete but for the listener and the log of a single run. */
  readonly services: Omit<LaunchServices, 'listener'>;
  /** Closes the run store. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Reads the configuration, tells its warnings, and makes the services of commands that work with connections.
 * `connections`: names that may be stored ones. `history`: open the run store for runs that are about to be made; else there is none.
 */
export async function openSession(
  context: CommandContext,
  flags: FileFlag & UrlFlags,
  output: CommandOutput,
  {
    jobs = [],
    history = false,
    connections = [],
  }: { jobs?: readonly string[]; history?: boolean; connections?: readonly string[] } = {},
): Promise<Session> {
  const { host, engine, redactor } = context;
  const configuration = await selectConfiguration(flags, jobs, host, engine, {
    findStored: storedFinder(context, output),
    alsoConnections: connections,
  });
  const secrets = engine.createSecrets(configuration, host.environment, redactor);
  const log = await output.log();
  for (const warning of configuration.warnings) log.warn('config.warning', { message: warning });
  const { baseFolder, runStore: spec, inlineSecrets, sealedSecrets } = configuration;
  const common = { secrets, environment: host.environment, log, baseFolder, signal: host.signal };
  const asks = host.inputIsTerminal && host.err.isTerminal;
  const runStore: RunStore = history
    ? await engine.openRunStoreForRuns(spec, common, host.identity, output.redact)
    : new MemoryRunStore();
  return {
    configuration,
    services: {
      ...common,
      threadSecrets: { inlineSecrets, sealedSecrets },
      runStore,
      thresholdRows: configuration.runners.thresholdRows,
      largeRunner: configuration.runners.large,
      runners: configuredRunners(configuration),
      ...(asks ? { askToLeave: askOnTerminal(host) } : {}),
    },
    close: async () => await runStore.close(),
  };
}

/** A question that is asked because the command was interrupted; nobody answers: no. */
function askOnTerminal(host: Host): (question: string) => Promise<boolean> {
  const prompter = terminalPrompter({ ...host, signal: neverAborts() });
  return async (question) => await prompter.confirm(question).catch(() => false);
}
