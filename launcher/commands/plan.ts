import type { Plan } from '../../core/plan';
import type { CommandContext, CommandModule } from '../command';
import type { JobSpec } from '../config/job-spec';
import { EXIT, exitCodeOfError, worstExitCode } from '../exit-code';
import { explainFailure } from '../failure';
import { addFileFlag, addUrlFlags, type FileFlag, type UrlFlags } from '../flags/configuration-flags';
import { addExamples } from '../flags/examples';
import { addLaunchFlags, toLaunchOptions, type LaunchFlags } from '../flags/launch-flags';
import { addJsonFlag, addOutputFlags, type JsonFlag } from '../flags/output-flags';
import type { LaunchOptions } from '../launch-options';
import { CommandOutput, type OutputFlags } from '../output/command-output';
import { renderPlan } from '../output/plan-text';
import { printableLine } from '../output/printable';
import { openSession, type Session } from './session';

interface PlanFlags extends FileFlag, UrlFlags, LaunchFlags, JsonFlag, OutputFlags {}

/** `beamlift plan`: what `run` would do. */
export const planCommand: CommandModule = {
  register: (command, action, invocation) => {
    command.argument('[jobs...]', 'names of jobs (none: all)');
    addFileFlag(command);
    addUrlFlags(command);
    addLaunchFlags(command);
    addJsonFlag(command, 'print one JSON object for each job, its plan, and nothing else on stdout');
    addOutputFlags(command);
    addExamples(command, invocation, [
      { says: 'What a run of one job would do', line: 'plan orders' },
      { says: 'How many rows the next window has', line: 'plan orders --json | jq .estimate' },
    ]);
    command.action(
      action(async (context, names: string[], flags: PlanFlags) => {
        const output = new CommandOutput(context.host, context.redactor, flags);
        const options = toLaunchOptions(flags);
        const session = await openSession(context, flags, output, { jobs: names });
        try {
          const jobs = await context.engine.expandJobs(session.configuration, names, session.services);
          return await planJobs(jobs, options, session, context, output, flags);
        } finally {
          await session.close();
        }
      }),
    );
  },
};

/** Plans jobs one after another and shows their plans; one that cannot be planned does not stop the next. Gives the worst exit code. */
export async function planJobs(
  jobs: readonly JobSpec[],
  options: LaunchOptions,
  { services }: Session,
  { host: { signal }, engine }: CommandContext,
  output: CommandOutput,
  { json }: JsonFlag,
): Promise<number> {
  const codes: number[] = [];
  for (const [index, job] of jobs.entries()) {
    signal.throwIfAborted();
    if (output.mode.bars) output.screen.show(`${printableLine(job.name)}  planning`);
    let plan: Plan;
    try {
      plan = await engine.planJob(job, options, { ...services, listener: () => undefined });
    } catch (thrown) {
      const error = explainFailure(thrown, signal).at({ job: job.name });
      if (json === true) output.writeJson({ job: job.name, error: error.toReport() });
      await output.fail(error);
      codes.push(exitCodeOfError(error, signal));
      continue;
    } finally {
      output.screen.clear();
    }
    if (json === true) {
      output.writeJson(plan);
    } else {
      const lines = renderPlan(output.redacted(plan), output.outPalette, engine.describeConversions(plan));
      output.writeLines(index === 0 ? lines : ['', ...lines]);
    }
    codes.push(EXIT.ok);
  }
  return worstExitCode(codes);
}
