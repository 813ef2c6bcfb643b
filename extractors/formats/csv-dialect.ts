import * as iconv from 'iconv-lite';
import { BeamliftError } from '../../core/errors';
import type { SourceObject } from '../../core/plan';

/** `file_format_options` of a job. */
export type FormatOptions = Extract<SourceObject, { kind: 'files' }>['options'];

/** How the bytes of a CSV file are cut. Encodings other than these two are turned into UTF-8 before. */
export interface CsvDialect {
  /** At least one byte, none of them CR or LF. */
  readonly delimiter: Uint8Array;
  /** The byte that opens and closes quoted fields; undefined: there are none. */
  readonly quote: number | undefined;
  readonly encoding: 'utf-8' | 'latin1';
}

/** The options of a CSV job with every default decided. */
export interface CsvSettings {
  readonly delimiter: string;
  /** One ASCII character; empty: quotes mean nothing. */
  readonly quote: string;
  readonly hasHeader: boolean;
  /** An unquoted field with this text is null. */
  readonly nullMarker: string;
  /** A name that iconv-lite knows; undefined: UTF-8, or UTF-16 where the file begins with its mark. */
  readonly encoding: string | undefined;
}

const UTF8_NAMES = /^(?:utf-?8(?:-sig|-bom)?|(?:us-)?ascii)$/i;
const LATIN1_NAMES = /^(?:latin-?1|iso-?8859-1)$/i;
const UTF16_NAMES = /^(?:utf-?16|ucs-?2)$/i;

/**
 * Throws CONFIG_INVALID for options that no file can have. Defaults: `,`, `"`, a header, empty unquoted fields are null, UTF-8.
 * A delimiter written as backslash and t is a tab: YAML keeps `'\t'` as two characters.
 */
export function csvSettings(options: FormatOptions): CsvSettings {
  const delimiter = options.delimiter === '\\t' ? '\t' : (options.delimiter ?? ',');
  const quote = options.quote ?? '"';
  if (delimiter === '' || /[\r\n]/.test(delimiter)) {
    throw invalidOption('delimiter', delimiter, 'It must be at least one character, and no line end.');
  }
  if (!/^[ -~]?$/.test(quote)) {
    throw invalidOption('quote', quote, 'It must be one ASCII character, or empty for files without quotes.');
  }
  if (quote !== '' && delimiter.startsWith(quote)) {
    throw invalidOption('quote', quote, 'It must not be what the delimiter begins with.');
  }
  const { encoding } = options;
  if (encoding !== undefined && !UTF8_NAMES.test(encoding) && !iconv.encodingExists(encoding)) {
    throw invalidOption(
      'encoding',
      encoding,
      'Known are utf-8, latin1, utf-16le, utf-16be, windows-1250 to windows-1258, and other common names.',
    );
  }
  if (encoding !== undefined && LATIN1_NAMES.test(encoding) && /[^\0-\xff]/.test(delimiter)) {
    throw invalidOption('delimiter', delimiter, `There is no such character in ${encoding}.`);
  }
  return {
    delimiter,
    quote,
    hasHeader: options.has_header ?? true,
    nullMarker: options.null_marker ?? '',
    encoding,
  };
}

function invalidOption(option: string, value: string, why: string): BeamliftError {
  return new BeamliftError('CONFIG_INVALID', {
    what: `file_format_options.${option} cannot be ${JSON.stringify(value)}.`,
    where: { object: `file_format_options.${option}` },
    why,
  });
}

export interface CsvEncoding {
  readonly dialect: CsvDialect;
  /** What iconv-lite has to turn into UTF-8 first; undefined: nothing. */
  readonly transcode: string | undefined;
}

/** Bytes that `csvEncoding` wants to see of a file, where it has so many. */
export const HEAD_BYTES = 3;

/** How to read a file with these settings that begins with `head`. */
export function csvEncoding(settings: CsvSettings, head: Uint8Array): CsvEncoding {
  const mark = utf16Mark(head);
  let transcode: string | undefined;
  if (settings.encoding === undefined) transcode = mark;
  else if (UTF16_NAMES.test(settings.encoding)) transcode = mark ?? 'utf-16le';
  else if (!UTF8_NAMES.test(settings.encoding) && !LATIN1_NAMES.test(settings.encoding)) {
    transcode = settings.encoding;
  }
  const latin1 = settings.encoding !== undefined && LATIN1_NAMES.test(settings.encoding);
  const encoding = latin1 ? 'latin1' : 'utf-8';
  return {
    dialect: {
      delimiter: Buffer.from(settings.delimiter, encoding),
      quote: settings.quote === '' ? undefined : settings.quote.charCodeAt(0),
      encoding,
    },
    transcode,
  };
}

function utf16Mark(head: Uint8Array): string | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  return head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : undefined;
}
