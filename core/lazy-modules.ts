import { createRequire } from 'node:module';
import path from 'node:path';

/**
 * Modules that were put into one file, which is read faster than hundreds: by their paths from the folder of all modules, without their ending;
 * packages by their names. Each is made at its first use.
 */
type Bundle = Readonly<Partial<Record<string, () => unknown>>>;

/** The folder of all modules. */
const ROOT = path.join(__dirname, '..');

/** Of the whole thread: a module in it and the same one beside it would have two of each class. */
let bundleFile: string | undefined;

/**
 * Modules are taken from this bundle from now on, which is read when one is asked for; undefined: from their own files. To be called before any of them
 * has been loaded.
 */
export function useBundle(file: string | undefined): void {
  bundleFile = file;
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
    const bundle = bundleFile === undefined ? {} : (ofFile(bundleFile) as Bundle);
    const bundled = bundle[name.startsWith('.') ? path.posix.join(folder, name) : name];
    return bundled === undefined ? ofFile(name) : bundled();
  };
}
