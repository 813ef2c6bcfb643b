import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import { systemCode } from '../core/errors';

/** Which process holds something, exactly enough to tell it from a later one with the same id. */
export const processIdentitySchema = z.object({
  host: z.string(),
  pid: z.int(),
  /** Clock ticks after boot at which it began, from /proc; null where the system has no /proc. */
  started: z.string().nullable(),
});
export type ProcessIdentity = z.infer<typeof processIdentitySchema>;

export function ownIdentity(): ProcessIdentity {
  return { host: hostname(), pid: process.pid, started: startOf(process.pid) };
}

/** Whether that process runs. `unknown`: it was on another host. */
export function isRunning(identity: ProcessIdentity): boolean | 'unknown' {
  if (identity.host !== hostname()) return 'unknown';
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
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
