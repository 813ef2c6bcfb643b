import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { systemCode } from '../core/errors';

/** Which process holds or does something, exactly enough to tell it from a later one with the same id. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** Clock ticks after boot at which it began, from /proc; null where the system has no /proc. */
  readonly started: string | null;
}

/** This process. */
export function ownIdentity(): ProcessIdentity {
  return { host: hostname(), pid: process.pid, started: startOf(process.pid) };
}

/** An identity that was kept as JSON; undefined for anything else. */
export function asProcessIdentity(value: unknown): ProcessIdentity | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { host, pid, started } = value as Partial<Record<keyof ProcessIdentity, unknown>>;
  if (typeof host !== 'string' || typeof pid !== 'number') return undefined;
  return started === null || typeof started === 'string' ? { host, pid, started } : undefined;
}

/** Whether that process runs. `unknown`: it was on another host. Without /proc, a later process with its id is taken for it. */
export function isRunning(identity: ProcessIdentity): boolean | 'unknown' {
  if (identity.host !== hostname()) return 'unknown';
  // 0 and below mean groups of processes.
  if (!Number.isSafeInteger(identity.pid) || identity.pid <= 0) return false;
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    // EPERM: it is there, and another user's.
    if (systemCode(error) !== 'EPERM') return false;
  }
  return identity.started === null || startOf(identity.pid) === identity.started;
}

/** Field 22 of /proc/PID/stat; the name of the program, field 2, may hold blanks and ends with the last parenthesis. */
function startOf(pid: number): string | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[19] ?? null;
  } catch {
    return null;
  }
}
