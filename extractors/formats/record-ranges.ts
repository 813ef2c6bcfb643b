import { BeamliftError } from '../../core/errors';
import type { RowBatch } from '../../core/extractor';
import type { FileRange } from '../../core/plan';
import type { FileContent } from './format-reader';

const LINE_FEED = 10;

/** Finds records in bytes that come piece by piece. */
interface RecordScanner {
  readonly bytes: number;
  feed(piece: Uint8Array): void;
  end(): void;
}

/**
 * The scanner of a range of a text file, which proves at its end that a record ends exactly there; `isBetween` says so of all that was fed.
 *
 * What makes a file's ranges add up to the file: the first one begins where the file does, so its records are those of the file. A range whose
 * bytes end with a line feed and, read from a place where a record begins, end between two records, ends where a record of the file ends; so
 * the next range begins where one begins, and so on to the end of the file. Planning only guesses where a record begins. If it guessed wrong, the
 * first range (in the order of the file) with a wrong end fails, whatever the others find; and a run is committed with all of its units or not at all.
 *
 * Only line feeds are ends of ranges: behind a carriage return the line end may go on.
 */
export function provenRange<Scanner extends RecordScanner>(
  scanner: Scanner,
  isBetween: (scanner: Scanner) => boolean,
  file: FileContent,
  range: FileRange,
): RecordScanner {
  let last = -1;
  return {
    get bytes() {
      return scanner.bytes;
    },
    feed(piece) {
      last = piece.at(-1) ?? last;
      inRange(range, () => scanner.feed(piece));
    },
    end() {
      if (range.end < file.bytes && !(last === LINE_FEED && isBetween(scanner)))
        throw wrongCut(file, range.end);
      inRange(range, () => scanner.end());
    },
  };
}

/** The error of a range that does not begin or end where a record does. */
export function wrongCut(file: FileContent, offset: number): BeamliftError {
  return new BeamliftError('FORMAT_INVALID', {
    what: `The file was cut at byte ${offset}, which turned out not to be where a record ends.`,
    where: { object: file.uri },
    why: 'Where a large file can be cut is guessed from a few lines around that place; here a quoted field looks like records, or quotes are not balanced.',
    hint: 'Set `split: { by: none }` in the job: then the file is read in one piece.',
  });
}

/** The batch with its rows named `line 12 after byte 67108864`: how many lines there are before is not known. */
export function placedInRange(batch: RowBatch, range: FileRange): RowBatch {
  if (range.start === 0) return batch;
  const { nameRow } = batch;
  const named = (row: string): string => `${row} after byte ${range.start}`;
  return {
    ...batch,
    rejects: batch.rejects.map((reject) => ({ ...reject, row: named(reject.row) })),
    ...(nameRow === undefined ? {} : { nameRow: (index: number) => named(nameRow(index)) }),
  };
}

/** Which range of a file fails first, if it was cut in a wrong place, is a matter of time; that one may not know it. */
const MAYBE_WRONG_CUT =
  'If that line looks right, the file may have been cut in a wrong place: set `split: { by: none }` in the job.';

/** Runs what counts lines from the beginning of the range; its errors say so. */
function inRange(range: FileRange, run: () => void): void {
  try {
    run();
  } catch (error) {
    const isPlaced = error instanceof BeamliftError && error.where.row !== undefined;
    if (!isPlaced || range.start === 0) throw error;
    throw new BeamliftError(error.code, {
      what: error.what,
      where: { ...error.where, row: `${error.where.row} after byte ${range.start}` },
      why: [error.why, `Lines are counted from byte ${range.start} of the file.`].filter(Boolean).join(' '),
      hint: [error.hint, MAYBE_WRONG_CUT].filter(Boolean).join(' '),
      cause: error,
    });
  }
}

/** Places to cut at, evenly spread; none for a file of one range. */
export function cutTargets(from: number, bytes: number, targetBytes: number): number[] {
  const count = Math.floor(bytes / Math.max(1, targetBytes));
  const targets = Array.from({ length: Math.max(0, count - 1) }, (_, index) =>
    Math.round((bytes * (index + 1)) / count),
  );
  return targets.filter((target) => target > from);
}

/** Ranges between the cuts that were found; `cuts` in any order, undefined where none was. */
export function byteRanges(bytes: number, cuts: readonly (number | undefined)[]): FileRange[] {
  const inner = cuts.filter((cut) => cut !== undefined && cut > 0 && cut < bytes);
  const bounds = [0, ...new Set(inner), bytes].map((cut) => cut ?? 0).sort((a, b) => a - b);
  return bounds.slice(1).map((end, index) => {
    const start = bounds[index] ?? 0;
    return { by: 'byte', start, end, bytes: end - start };
  });
}

/** Places that are looked at at once. */
const CUTS_AT_ONCE = 4;

/** What `find` says for each target, in their order. */
export async function findCuts(
  targets: readonly number[],
  find: (target: number) => Promise<number | undefined>,
): Promise<(number | undefined)[]> {
  const cuts: (number | undefined)[] = [];
  for (let start = 0; start < targets.length; start += CUTS_AT_ONCE) {
    cuts.push(...(await Promise.all(targets.slice(start, start + CUTS_AT_ONCE).map(find))));
  }
  return cuts;
}
