/**
 * Loads a few rows with the bundle in a folder of compiled modules, and writes beside it what V8 has compiled for that: `core/clients/bundle-file.ts` says how it is used.
 * In a process of its own, since the modules of the folder run in it.
 *
 *   tsx bundle/compile.ts FOLDER
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type * as BundleFile from '../core/clients/bundle-file';
import type * as LazyModules from '../core/lazy-modules';
import type * as Main from '../launcher/main';
import type * as ProcessHost from '../launcher/process-host';

/** A value of most types, and a null. */
const ROWS = [
  'id,name,price,day,at,document',
  '1,anna,10.50,2024-01-01,2024-01-01T10:00:00Z,"{""a"": [1, 2.5]}"',
  '2,"b ""quoted""",,2024-01-02,2024-01-02T10:00:00.5Z,{}',
  '',
].join('\n');

async function main(root: string, bundle: string): Promise<void> {
  const load = createRequire(path.join(root, 'package.json'));
  const { compiledBundle, useBundle } = load('./core/lazy-modules.js') as typeof LazyModules;
  const { compiledFileOf, readBundle, withChecks } = load(
    './core/clients/bundle-file.js',
  ) as typeof BundleFile;
  rmSync(compiledFileOf(bundle), { force: true });
  useBundle(bundle, readBundle);
  const { createProcessHost } = load('./launcher/process-host.js') as typeof ProcessHost;
  const { main: beamlift } = load('./launcher/main.js') as typeof Main;

  const folder = mkdtempSync(path.join(tmpdir(), 'beamlift-compile-'));
  try {
    writeFileSync(path.join(folder, 'rows.csv'), ROWS);
    const host = createProcessHost(process, { HOME: folder }, new AbortController().signal);
    const from = ['--from', folder, '--files', 'rows.csv'];
    const code = await beamlift(['run', ...from, '--to', 'duckdb:warehouse.duckdb'], {
      ...host,
      cwd: folder,
    });
    const compiled = compiledBundle();
    if (code !== 0 || compiled === undefined) throw new Error('The bundle could not load the rows.');
    writeFileSync(compiledFileOf(bundle), withChecks(bundle, compiled));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const root = path.resolve(process.argv[2] ?? '');
void main(root, path.join(root, 'bundle.js')).catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
