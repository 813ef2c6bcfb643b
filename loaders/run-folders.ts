import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { systemCode } from '../core/errors';
import type { RunContext } from '../core/plan';
import { asProcessIdentity, isRunning, ownIdentity } from './process-identity';

/** Says in a run's staging folder which process it belongs to. */
const OWNER_FILE = 'owner.json';

/** How long the folder of a dead run is left alone, in milliseconds: somebody may want to look at it. */
export const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;

/** Makes the staging folder of a run, readable for its user alone, and marks it as this process's. */
export async function claimRunFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    await writeFile(path.join(folder, OWNER_FILE), JSON.stringify(ownIdentity()), {
      flag: 'wx',
      mode: 0o600,
    });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}

/** Removes what a run staged: its own folder, which is named by its id, and nothing else. */
export async function sweepRunFolder(context: RunContext): Promise<void> {
  if (path.basename(context.stagingFolder) !== context.runId) return;
  await rm(context.stagingFolder, { recursive: true, force: true });
}

/**
 * Removes staging folders that killed runs left behind: those beside the run's own that name a process of this machine which is gone, and
 * in which nothing has changed for `graceMs`. What is not certainly such a folder stays. Returns the names of what was removed.
 */
export async function sweepAbandoned(
  context: RunContext,
  graceMs = ABANDONED_AFTER_MS,
  now = Date.now(),
): Promise<string[]> {
  const root = path.dirname(context.stagingFolder);
  const removed: string[] = [];
  for (const entry of await readdir(root, { withFileTypes: true }).catch(() => [])) {
    const folder = path.join(root, entry.name);
    if (!entry.isDirectory() || entry.name === path.basename(context.stagingFolder)) continue;
    if (!(await isOwnerDead(folder)) || now - (await newestChange(folder)) < graceMs) continue;
    await rm(folder, { recursive: true, force: true });
    removed.push(entry.name);
  }
  return removed;
}

async function isOwnerDead(folder: string): Promise<boolean> {
  try {
    const owner = asProcessIdentity(JSON.parse(await readFile(path.join(folder, OWNER_FILE), 'utf8')));
    return owner !== undefined && isRunning(owner) === false;
  } catch {
    return false;
  }
}

async function newestChange(folder: string): Promise<number> {
  let newest = (await stat(folder)).mtimeMs;
  for (const name of await readdir(folder)) {
    newest = Math.max(newest, (await stat(path.join(folder, name))).mtimeMs);
  }
  return newest;
}
