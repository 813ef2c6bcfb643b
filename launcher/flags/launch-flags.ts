import { Option, type Command } from 'commander';
import { readBound } from '../../core/bound-text';
import { BeamliftError } from '../../core/errors';
import { defaultConcurrency, MAX_DEFAULT_CONCURRENCY } from '../default-concurrency';
import { ON_INTERRUPT, type LaunchOptions, type OnInterrupt } from '../launch-options';
import { dateText, nonEmpty, seconds, wholeNumber } from './flag-values';

/** The flags of `run` and `plan` that say what is loaded and how. */
export interface LaunchFlags {
  readonly runner?: LaunchOptions['runner'];
  readonly limit?: number;
  readonly fullRefresh?: boolean;
  readonly startDate?: string;
  readonly endDate?: string;
  readonly timeout?: number;
  readonly concurrency?: number;
  readonly triggeredBy?: string;
  readonly adoptState?: boolean;
  readonly freshState?: boolean;
  readonly detach?: boolean;
  readonly onInterrupt?: OnInterrupt;
}

const RUNNER_CHOICES = [
  'auto',
  'in-process',
  'direct',
  'portable',
  'dataflow',
] as const satisfies readonly LaunchOptions['runner'][];

/** More units at once do not help one process, and each holds a connection. */
const MAX_CONCURRENCY = 64;

/** Adds the flags that `run` and `plan` share. */
export function addLaunchFlags(command: Command): Command {
  return command
    .optionsGroup('What to load:')
    .option(
      '--limit <rows>',
      'at most so many rows; the watermark stays',
      wholeNumber(1, Number.MAX_SAFE_INTEGER),
    )
    .addOption(
      new Option('--full-refresh', 'load everything and replace the table').conflicts([
        'startDate',
        'endDate',
      ]),
    )
    .option('--start-date <date>', 'from this date on (UTC unless the job has a timezone)', dateText)
    .option('--end-date <date>', 'up to this date, not included', dateText)
    .addOption(
      new Option('--adopt-state', 'keep the watermark although source or destination changed').conflicts(
        'freshState',
      ),
    )
    .option('--fresh-state', 'forget the watermark although source or destination changed')
    .optionsGroup('How to run:')
    .addOption(new Option('--runner <runner>', 'who does the work').choices(RUNNER_CHOICES).default('auto'))
    .option(
      '--concurrency <units>',
      `work units at once, on as many threads as there are cores (without it: the cores, at most ${MAX_DEFAULT_CONCURRENCY})`,
      wholeNumber(1, MAX_CONCURRENCY),
    );
}

/** Adds the flags that only running has. */
export function addRunFlags(command: Command): Command {
  return command
    .option('--timeout <seconds>', 'stop a job after so long; nothing of it is published', seconds)
    .option('--detach', 'end as soon as a runner of its own has the pipeline, which goes on by itself')
    .addOption(
      new Option('--on-interrupt <what>', 'what becomes of such a pipeline on Ctrl-C')
        .choices(ON_INTERRUPT)
        .default('ask'),
    )
    .option('--triggered-by <who>', 'what the history says about who started it', nonEmpty, 'manual')
    .option('--dry-run', 'make the plan and stop');
}

/** Throws USAGE when the dates are the wrong way round. */
export function toLaunchOptions(flags: LaunchFlags): LaunchOptions {
  const { startDate, endDate } = flags;
  if (startDate !== undefined && endDate !== undefined && isNotAfter(endDate, startDate)) {
    throw new BeamliftError('USAGE', {
      what: `--end-date ${endDate} is not after --start-date ${startDate}`,
      why: 'The start is included, the end is not, so nothing lies between them.',
      hint: `For the one day ${startDate.slice(0, 10)}, give the day after it as --end-date.`,
    });
  }
  return {
    runner: flags.runner ?? 'auto',
    limit: flags.limit,
    fullRefresh: flags.fullRefresh ?? false,
    startDate,
    endDate,
    concurrency: flags.concurrency ?? defaultConcurrency(),
    triggeredBy: flags.triggeredBy ?? 'manual',
    timeoutSeconds: flags.timeout,
    onStateConflict: flags.adoptState === true ? 'adopt' : flags.freshState === true ? 'fresh' : 'fail',
    detach: flags.detach ?? false,
    onInterrupt: flags.onInterrupt ?? 'ask',
  };
}

/** False where only the job's timezone can tell: one of them has an offset, and the other does not. */
function isNotAfter(later: string, earlier: string): boolean {
  const [left, right] = [readBound(later), readBound(earlier)];
  if (left === undefined || right === undefined || left.hasOffset !== right.hasOffset) return false;
  return left.micros <= right.micros;
}
