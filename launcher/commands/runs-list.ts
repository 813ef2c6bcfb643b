import { Option, type Command } from 'commander';
import type { MakeAction } from '../command';
import { EXIT } from '../exit-code';
import { addFileFlag, type FileFlag } from '../flags/configuration-flags';
import { addExamples } from '../flags/examples';
import { nonEmpty, wholeNumber } from '../flags/flag-values';
import { addJsonFlag, type JsonFlag } from '../flags/output-flags';
import { CommandOutput } from '../output/command-output';
import { adviceForList, type Invocation } from '../output/run-advice';
import { renderRuns } from '../output/runs-text';
import { RUN_STATUSES, type RunStatus } from '../runs/run-store';
import { statusTeller, withRunStore } from './find-run';

interface ListFlags extends FileFlag, JsonFlag {
  readonly job?: string;
  readonly status?: RunStatus;
  readonly limit: number;
}

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100_000;

/** `beamlift runs list`. */
export function registerList(runs: Command, action: MakeAction, invocation: string): void {
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
    { says: 'Runs that a person must look at', line: 'runs list --status needs_attention' },
  ]);
  command.action(
    action(async (context, flags: ListFlags) => {
      const output = new CommandOutput(context.host, context.redactor, {});
      const { job, status, limit } = flags;
      const filter = {
        limit,
        ...(job === undefined ? {} : { job }),
        ...(status === undefined ? {} : { status }),
      };
      const records = await withRunStore(context, flags, output, async (store) => await store.list(filter));
      if (flags.json === true) {
        for (const record of records) output.writeJson(record);
      } else if (records.length === 0) {
        const all = job === undefined && status === undefined;
        output.say(all ? 'There are no runs yet.' : 'No run is like that.');
      } else {
        const shown = output.redacted(records);
        const where: Invocation = { program: invocation, file: flags.file };
        const advice = adviceForList(shown, where);
        output.writeLines(renderRuns(shown, statusTeller(context), output.outPalette));
        if (advice.length > 0) output.writeLines(['', ...advice]);
      }
      return EXIT.ok;
    }),
  );
}
