import type { DataflowMessage, DataflowNews, DataflowScaling } from '../../../core/clients/dataflow-api';
import type { RunListener, RunnerEvent } from '../../run-events';
import { sameCounters } from './job-counters';

/** Messages come out of order, later ones first: what is asked for reaches back so far behind the newest, in milliseconds. */
const OVERLAP_MS = 5 * 60_000;
/** So many messages of error are kept; a job retries a failing unit a few times only. */
const MAX_ERRORS = 200;

type Level = Extract<RunnerEvent, { kind: 'runner.message' }>['level'];

const LEVELS: ReadonlyMap<string, Level> = new Map<string, Level>([
  ['JOB_MESSAGE_DEBUG', 'debug'],
  ['JOB_MESSAGE_DETAILED', 'debug'],
  ['JOB_MESSAGE_BASIC', 'info'],
  ['JOB_MESSAGE_WARNING', 'warn'],
  ['JOB_MESSAGE_ERROR', 'error'],
]);

/** How autoscaling says it in words, where it is not told in numbers. */
const RESIZED = /^Autoscaling: (?:Raised|Reduced|Resized|Increased|Decreased) the number of workers to (\d+)/;
const STOPPED = /^(?:Worker pool stopped|Stopping worker pool)/;

/** Turns what a job is found to be, again and again, into events of what is new. */
export class JobNews {
  /** Of error, in order of their times. */
  private errors: { readonly time: string; readonly text: string }[] = [];
  /** Time in milliseconds by key, of messages that may be read again. */
  private readonly seen = new Map<string, number>();
  private newestMs = Number.NEGATIVE_INFINITY;
  private toldState: string | undefined;
  private toldCounters: ReadonlyMap<string, number> = new Map();
  private scaledAt = '';
  private workers: Workers = { workers: undefined, target: undefined };

  constructor(private readonly listener: RunListener) {}

  /** From when on messages are to be read; undefined: from the beginning. */
  get since(): string | undefined {
    return Number.isFinite(this.newestMs) ? new Date(this.newestMs - OVERLAP_MS).toISOString() : undefined;
  }

  get errorTexts(): string[] {
    return this.errors.map(({ text }) => text);
  }

  get lastCounters(): ReadonlyMap<string, number> {
    return this.toldCounters;
  }

  /** A message of this process, for those who watch. */
  warn(text: string): void {
    this.listener({ kind: 'runner.message', level: 'warn', text });
  }

  /** True: it is another one than before. */
  state(state: string): boolean {
    if (state === this.toldState) return false;
    this.toldState = state;
    this.listener({ kind: 'runner.state', state });
    return true;
  }

  /** True: there were others than before. */
  counters(counters: ReadonlyMap<string, number>): boolean {
    if (sameCounters(counters, this.toldCounters)) return false;
    this.toldCounters = counters;
    this.listener({ kind: 'runner.counters', counters });
    return true;
  }

  /** True: there was something new. */
  messages({ messages, scaling }: DataflowNews): boolean {
    const inOrder = [...messages].sort((a, b) => compareTimes(a.time, b.time));
    const fresh = inOrder.filter((message) => this.isNew(message));
    for (const message of fresh) this.tell(message);
    for (const event of [...scaling].sort((a, b) => compareTimes(a.time, b.time))) this.scale(event);
    this.forgetOld();
    return fresh.length > 0;
  }

  private isNew({ key, time }: DataflowMessage): boolean {
    if (this.seen.has(key)) return false;
    const timeMs = Date.parse(time);
    this.seen.set(key, Number.isNaN(timeMs) ? Number.POSITIVE_INFINITY : timeMs);
    if (timeMs > this.newestMs) this.newestMs = timeMs;
    return true;
  }

  private tell({ importance, text, time }: DataflowMessage): void {
    const level = LEVELS.get(importance) ?? 'info';
    this.listener({ kind: 'runner.message', level, text });
    if (level === 'error') {
      this.errors.push({ time, text });
      this.errors = this.errors.sort((a, b) => compareTimes(a.time, b.time)).slice(-MAX_ERRORS);
    }
    const resized = RESIZED.exec(text)?.[1];
    if (resized !== undefined) this.scale({ time, current: undefined, target: Number(resized) });
    if (STOPPED.test(text)) this.scale({ time, current: 0, target: 0 });
  }

  private scale({ time, current, target }: DataflowScaling): void {
    if (compareTimes(time, this.scaledAt) < 0) return;
    this.scaledAt = time;
    const { workers, target: before } = this.workers;
    const next = { workers: current ?? workers, target: target ?? before };
    if (next.workers === workers && next.target === before) return;
    this.workers = next;
    this.listener({ kind: 'runner.workers', ...next });
  }

  private forgetOld(): void {
    for (const [key, timeMs] of this.seen) {
      if (timeMs < this.newestMs - OVERLAP_MS) this.seen.delete(key);
    }
  }
}

interface Workers {
  readonly workers: number | undefined;
  readonly target: number | undefined;
}

/** Of RFC 3339: with a fraction of a second or without. */
function compareTimes(a: string, b: string): number {
  const difference = Date.parse(a) - Date.parse(b);
  if (difference !== 0 && !Number.isNaN(difference)) return difference;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
