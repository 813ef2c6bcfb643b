import type { RangeTarget, RowBatch } from '../../core/extractor';
import type { FileRange } from '../../core/plan';
import type { Column, ColumnType } from '../../core/schema';

/** The bytes of one file, wherever it lives, at the version that was listed. */
export interface FileContent {
  readonly uri: string;
  /** As stored; compressed bytes of a compressed file. */
  readonly bytes: number;
  /** False for compressed files: only `stream` works. */
  readonly seekable: boolean;
  /** The whole content from its beginning, decompressed. Ends only after proof that it was whole. */
  stream(signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Bytes `start` (inclusive) to `end` (exclusive). Only where `seekable`. */
  slice(start: number, end: number, signal: AbortSignal): Promise<Uint8Array>;
  /** How many bytes of `stream` one stored byte becomes, as far as this content has been streamed; absent: 1. */
  expansion?(): number;
}

/** What a look at one file tells. */
export interface FileDescription {
  /** `inferredType` is what a bounded sample says; absent when the sample had only nulls, or `type` says it all. */
  readonly columns: readonly Column[];
  readonly rows: { readonly count: number; readonly quality: 'exact' | 'sampled' };
  /** What a user should know about the file, for the plan: a column that got another name. Clauses without the file's name. */
  readonly notices?: readonly string[];
}

/** One format, with its options already decided. */
export interface FormatReader {
  describe(file: FileContent, signal: AbortSignal): Promise<FileDescription>;
  /**
   * All rows, or those of a range, cells of `columns` in order. A column that the file lacks gives nulls. A range that does not begin and
   * end where a record does throws FORMAT_INVALID once that is seen: of all ranges of a file either each row is read once, or one throws.
   * `takesRaw`: rows may come undecoded.
   */
  read(
    file: FileContent,
    columns: readonly Column[],
    signal: AbortSignal,
    range?: FileRange,
    takesRaw?: boolean,
  ): AsyncIterable<RowBatch>;
  /** The wire of rows that come undecoded; absent: whoever takes only one does not take them. */
  readonly wire?: 'json';
  /**
   * Ranges of about `target` that cover the file, in order; less than two for a file that cannot be cut. Reads little of the
   * file. Absent: files of the format are read whole.
   */
  ranges?(file: FileContent, target: RangeTarget, signal: AbortSignal): Promise<readonly FileRange[]>;
  /** About so many bytes of text one stored byte is worth, in a format that packs its data. Absent: 1. */
  readonly packing?: number;
  /** How the inferred types of one column in two files meet: commutative and associative, undefined for "only nulls". Absent: `widen` of transforms/infer. */
  readonly widenInferred?: (a: ColumnType | undefined, b: ColumnType | undefined) => ColumnType | undefined;
}

/** The longest field or record that a text format reads, in bytes; a longer one is a reject, or ends the file where its end is unknown. */
export const MAX_RECORD_BYTES = 64 * 1024 * 1024;

/** The deepest nesting of a JSON value that is read. */
export const MAX_JSON_DEPTH = 200;
