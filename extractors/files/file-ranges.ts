import { BeamliftError } from '../../core/errors';
import type { FileEntry, RangeTarget } from '../../core/extractor';
import type { FileRange } from '../../core/plan';
import type { FormatReader } from '../formats/format-reader';
import type { ObjectStore } from './object-store';
import { openContent } from './opened-content';

/** Files that are cut, at most: the largest. Where there are more large files, they are work enough for all workers as they are. */
const MAX_CUT_FILES = 256;

/** Files that are looked into at once. */
const CUT_AT_ONCE = 8;

/**
 * Ranges of the files that have more than the target's bytes of text and that the reader can cut, by name. Throws what reading throws: what is wrong
 * with a file is said with its name.
 */
export async function fileRanges(
  store: ObjectStore,
  reader: FormatReader,
  files: readonly FileEntry[],
  target: RangeTarget,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly FileRange[]>> {
  const ranges = new Map<string, readonly FileRange[]>();
  const waiting = largeFiles(files, target.bytes / (reader.packing ?? 1));
  const work = async (): Promise<void> => {
    for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) {
      const found = await rangesOf(store, reader, entry, target, signal);
      if (found.length > 1) ranges.set(entry.uri, found);
    }
  };
  if (reader.ranges !== undefined) await Promise.all(Array.from({ length: CUT_AT_ONCE }, work));
  return ranges;
}

/** The largest files of more than `bytes`, the larger ones first. */
function largeFiles(files: readonly FileEntry[], bytes: number): FileEntry[] {
  return files
    .filter((file) => file.bytes > bytes)
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, MAX_CUT_FILES);
}

async function rangesOf(
  store: ObjectStore,
  reader: FormatReader,
  entry: FileEntry,
  target: RangeTarget,
  signal: AbortSignal,
): Promise<readonly FileRange[]> {
  try {
    const content = await openContent(store.content(entry), signal);
    if (!content.seekable) return [];
    return (await reader.ranges?.(content, target, signal)) ?? [];
  } catch (error) {
    throw error instanceof BeamliftError ? error.at({ object: entry.uri }) : error;
  }
}
