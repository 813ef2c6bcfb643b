import type { Command } from 'commander';
import { formatCounted } from '../../core/counted';
import { BeamliftError } from '../../core/errors';
import type { CommandContext, MakeAction } from '../command';
import { EXIT } from '../exit-code';
import { addFileFlag, type FileFlag } from '../flags/configuration-flags';
import { addExamples } from '../flags/examples';
import { addOutputFlags } from '../flags/output-flags';
import { CommandOutput, type OutputFlags } from '../output/command-output';
import { withConnections } from './connection-desk';
import { changedMeanwhile } from './connections-edit';

interface RotateFlags extends FileFlag, OutputFlags {}

/** `beamlift connections rotate-key`. */
export function registerRotateKey(connections: Command, action: MakeAction, invocation: string): void {
  const command = connections
    .command('rotate-key')
    .description(
      'encrypt stored secrets with the key in BEAMLIFT_SECRET_KEY that were with the one in BEAMLIFT_SECRET_KEY_OLD',
    );
  addFileFlag(command);
  addOutputFlags(command);
  addExamples(command, invocation, [
    { says: 'With both keys in the environment; may be repeated', line: 'connections rotate-key' },
  ]);
  command.action(action(rotate));
}

async function rotate(context: CommandContext, flags: RotateFlags): Promise<number> {
  const { host, engine, redactor } = context;
  const output = new CommandOutput(host, redactor, flags);
  const tools = engine.connectionTools();
  const keysIn = (variable: string) => new tools.SecretKeys(host.environment[variable], variable);
  const keys = { old: keysIn(tools.OLD_SECRET_KEY_VARIABLE), current: keysIn(tools.SECRET_KEY_VARIABLE) };
  keys.current.requireStrong();
  return await withConnections(context, flags, output, { create: false }, async ({ store, place }) => {
    let changed = 0;
    let total = 0;
    const failures: BeamliftError[] = [];
    for (const stored of await store.list()) {
      host.signal.throwIfAborted();
      total += Object.keys(stored.sealed).length;
      try {
        const rotation = await tools.rotateKeys(stored, keys, new Date());
        const { connection } = rotation;
        if (connection !== undefined && !(await store.put(connection, stored.revision))) {
          throw changedMeanwhile(stored.name);
        }
        changed += rotation.changed;
      } catch (error) {
        if (!(error instanceof BeamliftError)) throw error;
        failures.push(error);
      }
    }
    for (const failure of failures) await output.fail(failure);
    output.say(`${formatCounted(changed, 'secret')} of ${total} in ${place} encrypted anew.`);
    return failures.length === 0 ? EXIT.ok : EXIT.failed;
  });
}
