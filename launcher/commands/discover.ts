import { formatCount } from '../../core/counted';
import type { CommandModule } from '../command';
import { EXIT } from '../exit-code';
import { addFileFlag, type FileFlag } from '../flags/configuration-flags';
import { addExamples } from '../flags/examples';
import { addJsonFlag, addOutputFlags, type JsonFlag } from '../flags/output-flags';
import { CommandOutput, type OutputFlags } from '../output/command-output';
import { printableLine } from '../output/printable';
import { formatBytes } from '../output/quantities';
import { renderTable } from '../output/table';
import { withConnections } from './connection-desk';

interface DiscoverFlags extends FileFlag, JsonFlag, OutputFlags {}

/** `beamlift discover`: what a connection could load. */
export const discoverCommand: CommandModule = {
  register: (program, action, invocation) => {
    const command = program
      .command('discover')
      .description('list the tables or files that a connection can load, with rows and sizes')
      .argument('<connection>', 'its name in the configuration or in the run store')
      .argument('[pattern]', 'only what matches, as in "public.*" or "sales/**/*.csv"');
    addFileFlag(command);
    addJsonFlag(command, 'print one JSON object for each table or file');
    addOutputFlags(command);
    addExamples(command, invocation, [
      { says: 'All tables', line: 'discover shop' },
      { says: 'Some files', line: 'discover lake "exports/**/*.parquet"' },
    ]);
    command.action(
      action(async (context, name: string, pattern: string | undefined, flags: DiscoverFlags) => {
        const output = new CommandOutput(context.host, context.redactor, flags);
        return await withConnections(context, flags, output, { create: false }, async (desk) => {
          const connection = await desk.find(name);
          const services = desk.services(connection);
          const { signal } = context.host;
          const objects = await context.engine.discover(connection.named, pattern, services, signal);
          if (flags.json === true) {
            for (const object of objects) output.writeJson(object);
          } else if (objects.length === 0) {
            output.say(
              pattern === undefined
                ? `${name} has nothing to load.`
                : `Nothing in ${name} matches ${pattern}.`,
            );
          } else {
            const rows = objects.map(({ kind, name: objectName, rows: count, bytes }) => [
              printableLine(objectName),
              kind,
              count === null ? 'unknown' : formatCount(count),
              bytes === null ? '' : formatBytes(bytes),
            ]);
            const titles = [
              { title: 'name' },
              { title: 'kind' },
              { title: 'rows', align: 'right' as const },
              { title: 'size', align: 'right' as const },
            ];
            output.writeLines(renderTable(titles, rows, { paintTitle: output.outPalette.faint }));
          }
          return EXIT.ok;
        });
      }),
    );
  },
};
