import type { Command } from 'commander';
import type { CommandContext, MakeAction } from '../command';
import { EXIT } from '../exit-code';
import { addFileFlag, type FileFlag } from '../flags/configuration-flags';
import { addExamples } from '../flags/examples';
import { addJsonFlag, addOutputFlags, type JsonFlag } from '../flags/output-flags';
import { CommandOutput, type OutputFlags } from '../output/command-output';
import { printableLine } from '../output/printable';
import { summariseCheck, withConnections } from './connection-desk';

interface TestFlags extends FileFlag, JsonFlag, OutputFlags {}

/** `beamlift connections test`. */
export function registerTest(connections: Command, action: MakeAction, invocation: string): void {
  const command = connections
    .command('test')
    .description('try one connection, and say in one line what fails: DNS, TLS, login, rights, bucket, …')
    .argument('<name>', 'a stored connection, or one of the configuration');
  addFileFlag(command);
  addJsonFlag(command, 'print every step as one JSON object');
  addOutputFlags(command);
  addExamples(command, invocation, [{ says: 'One connection', line: 'connections test shop' }]);
  command.addHelpText(
    'after',
    '\nExit codes: 0 it can be used, 1 it cannot, 2 wrong usage or configuration.',
  );
  command.action(action(test));
}

async function test(context: CommandContext, name: string, flags: TestFlags): Promise<number> {
  const { host, engine, redactor } = context;
  const output = new CommandOutput(host, redactor, flags);
  return await withConnections(context, flags, output, { create: false }, async (desk) => {
    const connection = await desk.find(name);
    const result = await engine.checkConnection(connection.named, desk.services(connection), host.signal);
    if (flags.json === true) {
      output.writeJson(result);
    } else {
      const { line, hint } = summariseCheck(output.redacted(result));
      const mark = result.ok ? output.outPalette.good('ok') : output.outPalette.bad('failed');
      output.writeLines([
        `${mark}  ${printableLine(name)} (${result.type}): ${printableLine(line)}`,
        ...(hint === undefined ? [] : [`    → ${printableLine(hint)}`]),
      ]);
    }
    return result.ok ? EXIT.ok : EXIT.failed;
  });
}
