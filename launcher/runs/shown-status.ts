import { asProcessIdentity, type ProcessIdentity } from '../../loaders/process-identity';
import type { RunRecord } from './run-store';

/**
 * The status as a person should read it. Of a run whose record says `running`: `running (lost)` where its process is gone from this
 * machine (it was killed, or the machine went down), `running on HOST` where only that machine knows.
 */
export function shownStatus(
  record: RunRecord,
  isRunning: (identity: ProcessIdentity) => boolean | 'unknown',
): string {
  if (record.status !== 'running') return record.status;
  const owner = asProcessIdentity(record.report?.['process']);
  if (owner === undefined) return 'running';
  const runs = isRunning(owner);
  if (runs === 'unknown') return `running on ${owner.host}`;
  return runs ? 'running' : 'running (lost)';
}
