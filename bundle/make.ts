/**
 * Puts what the command line loads at its first use into one file, `bundle.js` in the folder of compiled modules: Node.js takes 0.08 s of CPU
 * more to find and read hundreds of files, and 0.2 s on a second thread (measured). What the command line has loaded before is not in it, so that
 * nothing is loaded twice: those modules are taken from their own files. Beside it is its code as V8 has compiled it (compile.ts). Threads that run units use it, too; workers of Beam runners use the files alone.
 *
 *   tsx bundle/make.ts [FOLDER]
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { build, type Plugin } from 'esbuild';

/** What is loaded by its own name, and is bundled for its many files. All other packages are taken from where they are installed. */
const PACKAGES = ['@duckdb/node-api', 'yaml', 'zod'];
const BUNDLE = 'bundle.js';
const COMPILE = path.join(__dirname, 'compile.ts');
/** Where the command line begins. */
const ENTRY = 'launcher/cli.js';
/** What a module loads at its first use: see core/lazy-modules.ts. Every call has to be of this form. */
const LAZY = /\bload\(['"]([^'"]+)['"]\)/g;
const LOADER = /\blazyModules\)\(__filename\)/;
const NAMED_LOADER = /\bload = \(0, \w+\.lazyModules\)\(__filename\)/;

async function main([folder = path.join(__dirname, '..', 'dist')]: readonly string[]): Promise<void> {
  const root = path.resolve(folder);
  const loadedBefore = await modulesOf(root);
  const names = lazyNames(root);
  const members = [...names].map((name) => {
    const target = name.startsWith('@') || PACKAGES.includes(name) ? name : `./${name}.js`;
    return `  ${JSON.stringify(name)}: () => require(${JSON.stringify(target)}),`;
  });
  await build({
    stdin: {
      contents: `module.exports = {\n${members.join('\n')}\n};\n`,
      resolveDir: root,
      sourcefile: 'bundle-members.js',
    },
    absWorkingDir: root,
    outfile: path.join(root, BUNDLE),
    banner: { js: 'const modulesFolder = __dirname;' },
    plugins: [ownFiles(root, loadedBefore)],
    ...{ bundle: true, platform: 'node', target: 'node20', format: 'cjs' },
    ...{ minifyWhitespace: true, minifySyntax: true, sourcemap: 'linked', sourcesContent: false },
    logLevel: 'warning',
  });
  if (/(?<![.\w])import\(/.test(readFileSync(path.join(root, BUNDLE), 'utf8')))
    throw new Error('A package in the bundle imports others in a call, which a bundle cannot');
  const compiling = spawnSync(process.execPath, [...process.execArgv, COMPILE, root], { encoding: 'utf8' });
  if (compiling.status !== 0)
    throw new Error(`The bundle does not run: ${compiling.stdout}${compiling.stderr}`);
}

/** The compiled modules that the command line loads before it knows what to do, by their paths. */
async function modulesOf(root: string): Promise<ReadonlySet<string>> {
  const { metafile } = await build({
    entryPoints: [path.join(root, ENTRY)],
    ...{ bundle: true, platform: 'node', format: 'cjs', packages: 'external' },
    ...{ metafile: true, write: false, absWorkingDir: root, logLevel: 'warning' },
  });
  return new Set(Object.keys(metafile.inputs).map((input) => path.resolve(root, input)));
}

/** Everything that a compiled module loads at its first use, as a bundle has it. */
function lazyNames(root: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const entry of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    if (!entry.endsWith('.js') || entry === BUNDLE) continue;
    const text = readFileSync(path.join(root, entry), 'utf8');
    if (!LOADER.test(text)) continue;
    if (!NAMED_LOADER.test(text) || /\bload\((?!['"])/.test(text))
      throw new Error(`${entry}: what lazyModules returns is to be called load, and to be given a literal`);
    for (const [, name = ''] of text.matchAll(LAZY)) {
      if (name.startsWith('.')) names.add(path.posix.join(path.dirname(entry), name));
      else if (PACKAGES.includes(name)) names.add(name);
    }
  }
  return names;
}

/** Modules of the project see the files that they would be in, and import packages as core/clients/bundle-file.ts says; those that were loaded before, and most packages, stay outside. */
function ownFiles(root: string, loadedBefore: ReadonlySet<string>): Plugin {
  return {
    name: 'own files',
    setup(bundler) {
      bundler.onResolve({ filter: /^[^.]/ }, ({ path: name, importer }) => {
        const isOfPackage = path.isAbsolute(importer) && path.relative(root, importer).startsWith('..');
        const isBundled = isOfPackage || PACKAGES.includes(name);
        return isBundled && !name.startsWith('@duckdb/node-bindings')
          ? undefined
          : { path: name, external: true };
      });
      bundler.onResolve({ filter: /^\./ }, ({ path: name, resolveDir }) => {
        const file = path.resolve(resolveDir, name.endsWith('.js') ? name : `${name}.js`);
        if (!loadedBefore.has(file)) return undefined;
        return { path: `./${path.relative(root, file)}`, external: true };
      });
      bundler.onLoad({ filter: /\.js$/ }, ({ path: file }) => {
        if (path.relative(root, file).startsWith('..')) return undefined;
        const text = readFileSync(file, 'utf8').replace(/\bimport\(/g, 'importPackage(');
        if (!/\b__(?:dirname|filename)\b/.test(text)) return { contents: text, loader: 'js' };
        const at = (name: string): string => `modulesFolder + ${JSON.stringify(`/${name}`)}`;
        const own = path.relative(root, file);
        const names = `var __filename = ${at(own)}, __dirname = ${at(path.dirname(own))};`;
        return { contents: text.replace(/^("use strict";)?/, `$1${names}`), loader: 'js' };
      });
    },
  };
}

void main(process.argv.slice(2));
