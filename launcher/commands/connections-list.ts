import type { Command } from 'commander';
import type { CommandContext, MakeAction } from '../command';
import { formatProblem } from '../config/configuration-problem';
import { EXIT } from '../exit-code';
import { addFileFlag, type FileFlag } from '../flags/configuration-flags';
import { addExamples } from '../flags/examples';
import { addJsonFlag, addOutputFlags, type JsonFlag } from '../flags/output-flags';
import { CommandOutput, type OutputFlags } from '../output/command-output';
import { renderConnections } from '../output/connections-text';
import { withConnections } from './connection-desk';

interface ListFlags extends FileFlag, JsonFlag, OutputFlags {}

/** `beamlift connections list`. */
export function registerListConnections(connections: Command, action: MakeAction, invocation: string): void {
  const command = connections
    .command('list', { isDefault: true })
    .description('list connections of the configuration and of the run store; secrets are never shown');
  addFileFlag(command);
  addJsonFlag(command, 'print one JSON object for each connection');
  addOutputFlags(command);
  addExamples(command, invocation, [{ says: 'All connections', line: 'connections' }]);
  command.action(action(list));
}

async function list(context: CommandContext, flags: ListFlags): Promise<number> {
  const { host, engine, redactor } = context;
  const output = new CommandOutput(host, redactor, flags);
  return await withConnections(context, flags, output, { create: false }, async ({ outline, store }) => {
    const { viewConnections, keyIdOf } = engine.connectionTools();
    const views = viewConnections(outline, await store.list(), keyIdOf);
    for (const problem of outline.problems) output.say(`Not listed: ${formatProblem(problem)}`);
    if (flags.json === true) {
      for (const view of views) output.writeJson(view);
    } else if (views.length === 0) {
      output.say(`There are no connections yet. Store one: ${host.invocation} connections add NAME`);
    } else {
      output.writeLines(renderConnections(views, outline.file ?? 'the file', output.outPalette));
    }
    return EXIT.ok;
  });
}
