import type { DataflowApi, DataflowJob, DataflowPlace } from '../../../core/clients/dataflow-api';
import { mayPassLater } from '../../../core/clients/dataflow-failures';
import type { Clock } from '../../../core/clock';
import { BeamliftError } from '../../../core/errors';
import type { PipelineEnd } from '../../pipeline-runner';
import type { RunListener } from '../../run-events';
import { jobCounters } from './job-counters';
import { isReasonTold, jobFailure } from './job-failure';
import { consoleUrl } from './job-identity';
import { JobNews } from './job-news';

/** How often a job is looked at, in milliseconds. */
export interface Pace {
  /** After something has changed. */
  readonly firstMs: number;
  /** Each wait without news is half as long again, up to this. */
  readonly maxMs: number;
  /** Between two looks at a job that has ended. */
  readonly lateMs: number;
  /** How long the reason of a failure may take to arrive: the service tells the state first. */
  readonly reasonMs: number;
  /** For how long no answer at all is borne; every call has been tried several times before it counts as none. */
  readonly silenceMs: number;
}

export const PACE: Pace = {
  firstMs: 5_000,
  maxMs: 15_000,
  lateMs: 5_000,
  reasonMs: 60_000,
  silenceMs: 10 * 60_000,
};
const GROWTH = 1.5;
/** A job that was just created is not known everywhere at once. */
const LOOKS_WITHOUT_JOB = 3;

/** What a job came to, of which no worker runs any more. */
const ENDS: ReadonlyMap<string, PipelineEnd['state']> = new Map<string, PipelineEnd['state']>([
  ['JOB_STATE_DONE', 'done'],
  ['JOB_STATE_FAILED', 'failed'],
  ['JOB_STATE_CANCELLED', 'cancelled'],
  // Of jobs that are streaming; whoever did that to one of ours has stopped it.
  ['JOB_STATE_DRAINED', 'cancelled'],
  ['JOB_STATE_UPDATED', 'cancelled'],
]);

/** A job, and how it is reached. */
export interface WatchedJob {
  readonly api: DataflowApi;
  readonly place: DataflowPlace;
  readonly id: string;
  readonly clock: Clock;
  readonly pace: Pace;
}

/** Tells of what happens to a job until it has ended, and how. See PipelineRun.follow. */
export async function followJob(
  job: WatchedJob,
  listener: RunListener,
  signal: AbortSignal,
): Promise<PipelineEnd> {
  const news = new JobNews(listener);
  const refused = new Set<string>();
  const look = async (ended: boolean): Promise<{ isNew: boolean; counters: ReadonlyMap<string, number> }> =>
    await readNews(job, news, refused, ended, signal);
  const state = await untilEnd(job, signal, async (current) => {
    const changed = news.state(current);
    const { isNew } = await look(false);
    return changed || isNew;
  });

  const { pace, clock } = job;
  const deadline = clock.now() + (state === 'failed' ? pace.reasonMs : 2 * pace.lateMs);
  let { counters } = await look(true);
  for (;;) {
    await clock.sleep(pace.lateMs, signal);
    const later = await look(true);
    counters = later.counters;
    const isSettled = !later.isNew && (state !== 'failed' || isReasonTold(news.errorTexts));
    if (isSettled || clock.now() >= deadline) break;
  }
  const error =
    state === 'failed' ? jobFailure(news.errorTexts, job.id, consoleUrl(job.place, job.id)) : undefined;
  return { state, error, counters };
}

/** Asks for the end of a job until it has come. See PipelineRun.cancel. */
export async function cancelJob(job: WatchedJob, signal: AbortSignal): Promise<void> {
  const { api, place, id } = job;
  const before = await api.get(place, id, signal);
  if (before === undefined || ENDS.has(before.state)) return;
  let isAsked = await api.cancel(place, id, signal);
  await untilEnd(job, signal, async () => {
    // One that had only just been created could not be cancelled yet.
    if (!isAsked) isAsked = await api.cancel(place, id, signal);
    return false;
  });
}

/** Throws RUNNER_UNUSABLE when the job is gone, or the service silent for long. `look` is called with every state, and says whether there was news. */
async function untilEnd(
  job: WatchedJob,
  signal: AbortSignal,
  look: (state: string) => Promise<boolean>,
): Promise<PipelineEnd['state']> {
  const { clock, pace } = job;
  let waitMs = pace.firstMs;
  let heardMs = clock.now();
  let missing = 0;
  for (;;) {
    const found = await stateOf(job, heardMs, signal);
    if (found === 'missing') {
      missing += 1;
      if (missing >= LOOKS_WITHOUT_JOB) throw gone(job);
    } else if (found !== 'silent') {
      missing = 0;
      heardMs = clock.now();
      const isNew = await look(found.state);
      const end = ENDS.get(found.state);
      if (end !== undefined) return end;
      waitMs = isNew ? pace.firstMs : Math.min(pace.maxMs, waitMs * GROWTH);
    }
    await clock.sleep(waitMs, signal);
  }
}

async function stateOf(
  { api, place, id, clock, pace }: WatchedJob,
  heardMs: number,
  signal: AbortSignal,
): Promise<DataflowJob | 'missing' | 'silent'> {
  try {
    return (await api.get(place, id, signal)) ?? 'missing';
  } catch (error) {
    if (mayPassLater(error) && clock.now() - heardMs < pace.silenceMs) return 'silent';
    throw error;
  }
}

/**
 * Messages and counters. Neither is needed for the job to go on, so what fails here is left for the next look; what is refused for good
 * is told once and not asked for again.
 */
async function readNews(
  { api, place, id }: WatchedJob,
  news: JobNews,
  refused: Set<string>,
  ended: boolean,
  signal: AbortSignal,
): Promise<{ isNew: boolean; counters: ReadonlyMap<string, number> }> {
  const attempt = async <Answer>(what: string, read: () => Promise<Answer>): Promise<Answer | undefined> => {
    if (refused.has(what)) return undefined;
    try {
      return await read();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof BeamliftError)) throw error;
      if (!mayPassLater(error)) {
        refused.add(what);
        news.warn(`${error.what}: ${error.why ?? ''}`);
      }
      return undefined;
    }
  };
  const messages = await attempt('messages', async () => await api.news(place, id, news.since, signal));
  const counted = await attempt('counters', async () => await api.counters(place, id, signal));
  const isNewMessage = messages !== undefined && news.messages(messages);
  const counters = counted === undefined ? news.lastCounters : jobCounters(counted, ended);
  const isNewCount = news.counters(counters);
  return { isNew: isNewMessage || isNewCount, counters };
}

function gone({ id, place }: WatchedJob): BeamliftError {
  return new BeamliftError('RUNNER_UNUSABLE', {
    what: 'Dataflow no longer knows the job',
    where: { object: id },
    hint: `Look for it at ${consoleUrl(place, id)}; the next run finds out what it staged.`,
  });
}
