import type { CommandModule } from '../command';
import { EXIT } from '../exit-code';
import { addFileFlag, addUrlFlags, type FileFlag, type UrlFlags } from '../flags/configuration-flags';
import { addExamples } from '../flags/examples';
import { wholeNumber } from '../flags/flag-values';
import { addJsonFlag, addOutputFlags, type JsonFlag } from '../flags/output-flags';
import { CommandOutput, type OutputFlags } from '../output/command-output';
import { renderPreview } from '../output/preview-text';
import { openSession } from './session';

interface PreviewFlags extends FileFlag, UrlFlags, JsonFlag, OutputFlags {
  readonly limit: number;
}

const DEFAULT_ROWS = 10;
const MAX_ROWS = 1000;

/** `beamlift preview`: the first rows, as they would be loaded. */
export const previewCommand: CommandModule = {
  register: (command, action, invocation) => {
    command.argument('[jobs...]', 'names of jobs (none: all)');
    addFileFlag(command);
    addUrlFlags(command);
    command
      .optionsGroup('What to show:')
      .option('--limit <rows>', 'rows of each job', wholeNumber(1, MAX_ROWS), DEFAULT_ROWS);
    addJsonFlag(command, 'print one JSON object for each job: columns, rows, rejects');
    addOutputFlags(command);
    addExamples(command, invocation, [
      { says: 'Three rows of a job', line: 'preview orders --limit 3' },
      {
        says: 'A file, without a configuration',
        line: 'preview --from ./data --files sales.csv --to duckdb:warehouse.duckdb',
      },
    ]);
    command.action(
      action(async (context, names: string[], flags: PreviewFlags) => {
        const { engine, host } = context;
        const output = new CommandOutput(host, context.redactor, flags);
        const session = await openSession(context, flags, output, { jobs: names });
        try {
          const services = { ...session.services, listener: () => undefined };
          const jobs = await engine.expandJobs(session.configuration, names, services);
          for (const [index, job] of jobs.entries()) {
            const preview = await engine.previewJob(job, flags.limit, services);
            if (flags.json === true) output.writeJson({ job: job.name, ...preview });
            else {
              const lines = renderPreview(job.name, preview, host.out.columns, output.outPalette);
              output.writeLines(index === 0 ? lines : ['', ...lines]);
            }
          }
          return EXIT.ok;
        } finally {
          await session.close();
        }
      }),
    );
  },
};
