import type { FileRange } from '../../core/plan';
import type { FileContent } from './format-reader';
import { byteRanges, cutTargets, findCuts } from './record-ranges';

/** Bytes looked through for a line end, piece by piece. */
const LOOK_BYTES = 64 * 1024;

/** A line that goes on for so many bytes is not looked through further: the file is not cut there. */
const MAX_LOOK_BYTES = 4 * 1024 * 1024;

const LINE_FEED = 10;

/** Ranges of JSON lines: a line feed ends a line wherever it stands, as JSON texts cannot hold one. */
export async function jsonlRanges(
  file: FileContent,
  targetBytes: number,
  signal: AbortSignal,
): Promise<FileRange[]> {
  const targets = cutTargets(0, file.bytes, targetBytes);
  return byteRanges(file.bytes, await findCuts(targets, (target) => behindLine(file, target, signal)));
}

/** Behind the first line feed from `from` on. */
async function behindLine(file: FileContent, from: number, signal: AbortSignal): Promise<number | undefined> {
  for (let at = from; at < Math.min(from + MAX_LOOK_BYTES, file.bytes); at += LOOK_BYTES) {
    const slice = await file.slice(at, Math.min(at + LOOK_BYTES, file.bytes), signal);
    const found = slice.indexOf(LINE_FEED);
    if (found >= 0) return at + found + 1;
  }
  return undefined;
}
