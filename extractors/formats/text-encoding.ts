import * as iconv from 'iconv-lite';

const UTF8_NAMES = /^(?:utf-?8(?:-sig|-bom)?|(?:us-)?ascii)$/i;
const LATIN1_NAMES = /^(?:latin-?1|iso-?8859-1)$/i;

const UTF16_NAMES = /^(?:utf-?16|ucs-?2)/i;

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

/**
 * How a file that begins with `head` is encoded: as its byte order mark says, otherwise as configured, otherwise UTF-8. The mark comes
 * first because no text begins with its bytes in another encoding; the one exception is the mark of UTF-32, which in UTF-16 is another
 * mark and U+0000. `utf-8`, `latin1`, or a name that iconv-lite knows.
 */
export function encodingOf(configured: string | undefined, head: Uint8Array): string {
  const isUtf16 = configured !== undefined && UTF16_NAMES.test(configured);
  const marked = MARKS.find(
    ({ bytes, encoding }) =>
      !(isUtf16 && encoding === 'utf-32le') && bytes.every((byte, index) => head[index] === byte),
  );
  const name = marked?.encoding ?? configured;
  if (name === undefined || UTF8_NAMES.test(name)) return 'utf-8';
  if (LATIN1_NAMES.test(name)) return 'latin1';
  return UNORDERED_NAMES.get(name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')) ?? name;
}
