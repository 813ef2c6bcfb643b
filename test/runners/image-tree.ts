import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const ROOT = path.resolve(__dirname, '../..');

/** How a program ended. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** What is in the image of beamlift, in a temporary folder, by the script that the Dockerfile uses. */
export class ImageTree {
  constructor(readonly folder: string) {}

  /** What a runner is told to start workers with. */
  get boot(): string {
    return path.join(this.folder, 'bin', 'beamlift-boot.js');
  }

  /** Runs Node.js in the folder, as in a container: without the repository's modules, and with nothing but PATH in the environment. */
  async node(...args: readonly string[]): Promise<Ended> {
    const { PATH = '' } = process.env;
    return await new Promise((resolve) => {
      execFile(
        process.execPath,
        [...args],
        { cwd: this.folder, env: { PATH }, timeout: 60_000 },
        (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err }),
      );
    });
  }

  async json(name: string): Promise<unknown> {
    return JSON.parse(await readFile(path.join(this.folder, name), 'utf8')) as unknown;
  }

  /** Compiled files, from the folder. */
  async files(): Promise<string[]> {
    const entries = await readdir(path.join(this.folder, 'dist'), { recursive: true });
    return entries.filter((name) => name.endsWith('.js')).map((name) => path.join('dist', name));
  }

  /** Command lines of the processes that run its code. */
  async processes(): Promise<string[]> {
    const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const lines = await Promise.all(
      ids.map(async (id) => await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')),
    );
    return lines
      .filter((line) => line.includes(this.folder))
      .map((line) => line.replaceAll('\0', ' ').trim());
  }
}

let made: Promise<ImageTree> | undefined;

/** The folder, made once for the suites of this process; for a `before` hook: takes half a minute, and more on a busy machine. */
export async function makeImageTree(): Promise<ImageTree> {
  made ??= make();
  return await made;
}

async function make(): Promise<ImageTree> {
  const folder = await mkdtemp(path.join(tmpdir(), 'beamlift-image-'));
  await promisify(execFile)(path.join(ROOT, 'deploy', 'make-image-tree'), [folder], { cwd: ROOT });
  return new ImageTree(folder);
}

// Of the root suite: after the last of those that used it.
after(async () => {
  const tree = await made?.catch(() => undefined);
  if (tree !== undefined) await rm(tree.folder, { recursive: true, force: true, maxRetries: 5 });
});
