import type { Command } from 'commander';
import { BeamliftError } from '../../core/errors';
import type { CommandContext } from '../command';
import type { JobSpec } from '../config/job-spec';
import { addFileFlag, type FileFlag } from '../flags/configuration-flags';
import { nonEmpty } from '../flags/flag-values';
import { addJsonFlag, addOutputFlags, type JsonFlag } from '../flags/output-flags';
import { CommandOutput, type OutputFlags } from '../output/command-output';
import { adviceFor } from '../output/run-advice';
import { renderSummary } from '../output/run-summary';
import type { RunReport } from '../report';
import { closedRecord } from '../runs/closed-record';
import type { RunRecord, RunStatus } from '../runs/run-store';
import { lookUpRun } from './find-run';
import { openSession, type Session } from './session';

/** Flags of `runs resume` and `runs cancel`. */
export interface UnfinishedFlags extends FileFlag, JsonFlag, OutputFlags {
  readonly job?: string;
}

/** A run with the job it is of. */
export interface ChosenRun {
  readonly runId: string;
  readonly job: JobSpec;
  /** Undefined: the history is lost, and the user named the job. */
  readonly record: RunRecord | undefined;
}

/** What such a command works with. */
export interface RunDesk {
  readonly context: CommandContext;
  readonly session: Session;
  readonly output: CommandOutput;
  readonly flags: UnfinishedFlags;
}

/** Statuses after which nothing can be left to do. Of all others the destination's own state knows. */
const SETTLED: readonly RunStatus[] = ['success', 'skipped'];

export function addUnfinishedFlags(command: Command): void {
  command.argument('<id>', 'its id, or the beginning of it');
  addFileFlag(command)
    .optionsGroup('Which run:')
    .option('--job <name>', 'the job it is of; needed where the history of runs is lost', nonEmpty);
  addJsonFlag(command, 'print the report of the run as one JSON object');
  addOutputFlags(command);
}

/** Opens the configuration and the history, finds the run, and closes everything after `work`. */
export async function withChosenRun(
  context: CommandContext,
  id: string,
  flags: UnfinishedFlags,
  work: (run: ChosenRun, desk: RunDesk) => Promise<number>,
): Promise<number> {
  const output = new CommandOutput(context.host, context.redactor, flags);
  const session = await openSession(context, flags, output, { history: true });
  try {
    const run = await chooseRun(context, session, id, flags);
    return await work(run, { context, session, output, flags });
  } finally {
    await session.close();
  }
}

/** Throws RUN_NOT_FOUND, RUN_ENDED, and USAGE for a job that is not the run's or not in the configuration. */
async function chooseRun(
  { engine }: CommandContext,
  { configuration, services }: Session,
  id: string,
  { job: named }: UnfinishedFlags,
): Promise<ChosenRun> {
  const record = await lookUpRun(services.runStore, id).catch((error: unknown) => {
    // With the job named, the run can be found without the history.
    if (named === undefined || !(error instanceof BeamliftError) || error.code !== 'RUN_STORE_FAILED')
      throw error;
    services.log.warn('run_store.failed', { code: error.code, what: error.what, why: error.why });
    return undefined;
  });
  if (record === undefined && named === undefined) {
    throw new BeamliftError('RUN_NOT_FOUND', {
      what: `There is no run ${id}`,
      hint: '`beamlift runs list` shows the runs of the run store. Where the history is lost, add --job NAME and the whole id.',
    });
  }
  if (record !== undefined && named !== undefined && named !== record.job) {
    throw new BeamliftError('USAGE', {
      what: `Run ${record.id} is of job ${record.job}, and not of ${named}`,
      hint: 'Leave --job out: the history knows the job.',
    });
  }
  if (record !== undefined && SETTLED.includes(record.status)) {
    throw new BeamliftError('RUN_ENDED', {
      what: `Run ${record.id} has ended already: ${record.status}`,
      where: { job: record.job },
      hint: `\`beamlift runs show ${record.id}\` tells about it.`,
    });
  }
  const runId = record?.id ?? id;
  const name = record?.job ?? named ?? '';
  return {
    runId,
    record,
    job: await findJob(engine.expandJobs(configuration, [name], services), name, runId),
  };
}

async function findJob(expanded: Promise<JobSpec[]>, name: string, runId: string): Promise<JobSpec> {
  let jobs: JobSpec[];
  try {
    jobs = await expanded;
  } catch (error) {
    if (!(error instanceof BeamliftError) || error.code !== 'USAGE') throw error;
    throw new BeamliftError('USAGE', {
      what: `Run ${runId} is of job "${name}", which is not in the configuration`,
      where: error.where,
      hint: `${error.hint ?? ''} A run is finished or ended with the job as it was: its destination says where things are.`.trim(),
      cause: error,
    });
  }
  const job = jobs.find((candidate) => candidate.name === name);
  if (job !== undefined) return job;
  throw new BeamliftError('USAGE', {
    what: `"${name}" is several jobs, one for each table`,
    hint: `Give the one that the run is of: ${jobs
      .slice(0, 5)
      .map((one) => one.name)
      .join(', ')}, …`,
  });
}

/** Writes down how the run ended, and tells it. The history never makes the command fail. `wanted`: the status that is no failure here. */
export async function tellEnd(
  report: RunReport,
  { record }: ChosenRun,
  { context, session, output, flags }: RunDesk,
  wanted: 'success' | 'cancelled',
): Promise<void> {
  const closed = closedRecord(record, report, new Date());
  if (closed !== undefined) await session.services.runStore.put(closed);
  if (report.error !== undefined && report.status !== 'skipped' && report.status !== wanted) {
    await output.failReport(report.error, 'etl.failed', { run_id: report.run_id, job: report.job });
  }
  if (flags.json === true) {
    output.writeJson(report);
    return;
  }
  if (output.mode.quiet) return;
  output.writeLines(renderSummary([output.redacted(report)], output.outPalette));
  if (closed === undefined) return;
  const invocation = { program: context.host.invocation, file: flags.file };
  const advice = adviceFor(output.redacted(closed), closed.status, invocation);
  if (advice.length > 0) output.writeLines(['', ...advice]);
}
