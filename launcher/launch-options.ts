import type { Environment, SecretResolver } from '../core/extractor';
import type { OnStateConflict } from '../core/loader';
import type { Logger } from '../core/logger';
import type { Runner } from '../core/plan';
import type { RunListener } from '../pipelines/run-events';
import type { ThreadServices } from '../pipelines/threads/thread-services';
import type { RunnerDesk } from './runner-desk';
import type { RunStore } from './runs/run-store';

/** The flags of `run` and `plan`, parsed. */
export interface LaunchOptions {
  readonly runner: 'auto' | Runner;
  readonly limit: number | undefined;
  /** Loads everything and replaces the table, whatever the state says. */
  readonly fullRefresh: boolean;
  /** Inclusive, in the job's timezone unless it has an offset. */
  readonly startDate: string | undefined;
  /** Exclusive. */
  readonly endDate: string | undefined;
  readonly concurrency: number;
  readonly triggeredBy: string;
  readonly timeoutSeconds: number | undefined;
  readonly onStateConflict: OnStateConflict;
  /** Ends as soon as a runner of its own has the pipeline: it goes on, and publishes, by itself. */
  readonly detach: boolean;
  /** What becomes of such a pipeline when the launcher is interrupted. */
  readonly onInterrupt: OnInterrupt;
}

export const ON_INTERRUPT = ['ask', 'leave', 'cancel'] as const;
/** `ask`: the person at the terminal; where there is none, the pipeline is cancelled. */
export type OnInterrupt = (typeof ON_INTERRUPT)[number];

/** Options of commands that plan a job to look at it, and do not run it. */
export function onlyLooking(triggeredBy: 'check' | 'preview'): LaunchOptions {
  return {
    runner: 'auto',
    limit: undefined,
    fullRefresh: false,
    startDate: undefined,
    endDate: undefined,
    concurrency: 1,
    triggeredBy,
    timeoutSeconds: undefined,
    onStateConflict: 'fail',
    detach: false,
    onInterrupt: 'cancel',
  };
}

export type ThreadSecrets = Pick<ThreadServices, 'inlineSecrets' | 'sealedSecrets'>;

/** What planning and running need besides the job. */
export interface LaunchServices {
  readonly secrets: SecretResolver;
  /** What `secrets` stands on, for threads that resolve references themselves; absent: units are run on this thread. */
  readonly threadSecrets?: ThreadSecrets;
  readonly environment: Environment;
  readonly log: Logger;
  readonly runStore: RunStore;
  readonly listener: RunListener;
  readonly baseFolder: string;
  readonly thresholdRows: number;
  readonly largeRunner: Runner | undefined;
  /** The runners that the configuration describes. */
  readonly runners: RunnerDesk;
  /** Asks the person at the terminal whether a pipeline is left running; absent: there is nobody to ask. */
  readonly askToLeave?: (question: string) => Promise<boolean>;
  readonly signal: AbortSignal;
}
