import type { Command } from 'commander';
import { BeamliftError } from '../../core/errors';
import type { CommandContext, MakeAction } from '../command';
import { EXIT } from '../exit-code';
import { addFileFlag, type FileFlag } from '../flags/configuration-flags';
import { addConnectionFlags, describesConnection, type ConnectionFlags } from '../flags/connection-flags';
import { addExamples } from '../flags/examples';
import { nameList } from '../flags/flag-values';
import { addOutputFlags } from '../flags/output-flags';
import { CommandOutput, type OutputFlags } from '../output/command-output';
import { printableLine } from '../output/printable';
import { withConnections } from './connection-desk';
import { prompterFor, secretsNote, testDraft } from './connections-add';

interface EditFlags extends FileFlag, ConnectionFlags, OutputFlags {
  readonly unset?: readonly string[];
  readonly test?: boolean;
}

/** `beamlift connections edit`. */
export function registerEdit(connections: Command, action: MakeAction, invocation: string): void {
  const command = connections
    .command('edit')
    .description('change a stored connection; what is not given stays, secrets too')
    .argument('<name>', 'the stored connection');
  addFileFlag(command);
  addConnectionFlags(command)
    .option('--unset <fields>', 'remove these fields, with commas between them', nameList)
    .option('--test', 'store it only if it can be used');
  addOutputFlags(command);
  addExamples(command, invocation, [
    { says: 'Ask for everything, with what is stored as the suggestion', line: 'connections edit shop' },
    { says: 'Another server', line: 'connections edit shop --host replica.example.com --test' },
    { says: 'Another password', line: 'connections edit shop --password-stdin < password.txt' },
  ]);
  command.action(action(edit));
}

async function edit(context: CommandContext, name: string, flags: EditFlags): Promise<number> {
  const { host, engine, redactor } = context;
  const { environment } = host;
  const output = new CommandOutput(host, redactor, flags);
  const tools = engine.connectionTools();
  const says = [flags.unset, flags.type].some((flag) => flag !== undefined) || describesConnection(flags);
  const prompter = says ? undefined : prompterFor(context, flags);
  if (!says && prompter === undefined) {
    throw new BeamliftError('USAGE', {
      what: 'Nothing says what to change',
      hint: `For example: ${host.invocation} connections edit ${name} --host db.example.com. On a terminal it is asked for.`,
    });
  }
  return await withConnections(context, flags, output, { create: false }, async (desk) => {
    const existing = await desk.findStored(name);
    const { answers, folder } = await tools.readAnswers(flags, host, redactor);
    const draft = await tools.draftConnection({
      ...{ name, answers, existing, prompter, folder, environment, redactor },
    });
    const wanted = flags.test === true || prompter !== undefined;
    if (wanted && !(await testDraft(draft, desk, context, output, prompter))) return EXIT.failed;
    const keys = new tools.SecretKeys(environment[tools.SECRET_KEY_VARIABLE]);
    const connection = await tools.sealDraft(draft, existing, keys, new Date());
    if (!(await desk.store.put(connection, existing.revision))) throw changedMeanwhile(name);
    output.say(`Changed connection ${printableLine(name)} in ${desk.place}${secretsNote(draft)}.`);
    return EXIT.ok;
  });
}

/** Two commands wrote at the same time, and this one was later. */
export function changedMeanwhile(name: string): BeamliftError {
  return new BeamliftError('CONNECTION_CHANGED', {
    what: `Connection ${name} was changed or deleted by somebody else meanwhile`,
    where: { connection: name },
    hint: `Look at it (beamlift connections show ${name}), and try again.`,
  });
}
