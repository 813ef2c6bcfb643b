import { BeamliftError } from '../../core/errors';
import type { Logger } from '../../core/logger';
import type { CommandContext, CommandModule } from '../command';
import type { JobSpec } from '../config/job-spec';
import { exitCodeOfError, exitCodeOfReport, worstExitCode } from '../exit-code';
import { explainFailure, unstartedReport } from '../failure';
import { addFileFlag, addUrlFlags, type FileFlag, type UrlFlags } from '../flags/configuration-flags';
import { addExamples } from '../flags/examples';
import { addLaunchFlags, addRunFlags, toLaunchOptions, type LaunchFlags } from '../flags/launch-flags';
import { addJsonFlag, addOutputFlags, type JsonFlag } from '../flags/output-flags';
import type { LaunchOptions } from '../launch-options';
import { CommandOutput, type OutputFlags } from '../output/command-output';
import { createRunListener } from '../output/run-listener';
import { nextLine, renderSummary } from '../output/run-summary';
import type { RunReport } from '../report';
import { planJobs } from './plan';
import { openSession, type Session } from './session';

interface RunFlags extends FileFlag, UrlFlags, LaunchFlags, JsonFlag, OutputFlags {
  readonly dryRun?: boolean;
}

/** `beamlift run`: loads jobs, one after another. */
export const runCommand: CommandModule = {
  register: (command, action, invocation) => {
    command.argument('[jobs...]', 'names of jobs');
    addFileFlag(command);
    addUrlFlags(command);
    addRunFlags(addLaunchFlags(command));
    addJsonFlag(command, 'print one JSON object for each job, its report, and nothing else on stdout');
    addOutputFlags(command);
    addExamples(command, invocation, [
      { says: 'All jobs of ./beamlift.yaml', line: 'run' },
      { says: 'Two jobs of a file', line: 'run -f etl/beamlift.yaml orders customers' },
      {
        says: 'Load January of an incremental job again',
        line: 'run orders --start-date 2025-01-01 --end-date 2025-02-01',
      },
      {
        says: 'A table into an embedded warehouse, without a configuration',
        line: 'run --from postgresql://etl@localhost/shop --table public.orders --to duckdb:warehouse.duckdb',
      },
    ]);
    command.addHelpText(
      'after',
      '\nExit codes: 0 loaded or nothing to do, 1 failed, 2 wrong usage or configuration, 3 loaded without rejected rows or bad files,\n' +
        '124 timed out, 130 and 143 interrupted. Of several jobs it is the worst: 0, 3, 124, 1, 2, 130, 143.',
    );
    command.action(action(run));
  },
};

async function run(context: CommandContext, names: string[], flags: RunFlags): Promise<number> {
  const output = new CommandOutput(context.host, context.redactor, flags);
  let session: Session | undefined;
  let jobs: JobSpec[];
  let options: LaunchOptions;
  const unexpanded = new Map<string, unknown>();
  // One job whose server is away must not keep the others from running.
  const leaveOut = (job: string, error: unknown): void => void unexpanded.set(job, error);
  try {
    options = toLaunchOptions(flags);
    session = await openSession(context, flags, output, { jobs: names, history: flags.dryRun !== true });
    const { configuration, services } = session;
    const onFailure = flags.dryRun === true ? undefined : leaveOut;
    jobs = await context.engine.expandJobs(configuration, names, services, onFailure);
  } catch (thrown) {
    await session?.close();
    return await failBeforeRuns(thrown, names, context, output, flags);
  }
  try {
    if (flags.dryRun === true) return await planJobs(jobs, options, session, context, output, flags);
    const { signal } = context.host;
    const { log } = session.services;
    const onAbort = (): void => tellInterruption(log, output, signal);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await runJobs({ jobs, unexpanded }, options, session, context, output, flags);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  } finally {
    await session.close();
  }
}

/** No job could be started: each named one gets a report, or one report is for all. */
async function failBeforeRuns(
  thrown: unknown,
  names: readonly string[],
  { host: { signal } }: CommandContext,
  output: CommandOutput,
  flags: RunFlags,
): Promise<number> {
  const error = explainFailure(thrown, signal);
  if (flags.json === true) {
    // What was typed as a name may be a URL with a password.
    const shown = names.length === 0 ? [null] : names.map(output.redact);
    for (const name of shown) output.writeJson(unstartedReport(name, error));
  }
  await output.fail(error);
  return exitCodeOfError(error, signal);
}

interface JobsToRun {
  readonly jobs: readonly JobSpec[];
  /** Jobs over many tables whose tables could not be listed, and why. */
  readonly unexpanded: ReadonlyMap<string, unknown>;
}

async function runJobs(
  { jobs, unexpanded }: JobsToRun,
  options: LaunchOptions,
  session: Session,
  context: CommandContext,
  output: CommandOutput,
  flags: RunFlags,
): Promise<number> {
  const { signal } = context.host;
  const reports: RunReport[] = [];
  const codes: number[] = [];
  const tellUnstarted = async (job: string, thrown: unknown): Promise<void> => {
    const error = explainFailure(thrown, signal).at({ job });
    codes.push(exitCodeOfError(error, signal));
    if (flags.json === true) output.writeJson(unstartedReport(job, error));
    // The interruption itself has been told once.
    if (error.code !== 'CANCELLED') await output.fail(error);
  };
  for (const [job, thrown] of unexpanded) await tellUnstarted(job, thrown);
  for (const job of jobs) {
    try {
      if (signal.aborted) throw notStarted(job, signal);
      const report = await runJob(job, options, session, context, output);
      reports.push(report);
      codes.push(exitCodeOfReport(report, signal));
      if (flags.json === true) output.writeJson(report);
    } catch (thrown) {
      await tellUnstarted(job.name, thrown);
    }
  }
  if (flags.json !== true && !output.mode.quiet && reports.length > 0) {
    tellEnd(reports, session, context, output, flags);
  }
  return worstExitCode(codes);
}

function tellEnd(
  reports: readonly RunReport[],
  { configuration }: Session,
  { host: { invocation, out } }: CommandContext,
  output: CommandOutput,
  { file }: RunFlags,
): void {
  const summary = renderSummary(output.redacted(reports), output.outPalette);
  // Apart from the lines that the bars left on the same terminal.
  output.writeLines(output.mode.bars && out.isTerminal ? ['', ...summary] : summary);
  const next = nextLine({ reports, invocation, file, configured: configuration.file !== undefined });
  if (next !== undefined) output.writeLines(['', `Next: ${next}`]);
}

function tellInterruption(log: Logger, output: CommandOutput, { reason }: AbortSignal): void {
  const signal = String(reason);
  if (output.mode.format === 'json') log.warn('command.interrupted', { signal });
  else output.say(`Interrupted (${signal}): cleaning up. Press Ctrl-C again to stop at once.`);
}

async function runJob(
  job: JobSpec,
  options: LaunchOptions,
  { services }: Session,
  { host, engine }: CommandContext,
  output: CommandOutput,
): Promise<RunReport> {
  const watch = createRunListener(job.name, output, services.log, host.err);
  try {
    const report = await engine.launchJob(job, options, { ...services, ...watch.services });
    watch.finish(report);
    if (report.error !== undefined && report.status !== 'skipped') {
      await output.failReport(report.error, 'etl.failed', { run_id: report.run_id, job: report.job });
    }
    return report;
  } finally {
    watch.close();
  }
}

function notStarted(job: JobSpec, signal: AbortSignal): BeamliftError {
  return new BeamliftError('CANCELLED', {
    what: `Job ${job.name} was not started: interrupted (${String(signal.reason)})`,
    where: { job: job.name },
  });
}
