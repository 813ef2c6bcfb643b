import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { BeamliftError } from '../../core/errors';
import type { FileEntry } from '../../core/extractor';
import { fileSystemError, isMissing, localVersion } from './local-file';
import type { FilePattern } from './glob';

/** Entries of folders that one listing looks at; some 200 bytes each are kept. */
const MAX_WALKED_ENTRIES = 1_000_000;

/** Names that a notice shows. */
const SHOWN_NAMES = 3;

/** A pattern that names something hidden itself. */
const NAMES_HIDDEN = /(?:^|[/{,])\\?\./;

/** Goes through a folder and gathers the files that match. One walk for one listing. */
export class FolderWalk {
  readonly files: FileEntry[] = [];
  private walked = 0;
  private readonly skipped = new Map<string, string[]>();
  private readonly hidden: boolean;

  /** `root`: absolute, without links. `most`: the walk ends after so many files, for a look at what there is. */
  constructor(
    private readonly root: string,
    private readonly pattern: Pick<FilePattern, 'matches' | 'depth'>,
    patternText: string,
    private readonly signal: AbortSignal,
    private readonly most = Number.POSITIVE_INFINITY,
  ) {
    this.hidden = NAMES_HIDDEN.test(patternText);
  }

  /** What was left out that a user might expect, one sentence a reason. */
  get notices(): string[] {
    return Array.from(this.skipped, ([reason, names]) => {
      const shown = names.slice(0, SHOWN_NAMES).join(', ');
      return `${reason}: ${shown}${names.length > SHOWN_NAMES ? ` and ${names.length - SHOWN_NAMES} more` : ''}.`;
    });
  }

  /**
   * `folder` is relative to the root and ends with `/`, or is empty. Links to files are followed where they stay inside of the root; folders
   * behind links are not entered, so no file is found twice and no circle walked. Throws RIGHTS_MISSING, LIMIT_EXCEEDED.
   */
  async enter(folder: string): Promise<void> {
    const depth = folder.split('/').length;
    for (const entry of await this.entries(folder)) {
      if (this.files.length >= this.most) return;
      this.signal.throwIfAborted();
      this.count();
      const name = folder + entry.name;
      if (entry.name.startsWith('.') && !this.hidden) continue;
      if (entry.isDirectory()) {
        if (depth < this.pattern.depth) await this.enter(`${name}/`);
      } else if (entry.isSymbolicLink()) {
        await this.link(name, depth);
      } else if (this.pattern.matches(name)) {
        if (entry.isFile()) await this.add(name);
        else this.skip('Neither a file nor a folder, and left out', name);
      }
    }
  }

  /** Adds a file of this name; its link has been checked. */
  async add(name: string): Promise<void> {
    try {
      const found = await stat(path.join(this.root, name), { bigint: true });
      if (!found.isFile()) return;
      this.files.push({
        uri: name,
        bytes: Number(found.size),
        version: localVersion(found),
        lastModified: found.mtime.toISOString(),
      });
    } catch (error) {
      // A file that was removed since its folder was read is not there.
      if (!isMissing(error)) throw fileSystemError(error, name);
    }
  }

  private async entries(folder: string): Promise<Dirent[]> {
    try {
      return await readdir(path.join(this.root, folder), { withFileTypes: true });
    } catch (error) {
      if (isMissing(error) && folder !== '') return [];
      throw fileSystemError(error, folder === '' ? this.root : folder);
    }
  }

  private async link(name: string, depth: number): Promise<void> {
    const target = await realTarget(this.root, name);
    const matches = this.pattern.matches(name);
    if (target === undefined) {
      if (matches) this.skip('Links that lead nowhere, and are left out', name);
    } else if (!isInside(this.root, target)) {
      if (matches || depth < this.pattern.depth) {
        this.skip('Links that lead outside of the folder, and are left out', name);
      }
    } else if (matches) {
      await this.add(name);
    } else if (depth < this.pattern.depth && (await isFolder(target))) {
      this.skip('Links to folders, which are not searched', name);
    }
  }

  private skip(reason: string, name: string): void {
    const names = this.skipped.get(reason) ?? [];
    names.push(name);
    this.skipped.set(reason, names);
  }

  private count(): void {
    if (++this.walked <= MAX_WALKED_ENTRIES) return;
    throw new BeamliftError('LIMIT_EXCEEDED', {
      what: `The folder has more than ${MAX_WALKED_ENTRIES} entries below it.`,
      where: { object: this.root },
      hint: 'Give the connection a `path` closer to the files, or narrow `file_pattern` to one folder.',
    });
  }
}

/** Where a name of the folder really is; undefined: nowhere. */
export async function realTarget(root: string, name: string): Promise<string | undefined> {
  try {
    return await realpath(path.join(root, name));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw fileSystemError(error, name);
  }
}

/** Both absolute and without links. */
export function isInside(root: string, target: string): boolean {
  return target === root || target.startsWith(root.endsWith(path.sep) ? root : root + path.sep);
}

async function isFolder(target: string): Promise<boolean> {
  try {
    return (await stat(target)).isDirectory();
  } catch (error) {
    if (isMissing(error)) return false;
    throw fileSystemError(error, target);
  }
}
