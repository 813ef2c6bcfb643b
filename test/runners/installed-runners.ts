import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Folders that `.ci/install-runners` makes: the versions are in the names. */
const FOLDERS = { prism: 'prism-2.77.0', flink: 'flink-1.19-beam-2.62.0' } as const;

/** Throws, naming the script that installs it, when it is not there: a test that cannot run has failed. */
export function installedRunner(runner: keyof typeof FOLDERS): string {
  const { BEAMLIFT_SERVICES = '', XDG_CACHE_HOME = '' } = process.env;
  const caches = XDG_CACHE_HOME === '' ? join(homedir(), '.cache') : XDG_CACHE_HOME;
  const cache = BEAMLIFT_SERVICES === '' ? join(caches, 'beamlift-services') : BEAMLIFT_SERVICES;
  const folder = join(cache, FOLDERS[runner]);
  if (existsSync(folder)) return folder;
  throw new Error(`${runner} is not installed: there is no ${folder}; run .ci/install-runners ${runner}`);
}
