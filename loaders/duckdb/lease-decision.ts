import { BeamliftError } from '../../core/errors';
import type { JobIdentity, JobState, OnStateConflict } from '../../core/loader';
import { usableState } from '../usable-state';
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
