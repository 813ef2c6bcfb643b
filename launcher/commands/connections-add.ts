import type { Command } from 'commander';
import { BeamliftError } from '../../core/errors';
import type { CommandContext, MakeAction } from '../command';
import type { ConnectionDraft } from '../connections/draft-connection';
import { EXIT } from '../exit-code';
import { addFileFlag, type FileFlag } from '../flags/configuration-flags';
import { addConnectionFlags, describesConnection, type ConnectionFlags } from '../flags/connection-flags';
import { addExamples } from '../flags/examples';
import { addOutputFlags } from '../flags/output-flags';
import { quoteArgument } from '../invocation';
import { terminalPrompter, type Prompter } from '../init/prompter';
import { CommandOutput, type OutputFlags } from '../output/command-output';
import { printableLine } from '../output/printable';
import { summariseCheck, withConnections, type ConnectionDesk } from './connection-desk';

interface AddFlags extends FileFlag, ConnectionFlags, OutputFlags {
  readonly test?: boolean;
}

/** `beamlift connections add`. */
export function registerAdd(connections: Command, action: MakeAction, invocation: string): void {
  const command = connections
    .command('add')
    .description('store a connection; secrets are kept as references, or encrypted with BEAMLIFT_SECRET_KEY')
    .argument('<name>', 'what jobs call it');
  addFileFlag(command);
  addConnectionFlags(command).option('--test', 'store it only if it can be used');
  addOutputFlags(command);
  addExamples(command, invocation, [
    { says: 'Ask for everything', line: 'connections add shop' },
    {
      says: 'The password in an environment variable',
      line: `connections add shop --url 'postgresql://etl:\${env:SHOP_PASSWORD}@db.example.com/shop'`,
    },
    {
      says: 'The password encrypted in the run store',
      line: 'connections add shop --type postgresql --host db.example.com --database shop --user etl --password-stdin < password.txt',
    },
  ]);
  command.action(action(add));
}

async function add(context: CommandContext, name: string, flags: AddFlags): Promise<number> {
  const { host, engine, redactor } = context;
  const output = new CommandOutput(host, redactor, flags);
  const prompter = prompterFor(context, flags);
  const tools = engine.connectionTools();
  return await withConnections(context, flags, output, { create: true }, async (desk) => {
    const { outline, store, place } = desk;
    if (outline.names.includes(name)) {
      throw new BeamliftError('USAGE', {
        what: `${outline.file ?? 'The configuration'} has a connection called ${name} already`,
        why: 'Its own connections come before those of the run store, so this one would never be used by it.',
        hint: 'Give this one another name, or remove that one from the file.',
      });
    }
    if ((await store.get(name)) !== undefined) throw exists(name, context);
    const { answers, folder } = await tools.readAnswers(flags, host, redactor);
    const { environment } = host;
    const draft = await tools.draftConnection({
      ...{ name, answers, prompter, folder, environment, redactor },
      existing: undefined,
    });
    const wanted = flags.test === true || prompter !== undefined;
    if (wanted && !(await testDraft(draft, desk, context, output, prompter))) return EXIT.failed;
    const keys = new tools.SecretKeys(environment[tools.SECRET_KEY_VARIABLE]);
    const connection = await tools.sealDraft(draft, undefined, keys, new Date());
    if (!(await store.put(connection, undefined))) throw exists(name, context);
    output.say(`Stored connection ${printableLine(name)} (${draft.type}) in ${place}${secretsNote(draft)}.`);
    const fileFlag = flags.file === undefined ? '' : ` -f ${quoteArgument(flags.file)}`;
    if (!wanted) output.say(`Next: ${host.invocation} connections test ${quoteArgument(name)}${fileFlag}`);
    return EXIT.ok;
  });
}

/** Who asks; undefined: the flags say what there is, or nobody is there. */
export function prompterFor({ host }: CommandContext, flags: ConnectionFlags): Prompter | undefined {
  if (describesConnection(flags) || !host.inputIsTerminal || !host.err.isTerminal) return undefined;
  return terminalPrompter(host, 'Interrupted; nothing was stored');
}

/** Tries a connection before it is stored. False: it cannot be used, and shall not be stored. */
export async function testDraft(
  { name, type, read }: ConnectionDraft,
  desk: ConnectionDesk,
  { host, engine }: CommandContext,
  output: CommandOutput,
  prompter: Prompter | undefined,
): Promise<boolean> {
  const result = await engine.checkConnection(read.named, desk.services(read), host.signal);
  const { line, hint } = summariseCheck(result);
  const mark = result.ok ? output.palette.good('ok') : output.palette.bad('failed');
  output.say(`${mark}  ${printableLine(name)} (${type}): ${printableLine(line)}`);
  if (hint !== undefined) output.say(`    → ${printableLine(hint)}`);
  if (result.ok) return true;
  if (prompter !== undefined && (await prompter.confirm('Store it all the same?'))) return true;
  output.say('Nothing was stored.');
  return false;
}

/** What became of secrets. */
export function secretsNote({ secrets, kept }: Pick<ConnectionDraft, 'secrets' | 'kept'>): string {
  const fresh = [...secrets.keys()];
  const notes = [
    ...(fresh.length === 0 ? [] : [`${fresh.join(', ')} encrypted`]),
    ...(kept.size === 0 ? [] : [`${[...kept.keys()].join(', ')} as before`]),
  ];
  return notes.length === 0 ? '' : `; ${notes.join(', ')}`;
}

function exists(name: string, { host }: CommandContext): BeamliftError {
  return new BeamliftError('USAGE', {
    what: `There is a stored connection called ${name} already`,
    hint: `Change it: ${host.invocation} connections edit ${name}`,
  });
}
