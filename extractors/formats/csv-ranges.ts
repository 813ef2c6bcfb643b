import type { FileRange } from '../../core/plan';
import type { CsvSettings } from './csv-dialect';
import type { ColumnNames } from './csv-header';
import { CsvScanner, type CsvStart } from './csv-scanner';
import { CsvTable } from './csv-table';
import type { FileContent } from './format-reader';
import { byteRanges, cutTargets, findCuts } from './record-ranges';

/** Bytes looked at around a place to cut at. Records that are longer than that are not told from text: the file is not cut there. */
const WINDOW_BYTES = 64 * 1024;

/** Windows looked through for one cut, one behind the other. */
const WINDOWS_OF_A_CUT = 4;

/** Line ends of a window that are tried; each may parse the whole window twice. */
const TRIES_IN_WINDOW = 32;

/** A header that ends behind so many bytes is looked for no further: the file is not cut. */
const MAX_HEAD_BYTES = 4 * 1024 * 1024;

/** The share of records that may be no rows, of a text in which nothing else is in doubt. */
const MISFITS = 0.1;

const LINE_FEED = 10;

/** What every range must know of the file's beginning. */
export interface CsvHead {
  readonly start: CsvStart;
  readonly columns: ColumnNames;
  /** The header, or where there is none the first row, ends here or before; other ranges begin here or behind. */
  readonly end: number;
}

/**
 * Reads the beginning of a file. Undefined: it cannot be read in ranges: it holds no record within MAX_HEAD_BYTES, or it must be decoded
 * from its beginning (UTF-16 and others that are not UTF-8 or latin1). Throws what `CsvTable.classify` throws.
 */
export async function csvHead(
  file: FileContent,
  settings: CsvSettings,
  signal: AbortSignal,
): Promise<CsvHead | undefined> {
  const table = new CsvTable(settings);
  const scanner = new CsvScanner(settings, (record) => {
    if (table.columns === undefined) table.classify(record);
  });
  const most = Math.min(file.bytes, MAX_HEAD_BYTES);
  for (let at = 0; at < most; at += WINDOW_BYTES) {
    const piece = await file.slice(at, Math.min(at + WINDOW_BYTES, most), signal);
    for (let start = 0; start < piece.length;) {
      const found = piece.indexOf(LINE_FEED, start);
      const end = found < 0 ? piece.length : found + 1;
      scanner.feed(piece.subarray(start, end));
      start = end;
      if (scanner.encoding?.transcode !== undefined) return undefined;
      if (table.columns === undefined || scanner.encoding === undefined) continue;
      return { start: { encoding: scanner.encoding, line: 1 }, columns: table.columns, end: at + end };
    }
  }
  return undefined;
}

/**
 * Ranges of a CSV file, by a guess that reading proves (see `provenRange`): near each place where it would be cut, a line end is looked for
 * behind which the text reads as rows of the table, and does not read as the inside of a quoted field.
 */
export async function csvRanges(
  file: FileContent,
  settings: CsvSettings,
  targetBytes: number,
  signal: AbortSignal,
): Promise<FileRange[]> {
  if (file.bytes < 2 * targetBytes) return [];
  const head = await csvHead(file, settings, signal);
  if (head === undefined) return [];
  const guess = new CutGuess(settings, head);
  const targets = cutTargets(head.end, file.bytes, targetBytes);
  const cuts = await findCuts(targets, async (target) => {
    for (let window = 0; window < WINDOWS_OF_A_CUT; window++) {
      const from = target + window * WINDOW_BYTES;
      // With the text behind the last line end of the window, so that there is something to judge it by.
      const end = Math.min(from + 2 * WINDOW_BYTES, file.bytes);
      if (from >= end) return undefined;
      const cut = guess.findIn(await file.slice(from - 1, end, signal));
      if (cut !== undefined) return from - 1 + cut;
    }
    return undefined;
  });
  return byteRanges(file.bytes, cuts);
}

/** Tells where a record begins in a piece from the middle of a file. */
class CutGuess {
  private readonly quote: Uint8Array | undefined;

  constructor(
    private readonly settings: CsvSettings,
    private readonly head: CsvHead,
  ) {
    const { quote } = head.start.encoding.dialect;
    this.quote = quote === undefined ? undefined : Uint8Array.of(quote);
  }

  /** Where in `piece` a record begins, behind a line end in it; undefined: that cannot be told. */
  findIn(piece: Uint8Array): number | undefined {
    let from = 0;
    for (let tries = 0; tries < TRIES_IN_WINDOW; tries++) {
      const found = piece.indexOf(LINE_FEED, from);
      if (found < 0 || found > WINDOW_BYTES) return undefined;
      from = found + 1;
      if (this.isLikely(piece.subarray(from))) return from;
    }
    return undefined;
  }

  /**
   * Whether a record is likely to begin with `text`. It is read twice: as if it did, and as if it began inside of a quoted field. Both soon
   * are between two records at the same place, as a wrong start is forgotten at the next field. Until then the records of the first must all be
   * rows of the table, and one of the second must not. Where no record of the second ends, nearly all of the first must be rows.
   */
  private isLikely(text: Uint8Array): boolean {
    const outside = new Reading(this.settings, this.head);
    const inside = this.quote === undefined ? undefined : new Reading(this.settings, this.head);
    inside?.feed(this.quote ?? EMPTY);
    for (let at = 0; at < text.length;) {
      const found = text.indexOf(LINE_FEED, at);
      const line = text.subarray(at, found < 0 ? text.length : found + 1);
      at += line.length;
      outside.feed(line);
      inside?.feed(line);
      if (outside.misfits > 1 + outside.records * MISFITS) return false;
      if (outside.misfits > 0 && (outside.records === outside.misfits || (inside?.records ?? 0) > 0))
        return false;
      if (inside?.isBetween === true && outside.isBetween) return inside.misfits > 0;
    }
    return outside.records > 0 && (inside === undefined || inside.records === 0 || inside.misfits > 0);
  }
}

const EMPTY = new Uint8Array();

/** Counts the records of a text, and those that are no rows of the table. */
class Reading {
  records = 0;
  misfits = 0;
  private readonly scanner: CsvScanner;

  constructor(settings: CsvSettings, head: CsvHead) {
    const width = head.columns.names.length;
    this.scanner = new CsvScanner(
      settings,
      (record) => {
        this.records++;
        const fits = record.blank || (record.problem === undefined && record.count === width);
        if (!fits) this.misfits++;
      },
      head.start,
    );
  }

  get isBetween(): boolean {
    return this.scanner.isBetweenRecords;
  }

  feed(text: Uint8Array): void {
    this.scanner.feed(text);
  }
}
