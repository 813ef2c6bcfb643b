import { BeamliftError } from '../../core/errors';
import type { JobIdentity, OnStateConflict } from '../../core/loader';
import type { ProcessIdentity } from '../process-identity';
import { usableState } from '../usable-state';
import { LEASE_MS } from './kept-lease';
import { jobStateOf, newStateDocument, unfinishedRunOf, type StateDocument } from './state-document';
import type { KeptDocument } from './state-session';

export interface LeaseRequest {
  readonly identity: JobIdentity;
  readonly runId: string;
  readonly onConflict: OnStateConflict;
  readonly holder: ProcessIdentity;
  /** Whether a process is there; `unknown`: on another machine. */
  readonly isRunning: (identity: ProcessIdentity) => boolean | 'unknown';
}

/**
 * The state with the lease taken and a higher fence. A lease is free when it was given up, when its process is gone from this machine,
 * or when nobody renewed it for LEASE_MS. Throws LEASE_HELD or STATE_CONFLICT.
 */
export function takeLease(
  kept: KeptDocument | undefined,
  request: LeaseRequest,
  nowIso: string,
): Omit<StateDocument, 'nonce'> {
  const { identity, runId, holder } = request;
  const lease = { runId, holder, startedAt: nowIso, cancelRequested: false };
  if (kept === undefined) {
    const first = newStateDocument(identity.job, identity.fingerprint, identity.description ?? null);
    return { ...first, lease };
  }
  const { document } = kept;
  if (document.lease !== null && isAlive(kept, request)) throw leaseHeld(request, document.lease);
  refuseToForget(document, request);
  const state = usableState(
    { state: jobStateOf(document), description: document.description },
    identity,
    request.onConflict,
  );
  return {
    ...document,
    ...state,
    files: { ...state.files },
    intervals: [...state.intervals],
    description: identity.description ?? document.description,
    fence: document.fence + 1,
    lease,
  };
}

/** Whether somebody has the lease now. */
export function isAlive(
  { document: { lease }, ageMs }: KeptDocument,
  { runId, isRunning }: Pick<LeaseRequest, 'runId' | 'isRunning'>,
): boolean {
  if (lease === null || lease.left === true || lease.runId === runId) return false;
  return ageMs < LEASE_MS && isRunning(lease.holder) !== false;
}

/** Whose rows may still become visible decides what the state is: neither adopting nor forgetting may come in between. */
function refuseToForget(document: StateDocument, { identity, onConflict }: LeaseRequest): void {
  const unfinished = unfinishedRunOf(document);
  if (unfinished === null || unfinished.state === 'staging') return;
  if (document.fingerprint === identity.fingerprint && onConflict !== 'fresh') return;
  throw new BeamliftError('STATE_CONFLICT', {
    what: `Run ${unfinished.runId} of job ${identity.job} has not ended, and the job is another one now`,
    where: { job: identity.job },
    why:
      unfinished.state === 'needs_attention'
        ? `It needs attention: ${unfinished.reason ?? 'see its record'}.`
        : 'Its rows may be published already, or may still be.',
    hint: `Put the configuration back to what it was (${document.description ?? 'see the run'}) and end that run: \`beamlift runs resume ${unfinished.runId}\` or \`beamlift runs cancel ${unfinished.runId}\`. Then change the job.`,
  });
}

function leaseHeld(
  { identity: { job } }: LeaseRequest,
  { runId, holder, startedAt }: NonNullable<StateDocument['lease']>,
): BeamliftError {
  return new BeamliftError('LEASE_HELD', {
    what: `Job ${job} is being run by ${runId}`,
    where: { job },
    why: `Process ${holder.pid} on ${holder.host} has the job's lease since ${startedAt}, and renews it.`,
    hint: `Wait until that run is done, or ask it to stop: \`beamlift runs cancel ${runId}\`. A dead run on this machine is taken over at once, one on another machine ${LEASE_MS / 1000} s after its last sign of life.`,
  });
}
