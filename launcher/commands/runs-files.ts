import { Option, type Command } from 'commander';
import { BeamliftError } from '../../core/errors';
import type { MakeAction } from '../command';
import { EXIT } from '../exit-code';
import { addFileFlag, type FileFlag } from '../flags/configuration-flags';
import { addExamples } from '../flags/examples';
import { nonEmpty, wholeNumber } from '../flags/flag-values';
import { addJsonFlag, type JsonFlag } from '../flags/output-flags';
import { CommandOutput } from '../output/command-output';
import { renderFiles } from '../output/files-text';
import { FILE_STATUSES, type FileRecord, type FileStatus } from '../runs/file-record';
import type { RunStore } from '../runs/run-store';
import { lookUpRun, withRunStore } from './find-run';

interface FilesFlags extends FileFlag, JsonFlag {
  readonly run?: string;
  readonly status?: FileStatus;
  readonly limit: number;
}

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 10_000_000;

/** `beamlift runs files`. */
export function registerFiles(runs: Command, action: MakeAction, invocation: string): void {
  const command = runs
    .command('files')
    .description('list the files that runs loaded, or could not read; the newest run first')
    .argument('[job]', 'files of one job');
  addFileFlag(command)
    .optionsGroup('Which files:')
    .option('--run <id>', 'of one run: its id, or the beginning of it', nonEmpty)
    .addOption(new Option('--status <status>', 'of one status').choices(FILE_STATUSES))
    .option('--limit <files>', 'at most so many', wholeNumber(1, MAX_LIMIT), DEFAULT_LIMIT);
  addJsonFlag(command, 'print one JSON object for each file');
  addExamples(command, invocation, [
    { says: 'What a job has loaded', line: 'runs files sales' },
    { says: 'Files that could not be read, and why', line: 'runs files sales --status failed' },
    { says: 'All files of one run', line: 'runs files --run 20250301T10 --limit 100000 --json' },
  ]);
  command.action(
    action(async (context, job: string | undefined, flags: FilesFlags) => {
      const output = new CommandOutput(context.host, context.redactor, {});
      const records = await withRunStore(
        context,
        flags,
        output,
        async (store) => await findFiles(store, job, flags),
      );
      if (flags.json === true) for (const record of records) output.writeJson(record);
      else if (records.length === 0) output.say('No run has loaded such files.');
      else output.writeLines(renderFiles(output.redacted(records), output.outPalette));
      return EXIT.ok;
    }),
  );
}

async function findFiles(
  store: RunStore,
  job: string | undefined,
  { run, status, limit }: FilesFlags,
): Promise<FileRecord[]> {
  const found = run === undefined ? undefined : await lookUpRun(store, run);
  if (run !== undefined && found === undefined) {
    throw new BeamliftError('RUN_NOT_FOUND', {
      what: `There is no run ${run}`,
      hint: '`beamlift runs list` shows the runs of the run store.',
    });
  }
  return await store.files({
    limit,
    ...(job === undefined ? {} : { job }),
    ...(status === undefined ? {} : { status }),
    ...(found === undefined ? {} : { runId: found.id }),
  });
}
