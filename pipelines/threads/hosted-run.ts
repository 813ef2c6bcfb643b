import type { Manifest } from '../../core/manifest';
import type { RunContext } from '../../core/plan';
import type { ProgressListener } from '../encode-rows';
import type { HostedAttempt } from './unit-host';

/** A run whose units are run somewhere: its context is sent there once. */
export interface HostedRun {
  readonly id: number;
  readonly context: RunContext;
  readonly json: string;
}

/** A place where units are run: a thread, or this one. */
export interface UnitRunner {
  /** One attempt at a unit; source and destination of the run are opened for the first. */
  stage(
    run: HostedRun,
    attempt: Omit<HostedAttempt, 'context'>,
    onProgress: ProgressListener,
    signal: AbortSignal,
  ): Promise<Manifest>;
  /** No more units of the run. */
  forget(run: HostedRun): void;
  close(): Promise<void>;
}
