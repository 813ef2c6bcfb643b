import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Folders that `.ci/install-services` makes: the versions are in the names. */
const FOLDERS = {
  'local-bigquery': 'local-bigquery-0.4.0-duckdb-1.5.5',
  'fake-gcs-server': 'fake-gcs-server-1.56.1',
  azurite: 'azurite-3.35.0',
  versitygw: 'versitygw-1.8.0',
} as const;

/** Throws, naming the script that installs it, when it is not there: a test that cannot run has failed. */
export function installedService(service: keyof typeof FOLDERS): string {
  const { BEAMLIFT_SERVICES = '', XDG_CACHE_HOME = '' } = process.env;
  const caches = XDG_CACHE_HOME === '' ? join(homedir(), '.cache') : XDG_CACHE_HOME;
  const cache = BEAMLIFT_SERVICES === '' ? join(caches, 'beamlift-services') : BEAMLIFT_SERVICES;
  const folder = join(cache, FOLDERS[service]);
  if (existsSync(folder)) return folder;
  throw new Error(`${service} is not installed: there is no ${folder}; run .ci/install-services ${service}`);
}
