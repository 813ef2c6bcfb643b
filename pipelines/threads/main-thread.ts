import type { Logger } from '../../core/logger';
import type { Manifest } from '../../core/manifest';
import type { ProgressListener } from '../encode-rows';
import { openingOf } from './equipment-module';
import type { HostedRun, UnitRunner } from './hosted-run';
import { receiveError, sendError } from './sent-error';
import type { ThreadBirth } from './thread-services';
import { UnitHost, type HostedAttempt } from './unit-host';

/** Runs units on the thread that it is made on, where no other can be had. */
export class MainThread implements UnitRunner {
  private readonly host: UnitHost;

  constructor({ equipmentModule, ...birth }: ThreadBirth, log: Logger) {
    this.host = new UnitHost(birth, log, openingOf(equipmentModule));
  }

  async stage(
    { id, context }: HostedRun,
    attempt: Omit<HostedAttempt, 'context'>,
    onProgress: ProgressListener,
    signal: AbortSignal,
  ): Promise<Manifest> {
    return await this.redacted(this.host.stage(String(id), { context, ...attempt }, onProgress, signal));
  }

  forget({ id }: HostedRun): void {
    void this.host.forget(String(id));
  }

  async close(): Promise<void> {
    await this.host.close();
  }

  /** What was resolved here is known here alone. */
  private async redacted<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await work;
    } catch (thrown) {
      throw receiveError(sendError(thrown, (text) => this.host.redactor.redact(text)));
    }
  }
}
