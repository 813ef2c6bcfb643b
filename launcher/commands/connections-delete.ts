import type { Command } from 'commander';
import { formatCounted } from '../../core/counted';
import { BeamliftError } from '../../core/errors';
import type { CommandContext, MakeAction } from '../command';
import { EXIT } from '../exit-code';
import { addFileFlag, type FileFlag } from '../flags/configuration-flags';
import { addExamples } from '../flags/examples';
import { addOutputFlags } from '../flags/output-flags';
import { terminalPrompter } from '../init/prompter';
import { CommandOutput, type OutputFlags } from '../output/command-output';
import { printableLine } from '../output/printable';
import { withConnections } from './connection-desk';
import { changedMeanwhile } from './connections-edit';

interface DeleteFlags extends FileFlag, OutputFlags {
  readonly force?: boolean;
  readonly yes?: boolean;
}

/** Jobs that a refusal names. */
const SHOWN_JOBS = 5;

/** `beamlift connections delete`. */
export function registerDelete(connections: Command, action: MakeAction, invocation: string): void {
  const command = connections
    .command('delete')
    .description('delete a stored connection with its secrets')
    .argument('<name>', 'the stored connection');
  addFileFlag(command)
    .optionsGroup('How:')
    .option('--force', 'although jobs of the configuration use it')
    .option('-y, --yes', 'do not ask (without a terminal nothing is asked)');
  addOutputFlags(command);
  addExamples(command, invocation, [{ says: 'One connection', line: 'connections delete shop' }]);
  command.action(action(remove));
}

async function remove(context: CommandContext, name: string, flags: DeleteFlags): Promise<number> {
  const { host, redactor } = context;
  const output = new CommandOutput(host, redactor, flags);
  return await withConnections(context, flags, output, { create: false }, async (desk) => {
    const stored = await desk.findStored(name);
    const { outline } = desk;
    // Jobs that name it get the file's where that has one, too.
    const jobs = outline.names.includes(name) ? [] : (outline.uses.get(name) ?? []);
    if (jobs.length > 0 && flags.force !== true) {
      const shown = jobs.slice(0, SHOWN_JOBS).join(', ');
      throw new BeamliftError('USAGE', {
        what: `${formatCounted(jobs.length, 'job')} of ${outline.file ?? 'the configuration'} would be without connection ${name}`,
        why: jobs.length > SHOWN_JOBS ? `${shown}, …` : shown,
        hint: 'Give them another connection first, or add --force.',
      });
    }
    const asks = flags.yes !== true && host.inputIsTerminal && host.err.isTerminal;
    const question = `Delete connection ${printableLine(name)} (${stored.type}) and its secrets?`;
    if (asks && !(await terminalPrompter(host, 'Interrupted; nothing was deleted').confirm(question))) {
      output.say('Nothing was deleted.');
      return EXIT.ok;
    }
    if (!(await desk.store.delete(name, stored.revision))) throw changedMeanwhile(name);
    output.say(`Deleted connection ${printableLine(name)} from ${desk.place}.`);
    return EXIT.ok;
  });
}
