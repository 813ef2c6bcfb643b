import { formatCounted } from '../../core/counted';
import { BeamliftError } from '../../core/errors';
import type { JobIdentity, JobState, OnStateConflict } from '../../core/loader';
import type { LeaseHolder, StateRow } from './state-table';

export interface LeaseRequest {
  readonly identity: JobIdentity;
  readonly runId: string;
  readonly onConflict: OnStateConflict;
  /** Whether the process of the run that has the lease is there; `unknown`: on another machine. */
  readonly holderRuns: (holder: LeaseHolder) => boolean | 'unknown';
}

export interface LeaseDecision {
  /** As it is from now on, with the new fence; null: the job never ran here. */
  readonly state: JobState | null;
  readonly fence: number;
  /** The dead run that had the lease. */
  readonly takenFrom: string | undefined;
}

/** Whether the lease may be taken, and what becomes of the state. Throws LEASE_HELD or STATE_CONFLICT. */
export function decideLease(row: StateRow | undefined, request: LeaseRequest): LeaseDecision {
  if (row === undefined) return { state: null, fence: 1, takenFrom: undefined };
  const { identity, runId, onConflict } = request;
  const holder = row.run === null || row.run.id === runId ? undefined : row.run;
  if (holder !== undefined && isAlive(holder, request)) throw leaseHeld(identity, holder);
  const fence = row.state.fence + 1;
  return { state: { ...usableState(row, identity, onConflict), fence }, fence, takenFrom: holder?.id };
}

/** The state as this job may use it. Throws STATE_CONFLICT. */
export function usableState(row: StateRow, identity: JobIdentity, onConflict: OnStateConflict): JobState {
  const { state } = row;
  if (state.fingerprint === identity.fingerprint)
    return onConflict === 'fresh' ? withoutProgress(state) : state;
  // A job that has published nothing has only been tried: a corrected name must not be held against it.
  if (onConflict === 'fail' && state.lastCommit !== null) throw stateConflict(identity, row);
  const kept: JobState = { ...state, fingerprint: identity.fingerprint };
  return onConflict === 'fresh' ? withoutProgress(kept) : kept;
}

/** The state of a job that has published nothing. The last commit stays: it is how a repeated one is recognised. */
function withoutProgress(state: JobState): JobState {
  return { ...state, watermark: null, files: Object.create(null) as Record<string, string>, intervals: [] };
}

/** A process of this machine that is gone is dead at once; of others only the lease's end tells. */
function isAlive(holder: LeaseHolder, { holderRuns }: LeaseRequest): boolean {
  return !holder.expired && holderRuns(holder) !== false;
}

function leaseHeld({ job }: JobIdentity, holder: LeaseHolder): BeamliftError {
  return new BeamliftError('LEASE_HELD', {
    what: `Job ${job} is being run by ${holder.id}`,
    where: { job },
    why: `Process ${holder.pid} on ${holder.host} has the job's lease since ${holder.startedAt}; it renews it, now until ${holder.leaseUntil}.`,
    hint: 'Wait until that run is done, or end its process: a dead run on this machine is taken over at once, one on another machine when its lease ends.',
  });
}

function stateConflict(identity: JobIdentity, { state, description }: StateRow): BeamliftError {
  const before = description ?? `fingerprint ${state.fingerprint}`;
  const now = identity.description ?? `fingerprint ${identity.fingerprint}`;
  const watermark = state.watermark === null ? 'no watermark' : `watermark ${state.watermark}`;
  return new BeamliftError('STATE_CONFLICT', {
    what: `The state of job ${identity.job} was made by another source, timestamp_column or destination`,
    where: { job: identity.job },
    why: `It was: ${before} (${watermark}, ${formatCounted(Object.keys(state.files).length, 'file')}). It is: ${now}.`,
    hint: '--adopt-state goes on from that watermark; --fresh-state forgets it and loads from the beginning: a job that appends then adds to the rows of the table, and with --full-refresh replaces them. Where both are meant to exist, give one of the jobs another name.',
  });
}
