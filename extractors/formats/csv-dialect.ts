import type { SourceObject } from '../../core/plan';
import { encodingOf } from './text-encoding';

/** `file_format_options` of a job. */
export type FormatOptions = Extract<SourceObject, { kind: 'files' }>['options'];

/** How the bytes of a CSV file are cut. Encodings other than these two are turned into UTF-8 before. */
export interface CsvDialect {
  /** At least one byte, none of them CR or LF. */
  readonly delimiter: Uint8Array;
  /** The byte that opens and closes quoted fields; undefined: there are none. */
  readonly quote: number | undefined;
  /** The byte that takes the meaning from a quote, a delimiter, a line end or itself behind it; undefined, or the quote: quotes are doubled. */
  readonly escape?: number | undefined;
  /** A record that begins with these bytes is none. */
  readonly comment?: Uint8Array | undefined;
  /** Whether spaces and tabs around fields are no part of them. */
  readonly trim?: boolean;
  /** Lines at the beginning of the file that are none of its records, whatever is in them. */
  readonly skipLines?: number;
  readonly encoding: 'utf-8' | 'latin1';
}

/** What happens to a record of another number of fields than the header: see the option. */
export type RaggedRows = NonNullable<FormatOptions['ragged_rows']>;

/** The options of a CSV job with every default decided. */
export interface CsvSettings {
  readonly delimiter: string;
  /** One ASCII character; empty: quotes mean nothing. */
  readonly quote: string;
  /** One ASCII character; empty: quotes are doubled and nothing else is escaped. */
  readonly escape: string;
  /** Empty: there are no comments. */
  readonly commentPrefix: string;
  readonly hasHeader: boolean;
  readonly skipLines: number;
  readonly trim: boolean;
  readonly raggedRows: RaggedRows;
  /** A field with one of these texts is null, where it is not escaped. At least one. */
  readonly nullMarkers: readonly string[];
  /** Whether a field in quotes can be null. */
  readonly quotedNulls: boolean;
  /** A name that iconv-lite knows; undefined: UTF-8. The mark at the beginning of a file comes before it. */
  readonly encoding: string | undefined;
}

/**
 * The options with their defaults: `,`, `"` doubled, a header, empty unquoted fields are null, UTF-8. They must be without problems
 * (`optionProblems`). A delimiter written as backslash and t is a tab: YAML keeps `'\t'` as two characters.
 */
export function csvSettings(options: FormatOptions): CsvSettings {
  const { null_marker: nullMarker = '' } = options;
  return {
    delimiter: delimiterOf(options),
    quote: options.quote ?? '"',
    escape: options.escape ?? '',
    commentPrefix: options.comment_prefix ?? '',
    hasHeader: options.has_header ?? true,
    skipLines: options.skip_lines ?? 0,
    trim: options.trim ?? false,
    raggedRows: options.ragged_rows ?? 'reject',
    nullMarkers: typeof nullMarker === 'string' ? [nullMarker] : nullMarker,
    quotedNulls: options.quoted_nulls ?? false,
    encoding: options.encoding,
  };
}

export function delimiterOf({ delimiter = ',' }: FormatOptions): string {
  return delimiter === '\\t' ? '\t' : delimiter;
}

export interface CsvEncoding {
  readonly dialect: CsvDialect;
  /** What iconv-lite has to turn into UTF-8 first; undefined: nothing. Then no place in the file is known to be a line end by its byte. */
  readonly transcode: string | undefined;
}

/** How to read a file with these settings that begins with `head` (`HEAD_BYTES` of it, where it has so many). */
export function csvEncoding(settings: CsvSettings, head: Uint8Array): CsvEncoding {
  const name = encodingOf(settings.encoding, head);
  const encoding = name === 'latin1' ? name : 'utf-8';
  const { delimiter, quote, escape, commentPrefix, trim, skipLines } = settings;
  return {
    dialect: {
      delimiter: Buffer.from(delimiter, encoding),
      quote: quote === '' ? undefined : quote.charCodeAt(0),
      escape: escape === '' ? undefined : escape.charCodeAt(0),
      comment: commentPrefix === '' ? undefined : Buffer.from(commentPrefix, encoding),
      trim,
      skipLines,
      encoding,
    },
    transcode: name === encoding ? undefined : name,
  };
}
