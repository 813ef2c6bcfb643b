import { formatCounted } from '../core/counted';
import { BeamliftError } from '../core/errors';
import type { JobIdentity, JobState, OnStateConflict } from '../core/loader';

/** A job's state as it is kept, with what its fingerprint was made from, in words; null: not said. */
export interface KeptState {
  readonly state: JobState;
  readonly description: string | null;
}

/** The state as this job may use it. Throws STATE_CONFLICT. */
export function usableState(kept: KeptState, identity: JobIdentity, onConflict: OnStateConflict): JobState {
  const { state } = kept;
  if (state.fingerprint === identity.fingerprint)
    return onConflict === 'fresh' ? withoutProgress(state) : state;
  // A job that has published nothing has only been tried: a corrected name must not be held against it.
  if (onConflict === 'fail' && state.lastCommit !== null) throw stateConflict(identity, kept);
  const adopted: JobState = { ...state, fingerprint: identity.fingerprint };
  return onConflict === 'fresh' ? withoutProgress(adopted) : adopted;
}

/** The state of a job that has published nothing. The last commit stays: it is how a repeated one is recognised. */
function withoutProgress(state: JobState): JobState {
  return { ...state, watermark: null, files: Object.create(null) as Record<string, string>, intervals: [] };
}

function stateConflict(identity: JobIdentity, { state, description }: KeptState): BeamliftError {
  const before = description ?? `fingerprint ${state.fingerprint}`;
  const now = identity.description ?? `fingerprint ${identity.fingerprint}`;
  const watermark = state.watermark === null ? 'no watermark' : `watermark ${state.watermark}`;
  return new BeamliftError('STATE_CONFLICT', {
    what: `The state of job ${identity.job} was made by another source, timestamp_column or destination`,
    where: { job: identity.job },
    why: `It was: ${before} (${watermark}, ${formatCounted(Object.keys(state.files).length, 'file')}). It is: ${now}.${before === now ? ' The names are the same, so an address behind them is another one: host, database, path, project, bucket or endpoint.' : ''}`,
    hint: '--adopt-state goes on from that watermark; --fresh-state forgets it and loads from the beginning: a job that appends then adds to the rows of the table, and with --full-refresh replaces them. Where both are meant to exist, give one of the jobs another name.',
  });
}
