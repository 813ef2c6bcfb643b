import type { Command } from 'commander';
import type { MakeAction } from '../command';
import { EXIT, exitCodeOfReport } from '../exit-code';
import { addExamples } from '../flags/examples';
import { terminalPrompter } from '../init/prompter';
import { printableLine } from '../output/printable';
import {
  addUnfinishedFlags,
  tellEnd,
  withChosenRun,
  type ChosenRun,
  type RunDesk,
  type UnfinishedFlags,
} from './unfinished-run';

interface CancelFlags extends UnfinishedFlags {
  readonly yes?: boolean;
}

/** `beamlift runs cancel`. */
export function registerCancel(runs: Command, action: MakeAction, invocation: string): void {
  const command = runs
    .command('cancel')
    .description(
      'end a run without publishing: a running one is asked to stop, a dead one is closed for good',
    );
  addUnfinishedFlags(command);
  command.optionsGroup('How:').option('-y, --yes', 'do not ask (without a terminal nothing is asked)');
  addExamples(command, invocation, [
    { says: 'Stop a run, wherever it runs', line: 'runs cancel 20250301T100000Z-aaaa1111' },
    {
      says: 'End a run that needs attention, after correcting the table',
      line: 'runs cancel 20250301T10 --yes',
    },
  ]);
  command.addHelpText(
    'after',
    '\nExit codes: 0 cancelled, or asked to stop, 1 its rows are published already, or it failed,\n' +
      '2 wrong usage or configuration, 130 and 143 interrupted.',
  );
  command.action(
    action(
      async (context, id: string, flags: CancelFlags) =>
        await withChosenRun(context, id, flags, async (run, desk) => {
          if (flags.yes !== true && !(await confirmed(run, desk))) {
            desk.output.say('Nothing was changed.');
            return EXIT.ok;
          }
          return await cancel(run, desk);
        }),
    ),
  );
}

async function cancel(run: ChosenRun, desk: RunDesk): Promise<number> {
  const { context, session, output, flags } = desk;
  const { job, runId } = run;
  const services = { ...session.services, listener: () => undefined };
  // What BigQuery is doing for the run is stopped and waited for.
  if (output.mode.bars) output.screen.show(`${printableLine(job.name)}  cancelling`);
  const report = await context.engine.cancelRun(job, runId, services).finally(() => output.screen.clear());
  if (report === 'asked') {
    if (flags.json === true) {
      output.writeJson({ run_id: runId, job: job.name, status: 'running', cancel_requested: true });
    } else if (!output.mode.quiet) {
      output.writeLines([
        `Run ${printableLine(runId)} of job ${printableLine(job.name)} is running, and was asked to stop: it hears of it within half a minute. \`beamlift runs show\` tells how it ended.`,
      ]);
    }
    return EXIT.ok;
  }
  await tellEnd(report, run, desk, 'cancelled');
  if (report.status === 'cancelled') return EXIT.ok;
  if (report.status !== 'success') return exitCodeOfReport(report, context.host.signal);
  output.say(`Run ${runId} could not be cancelled: its rows are published.`);
  return EXIT.failed;
}

async function confirmed({ runId, job }: ChosenRun, { context: { host } }: RunDesk): Promise<boolean> {
  if (!host.inputIsTerminal || !host.err.isTerminal) return true;
  const prompter = terminalPrompter(host, 'Interrupted; nothing was changed');
  return await prompter.confirm(
    `Cancel run ${printableLine(runId)} of job ${printableLine(job.name)}? What it has staged is thrown away.`,
  );
}
