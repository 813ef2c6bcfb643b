import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import ts from 'typescript';

const ROOT = path.join(__dirname, '..', '..', '..', '..');

/** What a unit is run with. */
const FOLDERS = ['core', 'transforms', 'extractors', 'loaders', 'pipelines'];

/** The sources as JavaScript, as the build makes them, in a new folder from which packages are found. To be removed by the caller. */
export async function compileSources(): Promise<string> {
  const cache = path.join(ROOT, '.cache');
  await mkdir(cache, { recursive: true });
  const target = await mkdtemp(path.join(cache, 'compiled-'));
  for (const folder of FOLDERS) await compileFolder(path.join(ROOT, folder), path.join(target, folder));
  return target;
}

async function compileFolder(from: string, to: string): Promise<void> {
  await mkdir(to);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = path.join(from, entry.name);
    if (entry.isDirectory()) {
      // The Beam SDK is no part of it.
      if (entry.name !== 'beam') await compileFolder(source, path.join(to, entry.name));
    } else if (entry.name.endsWith('.ts')) {
      const { outputText } = ts.transpileModule(await readFile(source, 'utf8'), {
        compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.Node20 },
        fileName: source,
      });
      await writeFile(path.join(to, entry.name.replace(/\.ts$/, '.js')), outputText);
    }
  }
}
