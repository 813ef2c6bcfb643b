import type { FileEntry } from '../../core/extractor';
import type { FileContent } from '../formats/format-reader';

export interface Listing {
  /** Files that match, ordered by name (UTF-16 code units). Never empty. */
  readonly files: readonly FileEntry[];
  /** Sentences for the plan: what was left out, and why. */
  readonly notices: readonly string[];
}

/** Where files live: a folder, a bucket. All that file sources need to be told apart. */
export interface ObjectStore {
  /**
   * The files of a `file_pattern` (see `compilePattern`) with the versions that they have now. Throws SOURCE_NOT_FOUND where the folder
   * or the named file does not exist, SOURCE_EMPTY where nothing matches (both with the nearest names), and what `compilePattern` throws.
   */
  list(pattern: string, signal: AbortSignal): Promise<Listing>;
  /** What matches, each as it is found, however many there are: for who only looks. Nothing where nothing matches. Absent: `list` does it. */
  find?(pattern: string, signal: AbortSignal): AsyncIterable<FileEntry>;
  /**
   * The content as it is stored, seekable. Nothing is opened yet. Reading throws SOURCE_CHANGED where the content is not of the entry's
   * version, before or after; a stream that ends without an error had all bytes of that version.
   */
  content(entry: FileEntry): FileContent;
  /** Ends connections. May be called again. Absent: there are none. */
  close?(): Promise<void>;
}
