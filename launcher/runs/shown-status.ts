import { asProcessIdentity, type ProcessIdentity } from '../../loaders/process-identity';
import { notedPipeline } from './noted-pipeline';
import type { RunRecord } from './run-store';

/**
 * The status as a person should read it. Of a run whose record says `running`: `running (lost)` where its process is gone from this
 * machine (it was killed, or the machine went down), `running on HOST` where only that machine knows; `running (detached)` where a pipeline goes on without a process of ours.
 */
export function shownStatus(
  record: RunRecord,
  isRunning: (identity: ProcessIdentity) => boolean | 'unknown',
): string {
  if (record.status !== 'running') return record.status;
  const owner = asProcessIdentity(record.report?.['process']);
  if (owner === undefined) return 'running';
  const runs = isRunning(owner);
  if (runs === true) return 'running';
  if (notedPipeline(record) !== undefined) return 'running (detached)';
  return runs === 'unknown' ? `running on ${owner.host}` : 'running (lost)';
}
