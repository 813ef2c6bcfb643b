import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Resources } from './limits';
import { installPython } from './python-packages';

/** The same version as @duckdb/node-api's: an extension is of one version of DuckDB. */
export const DUCKDB_VERSION = '1.5.5';
export const DUCKDB_PACKAGES = [
  `duckdb==${DUCKDB_VERSION}`,
  `duckdb-extension-postgres-scanner==${DUCKDB_VERSION}`,
] as const;

/** DuckDB's extension that reads PostgreSQL, installed from a package: nothing else is downloaded. */
export async function findScanner(note: (what: string) => void): Promise<Resources['scanner']> {
  const installed = await installPython('duckdb', DUCKDB_PACKAGES, note);
  if ('missing' in installed) return installed;
  const files = await readdir(installed.folder, { recursive: true });
  const file = files.find((name) => path.basename(name) === 'postgres_scanner.duckdb_extension');
  return file === undefined
    ? { missing: `no extension of DuckDB is below ${installed.folder}` }
    : { file: path.join(installed.folder, file) };
}
