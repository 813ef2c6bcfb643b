import type { Command } from 'commander';
import type { CommandContext, MakeAction } from '../command';
import { EXIT } from '../exit-code';
import { addFileFlag, type FileFlag } from '../flags/configuration-flags';
import { addExamples } from '../flags/examples';
import { addJsonFlag, addOutputFlags, type JsonFlag } from '../flags/output-flags';
import { CommandOutput, type OutputFlags } from '../output/command-output';
import { renderConnection } from '../output/connections-text';
import { withConnections } from './connection-desk';

interface ShowFlags extends FileFlag, JsonFlag, OutputFlags {}

/** `beamlift connections show`. */
export function registerShowConnection(connections: Command, action: MakeAction, invocation: string): void {
  const command = connections
    .command('show')
    .description('show the fields of one connection; secrets are never shown')
    .argument('<name>', 'a stored connection, or one of the configuration');
  addFileFlag(command);
  addJsonFlag(command, 'print it as one JSON object');
  addOutputFlags(command);
  addExamples(command, invocation, [{ says: 'One connection', line: 'connections show shop' }]);
  command.action(action(show));
}

async function show(context: CommandContext, name: string, flags: ShowFlags): Promise<number> {
  const { host, engine, redactor } = context;
  const output = new CommandOutput(host, redactor, flags);
  return await withConnections(context, flags, output, { create: false }, async (desk) => {
    const { outline } = desk;
    const stored = outline.names.includes(name) ? [] : [await desk.findStored(name)];
    // Throws what is wrong with one of the file.
    if (stored.length === 0) await desk.find(name);
    const { viewConnections, keyIdOf } = engine.connectionTools();
    const views = viewConnections(outline, stored, keyIdOf);
    const view = views.find((one) => one.name === name);
    if (view === undefined) return EXIT.failed;
    if (flags.json === true) output.writeJson(view);
    else output.writeLines(renderConnection(view, outline.file ?? 'the file'));
    return EXIT.ok;
  });
}
