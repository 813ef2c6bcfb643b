import { formatCount } from '../../core/counted';
import { BeamliftError } from '../../core/errors';
import { nearestName } from '../../core/nearest-name';
import type { CommandModule } from '../command';
import type { Configuration, NamedConnection } from '../config/job-spec';
import { EXIT } from '../exit-code';
import { addFileFlag, type FileFlag } from '../flags/configuration-flags';
import { addExamples } from '../flags/examples';
import { addJsonFlag, addOutputFlags, type JsonFlag } from '../flags/output-flags';
import { CommandOutput, type OutputFlags } from '../output/command-output';
import { printableLine } from '../output/printable';
import { formatBytes } from '../output/quantities';
import { renderTable } from '../output/table';
import { openSession } from './session';

interface DiscoverFlags extends FileFlag, JsonFlag, OutputFlags {}

/** `beamlift discover`: what a connection could load. */
export const discoverCommand: CommandModule = {
  register: (program, action, invocation) => {
    const command = program
      .command('discover')
      .description('list the tables or files that a connection can load, with rows and sizes')
      .argument('<connection>', 'its name in the configuration')
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
        const session = await openSession(context, flags, output);
        try {
          const connection = findConnection(session.configuration, name);
          const { services } = session;
          const objects = await context.engine.discover(connection, pattern, services, services.signal);
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
        } finally {
          await session.close();
        }
      }),
    );
  },
};

function findConnection({ connections }: Configuration, name: string): NamedConnection {
  const connection = connections.get(name);
  if (connection !== undefined) return connection;
  const near = nearestName(name, connections.keys());
  throw new BeamliftError('USAGE', {
    what: `There is no connection called "${name}"`,
    hint:
      near === undefined
        ? `The connections are: ${[...connections.keys()].join(', ')}.`
        : `Did you mean "${near}"?`,
  });
}
