import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Option } from 'commander';
import { BeamliftError, systemCode } from '../../core/errors';
import type { CommandContext, CommandModule } from '../command';
import { EXIT } from '../exit-code';
import { addFileFlag, type FileFlag } from '../flags/configuration-flags';
import { addExamples } from '../flags/examples';
import { nameList, nonEmpty } from '../flags/flag-values';
import { addOutputFlags } from '../flags/output-flags';
import type { InitAnswers } from '../init/interview';
import { silentPrompter, terminalPrompter } from '../init/prompter';
import { CommandOutput, type OutputFlags } from '../output/command-output';
import { quoteArgument } from '../invocation';

interface InitFlags extends FileFlag, OutputFlags, InitAnswers {
  readonly yes?: boolean;
}

/** `beamlift init`: asks, looks, and writes the configuration of a job. */
export const initCommand: CommandModule = {
  register: (command, action, invocation) => {
    addFileFlag(command);
    command
      .optionsGroup('Answers (what is not given is asked):')
      .option('--from <url>', 'the source: postgresql://user@host/database, or a folder', nonEmpty)
      .option('--table <name>', 'the table or view, as in public.orders', nonEmpty)
      .option('--files <pattern>', 'or the files, as in "sales/**/*.csv"', nonEmpty)
      .option(
        '--to <url>',
        'the destination: duckdb:warehouse.duckdb, or bigquery://project/dataset?staging=gs://…',
        nonEmpty,
      )
      .addOption(
        new Option('--load-type <type>', 'how rows get in').choices(['transactional', 'catalog', 'merge']),
      )
      .option('--timestamp-column <name>', 'says which rows are new', nonEmpty)
      .option('--key-columns <names>', 'key of a merge, with commas between the names', nameList)
      .option('--columns <names>', 'load only these, with commas between the names', nameList)
      .option('--name <job>', 'what the job is called (without it: after the table or file)', nonEmpty)
      .option('-y, --yes', 'ask nothing, write without showing rows first');
    addOutputFlags(command);
    addExamples(command, invocation, [
      { says: 'Ask for everything', line: 'init' },
      {
        says: 'Ask for nothing',
        line: 'init --yes --from ./data --files "sales/*.csv" --to duckdb:warehouse.duckdb --load-type catalog',
      },
    ]);
    command.action(action(init));
  },
};

async function init(context: CommandContext, flags: InitFlags): Promise<number> {
  const { host, engine, redactor } = context;
  const output = new CommandOutput(host, redactor, flags);
  const file = path.resolve(host.cwd, flags.file ?? 'beamlift.yaml');
  const existing = await readIfThere(file);
  const asks = host.inputIsTerminal && host.err.isTerminal && flags.yes !== true;
  const prompter = asks ? terminalPrompter(host) : silentPrompter();
  const draft = await engine.draftJob({
    answers: flags,
    prompter,
    host,
    engine,
    redactor,
    output,
    existing,
    showRows: asks,
  });

  output.writeLines(['', draft.text.trimEnd(), '']);
  if (!(await prompter.confirm(`Write ${path.relative(host.cwd, file) || file}?`))) {
    output.say('Nothing was written.');
    return EXIT.ok;
  }
  await writeFile(file, draft.text, { flag: existing === undefined ? 'wx' : 'w' });
  const fileFlag = flags.file === undefined ? '' : ` -f ${quoteArgument(flags.file)}`;
  for (const variable of draft.secretVariables) {
    output.say(`The secret is not in the file: set ${variable} before you run it.`);
  }
  output.writeLines([`Next: ${host.invocation} plan ${quoteArgument(draft.jobName)}${fileFlag}`]);
  return EXIT.ok;
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined;
    throw new BeamliftError('CONFIG_NOT_FOUND', { what: `${file} cannot be read`, cause });
  }
}
