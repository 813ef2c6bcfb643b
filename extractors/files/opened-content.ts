import { BeamliftError } from '../../core/errors';
import type { FileContent } from '../formats/format-reader';
import { gzipContent, isGzip } from './gzip';
import { isZstd, zstdContent } from './zstd';

/** Bytes at the beginning of a file that tell what it is. */
const MAGIC_BYTES = 10;

/** What else a file may be packed as, by its first bytes: none of these begins a text or a Parquet file. */
const ARCHIVES: readonly { readonly name: string; readonly begins: Buffer }[] = [
  { name: 'a zip archive', begins: Buffer.from('PK\x03\x04', 'latin1') },
  { name: 'compressed with xz', begins: Buffer.from('\xfd7zXZ\0', 'latin1') },
  { name: 'a 7z archive', begins: Buffer.from("7z\xbc\xaf'\x1c", 'latin1') },
];
const BZIP2 = /^BZh[1-9]1AY&SY/;

/** Names that say how a file is packed. */
const CALLED = [
  { ending: /\.gz(?:ip)?$/i, name: '.gz', format: 'gzip' },
  { ending: /\.zstd?$/i, name: '.zst', format: 'zstd' },
] as const;

/**
 * The content of a stored file, decompressed where it is gzip or zstd: its first bytes decide, not its name.
 * Throws FORMAT_INVALID for other compressions, and for a file that is called `.gz` or `.zst` and is none.
 */
export async function openContent(stored: FileContent, signal: AbortSignal): Promise<FileContent> {
  const head = Buffer.from(await stored.slice(0, Math.min(MAGIC_BYTES, stored.bytes), signal));
  if (isGzip(head)) return gzipContent(stored);
  if (isZstd(head)) return zstdContent(stored);
  const archive = ARCHIVES.find(({ begins }) => head.subarray(0, begins.length).equals(begins))?.name;
  const packed = archive ?? (BZIP2.test(head.toString('latin1')) ? 'compressed with bzip2' : undefined);
  if (packed !== undefined) {
    throw new BeamliftError('FORMAT_INVALID', {
      what: `The file is ${packed}.`,
      where: { object: stored.uri },
      hint: 'Only gzip and zstd are decompressed. Unpack the file, or pack it with one of them.',
    });
  }
  const called = CALLED.find(({ ending }) => ending.test(stored.uri));
  if (called !== undefined) {
    throw new BeamliftError('FORMAT_INVALID', {
      what: `The file is called ${called.name} but is not a ${called.format} file.`,
      where: { object: stored.uri },
      why: stored.bytes === 0 ? 'It is empty.' : `It does not begin as ${called.format} does.`,
      hint: `Copy or export the file again; if its content is right, take ${called.name} off its name.`,
    });
  }
  return stored;
}
