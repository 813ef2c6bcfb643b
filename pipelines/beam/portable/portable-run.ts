import '../sdk-entry';
import {
  JobMessage_MessageImportance as Importance,
  JobState_Enum as State,
} from 'apache-beam/proto/beam_job_api';
import type { JsonObject } from '../../../core/plan';
import type { PipelineEnd, PipelineRun } from '../../pipeline-runner';
import type { RunListener } from '../../run-events';
import { Bell } from './bell';
import { FailureWords } from './failure-words';
import { JobServiceError, type JobService, type MessageStream } from './job-service';
import type { LoopbackPool } from './loopback-pool';
import { userCounters } from './user-counters';

/** Between two questions for the state, in milliseconds; a change that the runner tells wakes earlier. */
const STATE_EVERY_MS = 1_000;
/** Between two questions for the counters, in milliseconds: Flink walks over the accumulators of every task for the answer. */
const COUNTERS_EVERY_MS = 2_000;
/** A service without an answer for so long is gone, in milliseconds. One that starts again has forgotten its jobs. */
const GONE_AFTER_MS = 10_000;
/** For what a runner still writes after it has said how a job ended, in milliseconds. */
const LAST_WORDS_MS = 2_000;

const FINAL: ReadonlySet<State> = new Set([
  State.DONE,
  State.FAILED,
  State.CANCELLED,
  State.DRAINED,
  State.UPDATED,
]);

const LEVELS = new Map<Importance, 'debug' | 'info' | 'warn' | 'error'>([
  [Importance.JOB_MESSAGE_DEBUG, 'debug'],
  [Importance.JOB_MESSAGE_DETAILED, 'debug'],
  [Importance.JOB_MESSAGE_WARNING, 'warn'],
  [Importance.JOB_MESSAGE_ERROR, 'error'],
]);

/** A job of a job service. */
export class PortableRun implements PipelineRun {
  readonly url = undefined;
  private gone = false;

  /** `pool` has the pipeline's workers, where they are in this process. */
  constructor(
    private readonly service: JobService,
    readonly id: string,
    readonly handle: JsonObject,
    private readonly pool: LoopbackPool | undefined,
  ) {}

  async follow(listener: RunListener, signal: AbortSignal): Promise<PipelineEnd> {
    const words = new FailureWords();
    const changed = new Bell();
    const messages = this.listen(listener, words, changed);
    try {
      const state = await this.untilFinal(listener, changed, signal);
      const silence = new Bell();
      void messages.ended.then(() => silence.ring());
      await silence.wait(LAST_WORDS_MS, signal);
      const counters = await this.counters(signal).catch(() => new Map<string, number>());
      signal.throwIfAborted();
      listener({ kind: 'runner.counters', counters });
      if (state === State.DONE) return { state: 'done', error: undefined, counters };
      if (state !== State.FAILED) return { state: 'cancelled', error: undefined, counters };
      return { state: 'failed', error: words.error(this.id), counters };
    } finally {
      messages.close();
    }
  }

  async cancel(signal: AbortSignal): Promise<void> {
    try {
      await this.answer(async () => await this.service.cancel(this.id, signal), signal).catch(unlessSilent);
      await this.untilFinal(() => undefined, new Bell(), signal);
    } catch (error) {
      // A service that has forgotten the job does not run it.
      if (!(error instanceof JobServiceError && error.unknownJob)) throw error;
    } finally {
      await this.pool?.endWorkers();
    }
  }

  private listen(listener: RunListener, words: FailureWords, changed: Bell): MessageStream {
    return this.service.messages(this.id, ({ response }) => {
      if (response.oneofKind === 'stateResponse') changed.ring();
      if (response.oneofKind !== 'messageResponse') return;
      const { importance, messageText: text } = response.messageResponse;
      words.add(text, importance === Importance.JOB_MESSAGE_ERROR);
      listener({ kind: 'runner.message', level: LEVELS.get(importance) ?? 'info', text });
    });
  }

  /** Tells of changes. Throws RUNNER_UNUSABLE when the service has not answered for a while, or no longer knows the job. */
  private async untilFinal(listener: RunListener, changed: Bell, signal: AbortSignal): Promise<State> {
    let last: State | undefined;
    let told = '';
    let counted = performance.now();
    for (;;) {
      const state = await this.answer(async () => await this.service.state(this.id, signal), signal);
      if (state !== last) listener({ kind: 'runner.state', state: State[state] });
      last = state;
      if (FINAL.has(state)) return state;
      if (performance.now() - counted >= COUNTERS_EVERY_MS) {
        counted = performance.now();
        const counters = await this.counters(signal).catch(() => undefined);
        const text = JSON.stringify([...(counters ?? [])].sort());
        if (counters !== undefined && text !== told) listener({ kind: 'runner.counters', counters });
        told = text;
      }
      await changed.wait(STATE_EVERY_MS, signal);
    }
  }

  /** Asks a service that is silent again, until it is gone: then it is not waited for a second time. */
  private async answer<Answer>(ask: () => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
    const began = performance.now();
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof JobServiceError && error.silent)) throw error;
        this.gone ||= performance.now() - began >= GONE_AFTER_MS;
        if (this.gone) throw error;
      }
      await new Bell().wait(STATE_EVERY_MS, signal);
    }
  }

  private async counters(signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
    return userCounters(await this.service.metrics(this.id, signal));
  }
}

/** What a service refuses to cancel has ended, or is not known: its state says which. */
function unlessSilent(error: unknown): void {
  if (!(error instanceof JobServiceError) || error.silent) throw error;
}
