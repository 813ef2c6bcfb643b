import { BeamliftError } from '../../core/errors';
import type { FileContent } from '../formats/format-reader';

/** So many decompressed bytes are read before their ratio to the compressed ones says anything. */
export const BOMB_GRACE_BYTES = 64 * 1024 * 1024;

/** DEFLATE reaches 1032 at most, with one repeated byte, zstd 32768; tables of real rows stay below 300. */
export const MAX_EXPANSION = 1000;

/** How far a stream has been decompressed, in bytes. */
export interface Decompressed {
  consumed: number;
  produced: number;
}

type Decompress = (
  compressed: AsyncIterable<Uint8Array>,
  progress: Decompressed,
) => AsyncIterable<Uint8Array>;

/** A compressed file as its decompressed content: readable from its beginning only. */
export function compressedContent(compressed: FileContent, decompress: Decompress): FileContent {
  const progress = { consumed: 0, produced: 0 };
  return {
    uri: compressed.uri,
    bytes: compressed.bytes,
    seekable: false,
    stream: (signal) => decompress(compressed.stream(signal), progress),
    slice: () =>
      Promise.reject(
        new BeamliftError('INTERNAL', {
          what: 'A compressed file is read from its beginning only.',
          where: { object: compressed.uri },
        }),
      ),
    expansion: () => (progress.consumed === 0 ? 1 : progress.produced / progress.consumed),
  };
}

/** Throws LIMIT_EXCEEDED where so few bytes became so many that they are not those of a table. */
export function refuseBomb(format: string, { consumed, produced }: Decompressed): void {
  if (produced <= BOMB_GRACE_BYTES || produced <= consumed * MAX_EXPANSION) return;
  throw new BeamliftError('LIMIT_EXCEEDED', {
    what: `The ${format} stream expands more than ${MAX_EXPANSION} times.`,
    why: `${consumed} compressed bytes became ${produced}: that is what a decompression bomb looks like.`,
    hint: 'If the file is what it should be, decompress it and load the plain file.',
  });
}
