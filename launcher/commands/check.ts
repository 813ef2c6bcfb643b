import { BeamliftError, toBeamliftError } from '../../core/errors';
import type { CheckFinding } from '../../core/extractor';
import { nearestName } from '../../core/nearest-name';
import type { CheckResult } from '../check-configuration';
import type { CommandContext, CommandModule } from '../command';
import type { Configuration, JobSpec } from '../config/job-spec';
import { EXIT } from '../exit-code';
import { addFileFlag, addUrlFlags, type FileFlag, type UrlFlags } from '../flags/configuration-flags';
import { addExamples } from '../flags/examples';
import { addJsonFlag, addOutputFlags, type JsonFlag } from '../flags/output-flags';
import { renderCheck } from '../output/check-text';
import { CommandOutput, type OutputFlags } from '../output/command-output';
import { openSession, type Session } from './session';

interface CheckFlags extends FileFlag, UrlFlags, JsonFlag, OutputFlags {}

/** `beamlift check`: whether connections, destinations and jobs can be used. */
export const checkCommand: CommandModule = {
  register: (command, action, invocation) => {
    command.argument('[names...]', 'names of connections, destinations or jobs (none: all)');
    addFileFlag(command);
    addUrlFlags(command);
    addJsonFlag(command, 'print one JSON object for each thing that was checked');
    addOutputFlags(command);
    addExamples(command, invocation, [
      { says: 'Everything in the configuration', line: 'check' },
      { says: 'One connection', line: 'check shop' },
    ]);
    command.addHelpText(
      'after',
      '\nExit codes: 0 all can be used, 1 something cannot, 2 wrong usage or configuration.',
    );
    command.action(
      action(async (context, names: string[], flags: CheckFlags) => {
        const output = new CommandOutput(context.host, context.redactor, flags);
        const session = await openSession(context, flags, output, { connections: names });
        try {
          const results: CheckResult[] = [];
          for await (const result of checkAll(context, session, names)) {
            results.push(result);
            if (flags.json === true) output.writeJson(result);
            else output.writeLines(renderCheck(result, output.outPalette));
          }
          return results.every((result) => result.ok) ? EXIT.ok : EXIT.failed;
        } finally {
          await session.close();
        }
      }),
    );
  },
};

async function* checkAll(
  { engine, host: { signal } }: CommandContext,
  { configuration, services }: Session,
  names: readonly string[],
): AsyncGenerator<CheckResult> {
  refuseUnknown(configuration, names);
  const broken = new Set<string>();
  const chosen = (name: string): boolean => names.length === 0 || names.includes(name);
  const connections = [...configuration.connections.values()].filter(({ name }) => chosen(name));
  const destinations = [...configuration.destinations.values()].filter(({ name }) => chosen(name));
  for (const connection of connections) {
    const result = await engine.checkConnection(connection, services, signal);
    if (!result.ok) broken.add(connection.name);
    yield result;
  }
  for (const destination of destinations) yield await engine.checkDestination(destination, services, signal);
  if (names.length === 0) yield await engine.checkRunStore(configuration.runStore, services);

  for (const entry of configuration.jobs.filter(({ name }) => chosen(name))) {
    const connection = 'connection' in entry ? entry.connection : entry.source.connectionName;
    if (broken.has(connection)) {
      const detail = `connection ${connection} cannot be used; see above`;
      yield failedJob(entry, { step: 'connection', ok: false, detail });
      continue;
    }
    let jobs: readonly JobSpec[];
    try {
      jobs = await engine.expandJobs(configuration, [entry.name], services);
    } catch (thrown) {
      signal.throwIfAborted();
      const { what, why, hint } = toBeamliftError(thrown);
      const detail = why === undefined ? what : `${what}: ${why}`;
      yield failedJob(entry, { step: 'tables', ok: false, detail, ...(hint === undefined ? {} : { hint }) });
      continue;
    }
    for (const job of jobs) {
      yield await engine.checkJob(job, { ...services, listener: () => undefined });
    }
  }
}

function failedJob(job: Configuration['jobs'][number], finding: CheckFinding): CheckResult {
  const type = 'sourceCategory' in job ? job.sourceCategory : 'database';
  return { kind: 'job', name: job.name, type, ok: false, findings: [finding] };
}

function refuseUnknown(configuration: Configuration, names: readonly string[]): void {
  const known = [
    ...configuration.connections.keys(),
    ...configuration.destinations.keys(),
    ...configuration.jobs.map((job) => job.name),
  ];
  const missing = names.find((name) => !known.includes(name));
  if (missing === undefined) return;
  const near = nearestName(missing, known);
  throw new BeamliftError('USAGE', {
    what: `Nothing in the configuration is called "${missing}"`,
    hint: near === undefined ? `There are: ${known.join(', ')}.` : `Did you mean "${near}"?`,
  });
}
