import type { Clock } from '../../core/clock';
import { BeamliftError } from '../../core/errors';
import type { JobState, JoinedRun, Lease, UnfinishedRun } from '../../core/loader';
import type { Logger } from '../../core/logger';
import { neverAborts } from '../../core/never-aborts';
import { takeLease, type LeaseRequest } from './job-lease-decision';
import { KeptLease } from './kept-lease';
import { jobStateOf, unfinishedRunOf, type StateDocument } from './state-document';
import type { StateSession } from './state-session';

export interface JobLeaseSettings {
  readonly session: StateSession;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Takes the lease of a job: see `Loader.acquireLease`. */
export async function acquireJobLease(
  settings: JobLeaseSettings,
  request: LeaseRequest,
  signal: AbortSignal,
): Promise<JobLease> {
  let before: StateDocument | undefined;
  const document = await settings.session.change(
    (kept, nowIso) => {
      before = kept?.document;
      return takeLease(kept, request, nowIso);
    },
    signal,
    true,
  );
  if (document === undefined)
    throw new BeamliftError('INTERNAL', { what: 'A lease was taken without a state' });
  const dead = before?.lease;
  if (dead !== null && dead !== undefined) {
    settings.log.warn('lease.taken_over', { job: request.identity.job, run_id: dead.runId });
  }
  return new JobLease(settings, document, before, request.runId);
}

/** The lease of a job, renewed until it is released or lost. */
export class JobLease implements Lease {
  readonly fence: number;
  readonly state: JobState | null;
  readonly unfinished: UnfinishedRun | null;
  /** A run before that has its end, whose staged files may still be there. */
  readonly endedBefore: string | undefined;
  /** Whether whoever had the lease before never gave it back: then it may have been killed between its end and its sweep. */
  readonly takenOver: boolean;
  private readonly kept: KeptLease;
  private released: Promise<void> | undefined;

  constructor(
    private readonly settings: JobLeaseSettings,
    document: StateDocument,
    before: StateDocument | undefined,
    private readonly runId: string,
  ) {
    this.fence = document.fence;
    this.state = before === undefined ? null : jobStateOf(document);
    this.unfinished = unfinishedRunOf(document);
    this.endedBefore = this.unfinished === null ? document.run?.id : undefined;
    this.takenOver = (before?.lease ?? null) !== null;
    this.kept = new KeptLease({
      clock: settings.clock,
      log: settings.log,
      subject: `job ${document.job}`,
      renew: async (signal) => await this.renew(signal),
    });
  }

  get lost(): AbortSignal {
    return this.kept.lost;
  }

  release(goesOn = false): Promise<void> {
    this.released ??= this.giveUp(goesOn);
    return this.released;
  }

  private async renew(signal: AbortSignal): Promise<void> {
    const document = await this.settings.session.change(
      (kept) => holding(kept?.document, this.fence),
      signal,
    );
    if (document?.lease?.cancelRequested === true) throw cancelledRun(document.job, this.runId);
  }

  private async giveUp(goesOn: boolean): Promise<void> {
    await this.kept.stop();
    await this.settings.session.change((kept) => {
      const document = kept?.document;
      // A lease that others have is theirs; one that is given up stays so.
      if (document === undefined || document.fence !== this.fence || document.lease === null)
        return undefined;
      return { ...document, lease: goesOn ? { ...document.lease, left: true } : null };
    }, neverAborts());
  }
}

/** A part in the lease of the run that has this fence: renewed until it is left; see `RunRecovery.joinRun`. */
export function joinJobLease(
  { session, clock, log }: JobLeaseSettings,
  { job, runId, fence }: { readonly job: string; readonly runId: string; readonly fence: number },
): JoinedRun {
  const kept = new KeptLease({
    clock,
    log,
    subject: `job ${job}`,
    renew: async (signal) => {
      const document = await session.change((state) => holding(state?.document, fence), signal);
      if (document?.lease?.cancelRequested === true) throw cancelledRun(job, runId);
    },
  });
  return { lost: kept.lost, leave: async () => await kept.stop() };
}

/** The document, for whoever has its lease under this fence. Throws FENCED. */
export function holding(document: StateDocument | undefined, fence: number): StateDocument {
  const refuse = (what: string, why: string): never => {
    throw new BeamliftError('FENCED', {
      what,
      why,
      where: document === undefined ? {} : { job: document.job },
      hint: 'Nothing more is published by this run. The newer run does the work; if there is none, run the job again.',
    });
  };
  if (document === undefined)
    return refuse('The state of the job is gone', 'Its object was deleted while a run was going on.');
  const { lease, job } = document;
  if (document.fence > fence) {
    return refuse(
      `A newer run of job ${job} has taken over`,
      `${lease === null ? 'It has ended by now' : `It is ${lease.runId}`} (fence ${document.fence}, ours ${fence}).`,
    );
  }
  if (document.fence < fence)
    return refuse(
      `The state of job ${job} was put back to an older one`,
      `Its fence is ${document.fence}, ours is ${fence}.`,
    );
  if (lease === null) return refuse(`The run of job ${job} has given up its lease`, 'It has ended.');
  return document;
}

/** For whoever holds the lease of a run that is to stop. */
export function cancelledRun(job: string, runId: string): BeamliftError {
  return new BeamliftError('CANCELLED', {
    what: `Run ${runId} of job ${job} was cancelled`,
    where: { job },
    why: 'Somebody asked for it with `beamlift runs cancel`.',
    hint: 'Nothing was published. Run the job again when you are ready.',
  });
}
