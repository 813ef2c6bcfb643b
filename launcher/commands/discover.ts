import { formatCount } from '../../core/counted';
import { FoundFolders } from '../../extractors/files/found-folders';
import type { CommandModule } from '../command';
import { EXIT } from '../exit-code';
import { addFileFlag, type FileFlag } from '../flags/configuration-flags';
import { addExamples } from '../flags/examples';
import { wholeNumber } from '../flags/flag-values';
import { addJsonFlag, addOutputFlags, type JsonFlag } from '../flags/output-flags';
import { CommandOutput, type OutputFlags } from '../output/command-output';
import { renderObjects, totalsOf } from '../output/discovery-text';
import { withConnections } from './connection-desk';

interface DiscoverFlags extends FileFlag, JsonFlag, OutputFlags {
  readonly recursive?: boolean;
  readonly limit: number;
}

const DEFAULT_LIMIT = 1_000;
const MAX_LIMIT = 10_000_000;

/** `beamlift discover`: what a connection could load. */
export const discoverCommand: CommandModule = {
  register: (command, action, invocation) => {
    command
      .argument('<connection>', 'its name in the configuration or in the run store')
      .argument('[pattern]', 'only what matches, as in "public.*" or "sales/**/*.csv"');
    addFileFlag(command);
    command
      .optionsGroup('What to list:')
      .option('-r, --recursive', 'all files, and not the first level of folders (a pattern lists files, too)')
      .option('--limit <entries>', 'at most so many', wholeNumber(1, MAX_LIMIT), DEFAULT_LIMIT);
    addJsonFlag(command, 'print one JSON object for each table, view, folder or file');
    addOutputFlags(command);
    addExamples(command, invocation, [
      { says: 'All tables', line: 'discover shop' },
      { says: 'Folders and files of the first level', line: 'discover lake' },
      { says: 'What is in a folder', line: 'discover lake exports/' },
      { says: 'Some files', line: 'discover lake "exports/**/*.parquet"' },
    ]);
    command.action(
      action(async (context, name: string, pattern: string | undefined, flags: DiscoverFlags) => {
        const output = new CommandOutput(context.host, context.redactor, flags);
        return await withConnections(context, flags, output, { create: false }, async (desk) => {
          const connection = await desk.find(name);
          const services = desk.services(connection);
          const { signal } = context.host;
          // What a folder is listed as can be given back to look into it.
          const folder = pattern?.endsWith('/') === true ? pattern : undefined;
          const wanted = folder === undefined ? pattern : `${folder}**`;
          const groups = (pattern === undefined || folder !== undefined) && flags.recursive !== true;
          const below = groups ? (folder ?? '') : undefined;
          const most = flags.limit + 1;
          const all = await context.engine.discover(connection.named, wanted, services, signal, {
            most,
            ...(below === undefined ? {} : { foldersBelow: below }),
          });
          const found = new FoundFolders(below);
          for (const object of all) found.add(object);
          const entries = found.result();
          const shown = entries.slice(0, flags.limit);
          if (flags.json === true) {
            for (const object of shown) output.writeJson(object);
          } else if (entries.length === 0) {
            output.say(
              pattern === undefined
                ? `${name} has nothing to load.`
                : `Nothing in ${name} matches ${pattern}.`,
            );
          } else {
            output.writeLines(renderObjects(shown, output.outPalette));
            if (all.length !== most) output.say(totalsOf(all));
          }
          if (shown.length < entries.length) {
            const howMany =
              all.length === most
                ? `the first ${formatCount(shown.length)}`
                : `${formatCount(shown.length)} of ${formatCount(entries.length)}`;
            output.say(`Shown are ${howMany}: give a pattern, or a higher --limit.`);
          }
          return EXIT.ok;
        });
      }),
    );
  },
};
