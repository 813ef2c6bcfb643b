import type { ProcessIdentity } from '../host';
import type { RunRecord } from './run-store';

/** What can be known about a run whose record says `running`. */
export type Liveness =
  /** Its process is there. */
  | 'alive'
  /** Its process is gone from this machine: it was killed, or the machine went down. */
  | 'lost'
  /** It runs on another machine, or its record names no process. */
  | 'unknown';

/**
 * Whether the process of a running run is still there. A process id that another program took over after the run died
 * cannot be told from the run itself, so `alive` may be wrong; `lost` is certain.
 */
export function livenessOf(
  record: RunRecord,
  self: ProcessIdentity,
  isAlive: (pid: number) => boolean,
): Liveness {
  const owner = processOf(record);
  if (owner === undefined || owner.machine !== self.machine) return 'unknown';
  // The one who asks makes no run: its own id on a record was another process's before (in containers often 1).
  return owner.pid !== self.pid && isAlive(owner.pid) ? 'alive' : 'lost';
}

/** The process that a running record names. */
export function processOf(record: RunRecord): ProcessIdentity | undefined {
  const owner = record.report?.['process'];
  if (typeof owner !== 'object' || owner === null || Array.isArray(owner)) return undefined;
  const { pid, machine } = owner;
  return typeof pid === 'number' && typeof machine === 'string' ? { pid, machine } : undefined;
}

/** The status as a person should read it: `running (lost)`, `running on HOST`. */
export function shownStatus(
  record: RunRecord,
  self: ProcessIdentity,
  isAlive: (pid: number) => boolean,
): string {
  if (record.status !== 'running') return record.status;
  const liveness = livenessOf(record, self, isAlive);
  if (liveness === 'lost') return 'running (lost)';
  const owner = processOf(record);
  return liveness === 'unknown' && owner !== undefined ? `running on ${owner.machine}` : 'running';
}
