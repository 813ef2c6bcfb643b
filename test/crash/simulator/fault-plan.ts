import type { SeededRandom } from '../seeded-random';

/** The calls of the two services, by what they do there; those on state objects and publishing jobs are told apart. */
export const OPERATIONS = [
  'state.get',
  'state.insert',
  'objects.get',
  'objects.insert',
  'objects.upload',
  'objects.list',
  'objects.delete',
  'jobs.insert',
  'jobs.publish',
  'jobs.get',
  'jobs.watch',
  'jobs.cancel',
  'jobs.rows',
  'tables.get',
  'tables.insert',
  'tables.patch',
  'tables.delete',
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** What becomes of one request. */
export type Fate =
  | { readonly kind: 'served' }
  /** It never arrives. */
  | { readonly kind: 'unsent' }
  /** It is done, and its answer is lost. */
  | { readonly kind: 'unanswered' }
  /** It arrives after its sender has given it up, or has died. */
  | { readonly kind: 'late'; readonly delayMs: number }
  /** 503, from a server that may have done it. */
  | { readonly kind: 'unavailable'; readonly done: boolean }
  | { readonly kind: 'throttled' }
  | { readonly kind: 'forbidden' };

export type FateKind = Fate['kind'];

/** Where in a request its process dies: before it is sent, when it was done, or with the request on its way for some time. */
export type CrashPhase = 'before' | 'after' | 'late';

/** What becomes of a job in the warehouse. */
export type JobFate =
  'done' | 'backendError' | 'internalError' | 'rateLimitExceeded' | 'invalid' | 'miscounted';

const MINUTE = 60_000;

/** All that goes wrong in one seed. */
export class FaultPlan {
  /** After the healing nothing goes wrong any more; what is on its way still arrives. */
  healed = false;
  /** Requests for jobs that arrived when their sender had given them up. */
  lateJobs = 0;
  /** Jobs that told a wrong number of rows. */
  miscounts = 0;
  /** Scripts that were told as failed after they had published. */
  unsaidMoves = 0;
  readonly page: number;
  private readonly everywhere: number;
  private readonly aimed: { at: Operation; kind: FateKind; rate: number }[];
  private readonly forbidden: { from: number; to: number; at: Operation } | undefined;
  private readonly jobs: readonly { kind: JobFate; rate: number }[];
  private readonly slowJobs: number;

  constructor(
    private readonly random: SeededRandom,
    beginning: number,
  ) {
    const { everywhere, aimed } = { everywhere: random.below(4), aimed: random.below(4) };
    this.everywhere = everywhere === 0 ? 0.04 : everywhere === 1 ? 0.01 : 0;
    this.aimed = Array.from({ length: aimed }, () => ({
      at: random.pick(AIMED_AT),
      kind: random.pick(AIMED_FATES),
      rate: 0.1 + random.next() * 0.6,
    }));
    // Whether a job was sent is what everything turns on.
    if (random.below(3) === 0) {
      const kind = random.pick(['late', 'late', 'unanswered', 'unsent'] as const);
      this.aimed.push({ at: 'jobs.publish', kind, rate: 0.2 + random.next() * 0.6 });
    }
    const from = beginning + random.next() * 60 * MINUTE;
    this.forbidden =
      random.below(6) === 0
        ? { from, to: from + random.next() * 30 * MINUTE, at: random.pick(OPERATIONS) }
        : undefined;
    this.jobs =
      random.below(3) === 0 ? [{ kind: random.pick(JOB_FATES), rate: 0.1 + random.next() * 0.6 }] : [];
    this.slowJobs = random.below(2) === 0 ? 0.5 : 0.02;
    this.page = random.below(4) === 0 ? 3 : 1000;
  }

  fateOf(operation: Operation, now: number): Fate {
    if (this.healed) return { kind: 'served' };
    const { random, forbidden } = this;
    if (forbidden?.at === operation && now >= forbidden.from && now < forbidden.to)
      return { kind: 'forbidden' };
    for (const { at, kind, rate } of this.aimed) {
      if (at === operation && random.next() < rate) return this.fate(kind);
    }
    if (this.everywhere > 0 && random.next() < this.everywhere) return this.fate(random.pick(AIMED_FATES));
    return { kind: 'served' };
  }

  jobFate(): JobFate {
    if (this.healed) return 'done';
    return this.jobs.find(({ rate }) => this.random.next() < rate)?.kind ?? 'done';
  }

  /** Whether a script fails after its COMMIT. */
  publishesAndFails(): boolean {
    return !this.healed && this.chance(0.3);
  }

  /** How long a job waits, and how long it runs. */
  jobTimes(): { readonly pendingMs: number; readonly runningMs: number } {
    const { random } = this;
    const slow = !this.healed && random.next() < this.slowJobs;
    return slow
      ? { pendingMs: random.next() * 5 * MINUTE, runningMs: random.next() * 15 * MINUTE }
      : { pendingMs: random.next() * 2_000, runningMs: random.next() * 8_000 };
  }

  /** How long a request that is late is on its way: mostly some minutes. */
  lateness(): number {
    return 1_000 * 3_600 ** this.random.next();
  }

  latency(): number {
    const { random } = this;
    return random.below(20) === 0 ? 100 + random.next() * 3_000 : 5 + random.next() * 60;
  }

  chance(probability: number): boolean {
    return this.random.next() < probability;
  }

  private fate(kind: FateKind): Fate {
    switch (kind) {
      case 'late':
        return { kind, delayMs: this.lateness() };
      case 'unavailable':
        return { kind, done: this.chance(0.3) };
      default:
        return { kind };
    }
  }
}

/** What costs most when it goes wrong comes several times. */
const AIMED_AT: readonly Operation[] = [
  ...OPERATIONS,
  ...(['jobs.publish', 'jobs.publish', 'jobs.publish', 'jobs.watch', 'jobs.watch'] as const),
  ...(['state.insert', 'state.insert', 'state.insert', 'objects.insert', 'objects.delete'] as const),
];
/** Around the jobs of a commit most is at stake. */
export const INTERRUPTED_AT: readonly Operation[] = [
  ...(['jobs.publish', 'jobs.publish', 'jobs.publish', 'jobs.publish', 'jobs.publish'] as const),
  ...(['jobs.publish', 'jobs.watch', 'jobs.watch', 'jobs.watch', 'jobs.watch', 'jobs.cancel'] as const),
  ...(['state.insert', 'state.insert', 'state.insert', 'tables.insert', 'tables.get'] as const),
  ...([
    'jobs.insert',
    'jobs.get',
    'objects.insert',
    'objects.upload',
    'objects.delete',
    'objects.list',
  ] as const),
];
const AIMED_FATES: readonly FateKind[] = [
  ...(['unsent', 'unanswered', 'unanswered', 'late', 'late', 'late'] as const),
  ...(['unavailable', 'throttled', 'forbidden'] as const),
];
const JOB_FATES: readonly JobFate[] = [
  ...([
    'backendError',
    'backendError',
    'internalError',
    'rateLimitExceeded',
    'invalid',
    'miscounted',
  ] as const),
];
