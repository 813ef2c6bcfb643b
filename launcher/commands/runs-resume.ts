import type { Command } from 'commander';
import type { MakeAction } from '../command';
import { exitCodeOfReport } from '../exit-code';
import { addExamples } from '../flags/examples';
import { createRunListener } from '../output/run-listener';
import type { RunReport } from '../report';
import {
  addUnfinishedFlags,
  tellEnd,
  withChosenRun,
  type ChosenRun,
  type RunDesk,
  type UnfinishedFlags,
} from './unfinished-run';

interface ResumeFlags extends UnfinishedFlags {
  readonly accept?: boolean;
}

/** `beamlift runs resume`. */
export function registerResume(runs: Command, action: MakeAction, invocation: string): void {
  const command = runs
    .command('resume')
    .description(
      'finish a run whose process died: publish what it has staged, or find out that it is published',
    );
  addUnfinishedFlags(command);
  command
    .optionsGroup('How:')
    .option('--accept', 'of a run that needs attention: its rows in the table are right as they are');
  addExamples(command, invocation, [
    { says: 'Finish a run that was killed', line: 'runs resume 20250301T100000Z-aaaa1111' },
    {
      says: 'Accept what a run that needs attention has published',
      line: 'runs resume 20250301T10 --accept',
    },
    { says: 'Where the history of runs is lost', line: 'runs resume 20250301T100000Z-aaaa1111 --job orders' },
  ]);
  command.addHelpText(
    'after',
    '\nThe next run of the job does the same by itself, and then loads what is new.\n' +
      'Exit codes: 0 loaded, or another run of the job is active, 1 failed, 2 wrong usage or configuration,\n' +
      '3 loaded with rejected rows, 124 timed out, 130 and 143 interrupted.',
  );
  command.action(
    action(
      async (context, id: string, flags: ResumeFlags) =>
        await withChosenRun(context, id, flags, async (run, desk) => {
          const report = await resume(run, desk, flags.accept === true);
          await tellEnd(report, run, desk, 'success');
          return exitCodeOfReport(report, context.host.signal);
        }),
    ),
  );
}

async function resume(
  { job, runId }: ChosenRun,
  { context: { engine, host }, session: { services }, output }: RunDesk,
  accept: boolean,
): Promise<RunReport> {
  const watch = createRunListener(job.name, output, services.log, host.err);
  try {
    const report = await engine.resumeRun(job, runId, { accept }, { ...services, ...watch.services });
    watch.finish(report);
    return report;
  } finally {
    watch.close();
  }
}
