import path from 'node:path';
import { Option, type Command } from 'commander';
import { BeamliftError } from '../../core/errors';
import type { CommandContext, CommandModule, MakeAction } from '../command';
import { EXIT } from '../exit-code';
import { addFileFlag, type FileFlag } from '../flags/configuration-flags';
import { addExamples } from '../flags/examples';
import { nonEmpty, wholeNumber } from '../flags/flag-values';
import { addJsonFlag, type JsonFlag } from '../flags/output-flags';
import { CommandOutput } from '../output/command-output';
import { renderRun, renderRuns } from '../output/runs-text';
import { shownStatus } from '../runs/shown-status';
import { RUN_STATUSES, type RunRecord, type RunStatus, type RunStore } from '../runs/run-store';

interface ListFlags extends FileFlag, JsonFlag {
  readonly job?: string;
  readonly status?: RunStatus;
  readonly limit: number;
}
interface ShowFlags extends FileFlag, JsonFlag {}

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100_000;

/** Ids shown when a prefix fits several runs. */
const SHOWN_CANDIDATES = 5;

/** `beamlift runs`: the history of runs. */
export const runsCommand: CommandModule = {
  register: (program, action, invocation) => {
    const runs = program.command('runs').description('the history of runs: list (without a word), show');
    registerList(runs, action, invocation);
    registerShow(runs, action, invocation);
  },
};

function registerList(runs: Command, action: MakeAction, invocation: string): void {
  const command = runs.command('list', { isDefault: true }).description('list runs, the newest first');
  addFileFlag(command)
    .optionsGroup('Which runs:')
    .option('--job <name>', 'of one job', nonEmpty)
    .addOption(new Option('--status <status>', 'of one status').choices(RUN_STATUSES))
    .option('--limit <runs>', 'at most so many', wholeNumber(1, MAX_LIMIT), DEFAULT_LIMIT);
  addJsonFlag(command, 'print one JSON object for each run');
  addExamples(command, invocation, [
    { says: 'The last runs', line: 'runs' },
    { says: 'Failures of one job', line: 'runs list --job orders --status failure' },
  ]);
  command.action(
    action(async (context, flags: ListFlags) => {
      const output = new CommandOutput(context.host, context.redactor, {});
      const { job, status, limit } = flags;
      const records = await withRunStore(
        context,
        flags,
        async (store) =>
          await store.list({
            limit,
            ...(job === undefined ? {} : { job }),
            ...(status === undefined ? {} : { status }),
          }),
      );
      if (flags.json === true) {
        for (const record of records) output.writeJson(record);
      } else if (records.length === 0) {
        output.say(
          job === undefined && status === undefined ? 'There are no runs yet.' : 'No run is like that.',
        );
      } else {
        output.writeLines(renderRuns(output.redacted(records), statusTeller(context), output.outPalette));
      }
      return EXIT.ok;
    }),
  );
}

function registerShow(runs: Command, action: MakeAction, invocation: string): void {
  const command = runs
    .command('show')
    .description('show one run: counts, losses, rejects, error')
    .argument('<id>', 'its id, or the beginning of it');
  addFileFlag(command);
  addJsonFlag(command, 'print the record of the run as one JSON object');
  addExamples(command, invocation, [
    { says: 'A run by the beginning of its id', line: 'runs show 20250301T10' },
  ]);
  command.action(
    action(async (context, id: string, flags: ShowFlags) => {
      const output = new CommandOutput(context.host, context.redactor, {});
      const record = await withRunStore(context, flags, async (store) => await findRun(store, id));
      if (flags.json === true) output.writeJson(record);
      else output.writeLines(renderRun(output.redacted(record), statusTeller(context), output.outPalette));
      return EXIT.ok;
    }),
  );
}

function statusTeller({ host }: CommandContext): (record: RunRecord) => string {
  return (record) => shownStatus(record, (identity) => host.isRunning(identity));
}

/** The run with this id, or the only one whose id begins so. Throws RUN_NOT_FOUND. */
async function findRun(store: RunStore, id: string): Promise<RunRecord> {
  const exact = await store.get(id);
  if (exact !== undefined) return exact;
  const candidates = await store.list({ idPrefix: id, limit: SHOWN_CANDIDATES + 1 });
  const [only] = candidates;
  if (only !== undefined && candidates.length === 1) return only;
  if (only === undefined) {
    throw new BeamliftError('RUN_NOT_FOUND', {
      what: `There is no run ${id}`,
      hint: '`beamlift runs list` shows the runs of the run store.',
    });
  }
  const shown = candidates.slice(0, SHOWN_CANDIDATES).map((record) => record.id);
  const more = candidates.length > shown.length ? ', …' : '';
  throw new BeamliftError('RUN_NOT_FOUND', {
    what: `Several runs begin with ${id}`,
    why: `${shown.join(', ')}${more}`,
    hint: 'Give more of the id.',
  });
}

async function withRunStore<Result>(
  { host, engine }: CommandContext,
  { file }: FileFlag,
  work: (store: RunStore) => Promise<Result>,
): Promise<Result> {
  const store = await engine.openRunStore(await locateRunStore({ host, engine }, file));
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** The run store of the configuration; without one, where runs without a configuration keep theirs. */
async function locateRunStore(
  { host: { cwd, environment }, engine }: Pick<CommandContext, 'host' | 'engine'>,
  file: string | undefined,
): Promise<string> {
  try {
    const request = { cwd, environment, ...(file === undefined ? {} : { file }) };
    return (await engine.loadConfiguration(request)).runStore;
  } catch (error) {
    const missing = error instanceof BeamliftError && error.code === 'CONFIG_NOT_FOUND';
    if (!missing || file !== undefined || environment['BEAMLIFT_CONFIG'] !== undefined) throw error;
    return `sqlite:${path.join(cwd, '.beamlift', 'runs.db')}`;
  }
}
