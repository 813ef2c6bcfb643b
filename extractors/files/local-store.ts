import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { BeamliftError } from '../../core/errors';
import type { FileEntry } from '../../core/extractor';
import { nearestName } from '../../core/nearest-name';
import { FolderWalk, isInside, realTarget } from './folder-walk';
import { compilePattern, type FilePattern } from './glob';
import { fileSystemError, isMissing, LocalFile } from './local-file';
import type { Listing, ObjectStore } from './object-store';

/** Files looked at to suggest a name when nothing matches. */
const MAX_SUGGESTED_FROM = 2000;

/** Names that an error shows. */
const SHOWN_NAMES = 5;

/** Opens a folder of this machine. Throws SOURCE_NOT_FOUND, RIGHTS_MISSING. */
export async function openLocalStore(folder: string): Promise<ObjectStore> {
  const root = await realFolder(folder);
  return {
    list: (pattern, signal) => listFolder(root, pattern, signal),
    content: (entry) => new LocalFile(root, entry),
  };
}

/** The folder without links. */
async function realFolder(folder: string): Promise<string> {
  try {
    const root = await realpath(folder);
    if ((await stat(root)).isDirectory()) return root;
  } catch (error) {
    if (!isMissing(error)) throw fileSystemError(error, folder);
    throw new BeamliftError('SOURCE_NOT_FOUND', {
      what: `The folder ${folder} does not exist.`,
      where: { object: folder },
      hint: 'Check `path` of the connection: a relative path is meant from the folder of the configuration file.',
      cause: error,
    });
  }
  throw new BeamliftError('SOURCE_NOT_FOUND', {
    what: `${folder} is a file, not a folder.`,
    where: { object: folder },
    hint: `Write its folder as \`path\` of the connection, and ${path.basename(folder)} as \`file_pattern\` of the job.`,
  });
}

async function listFolder(root: string, patternText: string, signal: AbortSignal): Promise<Listing> {
  const pattern = compilePattern(patternText);
  const walk = new FolderWalk(root, pattern, patternText, signal);
  const start = await startOf(root, pattern);
  if (start?.kind === 'file') await walk.add(start.name);
  else if (start !== undefined) await walk.enter(start.name);
  if (walk.files.length === 0) {
    throw await nothingFound(root, patternText, start !== undefined, walk.notices, signal);
  }
  return { files: walk.files.sort(byName), notices: walk.notices };
}

function byName(a: FileEntry, b: FileEntry): number {
  return a.uri < b.uri ? -1 : a.uri > b.uri ? 1 : 0;
}

/** Where listing begins: the file or folder that the pattern names, or the folder that its globs have in common. Undefined: it is not there. */
async function startOf(
  root: string,
  pattern: FilePattern,
): Promise<{ kind: 'file' | 'folder'; name: string } | undefined> {
  const named = pattern.literal ?? pattern.folder;
  const target = await realTarget(root, named);
  if (target === undefined) return undefined;
  if (!isInside(root, target)) {
    throw new BeamliftError('PATH_OUTSIDE', {
      what: `${named} lies outside of the folder of its connection.`,
      where: { object: path.join(root, named) },
      why: `It is a link, or behind a link, to ${target}.`,
      hint: 'Move the files into the folder, or give the connection another `path`.',
    });
  }
  if ((await stat(target)).isDirectory()) {
    return { kind: 'folder', name: named === '' || named.endsWith('/') ? named : `${named}/` };
  }
  return named.endsWith('/') ? undefined : { kind: 'file', name: named };
}

async function nothingFound(
  root: string,
  pattern: string,
  startExists: boolean,
  notices: readonly string[],
  signal: AbortSignal,
): Promise<BeamliftError> {
  const everything = { matches: () => true, depth: Number.POSITIVE_INFINITY };
  const walk = new FolderWalk(root, everything, '', signal, MAX_SUGGESTED_FROM);
  await walk.enter('');
  const names = walk.files.map((file) => file.uri).sort();
  const near = nearestName(pattern, names);
  const shown = names.slice(0, SHOWN_NAMES).join(', ');
  const there =
    names.length === 0
      ? 'The folder holds no files at all.'
      : `The folder holds ${shown}${names.length > SHOWN_NAMES ? ', …' : ''}.`;
  const literal = compilePattern(pattern).literal;
  const code = startExists || literal === undefined || literal === '' ? 'SOURCE_EMPTY' : 'SOURCE_NOT_FOUND';
  return new BeamliftError(code, {
    what:
      code === 'SOURCE_EMPTY'
        ? `No file in ${root} matches ${JSON.stringify(pattern)}.`
        : `There is no ${JSON.stringify(pattern)} in ${root}.`,
    where: { object: path.join(root, pattern) },
    why: [there, ...notices].join(' '),
    hint:
      near === undefined
        ? '`**/*.csv` finds files in folders below, too; hidden files must be named with their dot.'
        : `Did you mean ${JSON.stringify(near)}?`,
  });
}
