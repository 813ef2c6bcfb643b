import { createRequire } from 'node:module';
import path from 'node:path';

/** Modules of a bundle by their names; each is made at its first use. */
export type BundleMembers = Readonly<Partial<Record<string, () => unknown>>>;

/** A bundle that was read: a module that exports its members. */
export interface Bundle {
  readonly members: BundleMembers;
  /** Its functions that were called so far, as V8 has compiled them. */
  readonly compiled: () => Buffer;
}

/** The folder of all modules. */
const ROOT = path.join(__dirname, '..');

export type OpenBundle = (file: string) => Bundle;

/** Of the whole thread: a module in it and the same one beside it would have two of each class. */
let bundleFile: string | undefined;
let openBundle: OpenBundle | undefined;
/** `bundleFile`, once something was taken from it. */
let opened: Bundle | undefined;

/**
 * Modules are taken from this bundle from now on, which is read when one is asked for; undefined: from their own files. To be called before any of them
 * has been loaded. `open` is `readBundle` of core/clients/bundle-file.ts.
 */
export function useBundle(file: string | undefined, open?: OpenBundle): void {
  bundleFile = file;
  openBundle = open;
  opened = undefined;
}

/** The code of the bundle in use as V8 has compiled it so far; undefined: nothing was taken from one. */
export function compiledBundle(): Buffer | undefined {
  return opened?.compiled();
}

/** For threads that are to use the same one. */
export function bundleInUse(): string | undefined {
  return bundleFile;
}

/**
 * `require` for what a module of the project, whose `__filename` is `file`, loads at its first use: modules of the project, and packages. `import()` would first
 * look through a package for names (0.2 s for DuckDB's); of modules of the project it would look for compiled files even where the sources are run, and would make
 * second instances of classes there.
 */
export function lazyModules(file: string): (name: string) => unknown {
  const ofFile: (name: string) => unknown = createRequire(file);
  const folder = path.relative(ROOT, path.dirname(file));
  return (name) => {
    const bundled = members()[name.startsWith('.') ? path.posix.join(folder, name) : name];
    return bundled === undefined ? ofFile(name) : bundled();
  };
}

function members(): BundleMembers {
  if (bundleFile === undefined || openBundle === undefined) return {};
  opened ??= openBundle(bundleFile);
  return opened.members;
}
