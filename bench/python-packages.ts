import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** For packages of 200 MB on a slow network. In milliseconds. */
const INSTALL_TIMEOUT_MS = 600_000;
/** Of what pip says, so many characters are shown, from the end. */
const SHOWN_CHARACTERS = 400;

/** A virtual environment, or why there is none. */
export type PythonPackages = { readonly folder: string } | { readonly missing: string };

/**
 * Installs packages (`name==version`) into a virtual environment of their own, once: it is kept among the user's caches under the name and
 * a hash of the packages. From wheels alone: nothing is built.
 */
export async function installPython(
  name: string,
  packages: readonly string[],
  note: (what: string) => void,
): Promise<PythonPackages> {
  const { XDG_CACHE_HOME = '' } = process.env;
  const caches = XDG_CACHE_HOME === '' ? path.join(homedir(), '.cache') : XDG_CACHE_HOME;
  const hash = createHash('sha256').update(packages.join('\n')).digest('hex').slice(0, 10);
  const folder = path.join(caches, 'beamlift-bench', `${name}-${hash}`);
  const ready = `${folder}/installed`;
  if (await exists(ready)) return { folder };
  note(`Installing ${packages.join(', ')}`);
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(path.dirname(folder), { recursive: true });
    await run('python3', ['-m', 'venv', folder]);
    await run(
      path.join(folder, 'bin', 'python'),
      [
        '-m',
        'pip',
        'install',
        '--quiet',
        '--disable-pip-version-check',
        '--only-binary',
        ':all:',
        ...packages,
      ],
      { timeout: INSTALL_TIMEOUT_MS },
    );
    // the last step: what an interrupted install leaves is removed by the next
    await mkdir(ready);
    return { folder };
  } catch (error) {
    const said = error as { stderr?: string; message: string };
    const why = (said.stderr ?? '').trim() || said.message;
    return { missing: `${packages.join(', ')} cannot be installed: ${why.slice(-SHOWN_CHARACTERS)}` };
  }
}

async function exists(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  );
}
