import * as iconv from 'iconv-lite';

const UTF8_NAMES = /^(?:utf-?8(?:-sig|-bom)?|(?:us-)?ascii)$/i;
const LATIN1_NAMES = /^(?:latin-?1|iso-?8859-1)$/i;

/** Encodings whose byte order only a mark tells; without one it is little-endian, as Windows writes it. */
const UNORDERED_NAMES = new Map([
  ['utf16', 'utf-16le'],
  ['ucs2', 'utf-16le'],
  ['utf32', 'utf-32le'],
  ['ucs4', 'utf-32le'],
]);

/** Marks that files begin with, longer ones before those that they begin with. */
const MARKS: readonly { readonly bytes: readonly number[]; readonly encoding: string }[] = [
  { bytes: [0xef, 0xbb, 0xbf], encoding: 'utf-8' },
  { bytes: [0xff, 0xfe, 0, 0], encoding: 'utf-32le' },
  { bytes: [0, 0, 0xfe, 0xff], encoding: 'utf-32be' },
  { bytes: [0xff, 0xfe], encoding: 'utf-16le' },
  { bytes: [0xfe, 0xff], encoding: 'utf-16be' },
];

/** Bytes that `encodingOf` wants to see of a file, where it has so many. */
export const HEAD_BYTES = 4;

/** What iconv-lite calls encodings that are none of texts. */
const NOT_OF_TEXTS = /^(?:base64|hex|utf-?7(?:-imap)?)$/i;

export function isKnownEncoding(name: string): boolean {
  return UTF8_NAMES.test(name) || (iconv.encodingExists(name) && !NOT_OF_TEXTS.test(name));
}

/** The encoding that the byte order mark at the beginning of a file says; undefined: there is none. */
export function markedEncoding(head: Uint8Array): string | undefined {
  return MARKS.find(({ bytes }) => bytes.every((byte, index) => head[index] === byte))?.encoding;
}

/**
 * How a file that begins with `head` is encoded: as its byte order mark says, otherwise as configured, otherwise UTF-8. The mark comes
 * first because no text begins with its bytes in another encoding. `utf-8`, `latin1`, or a name that iconv-lite knows.
 */
export function encodingOf(configured: string | undefined, head: Uint8Array): string {
  const name = markedEncoding(head) ?? configured;
  if (name === undefined || UTF8_NAMES.test(name)) return 'utf-8';
  if (LATIN1_NAMES.test(name)) return 'latin1';
  return UNORDERED_NAMES.get(name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')) ?? name;
}
