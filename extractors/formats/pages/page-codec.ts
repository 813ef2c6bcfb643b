import { gunzipSync } from 'node:zlib';
import { decompress } from 'fzstd';
import { DamagedPage, UnreadPage } from './page-errors';
import { CODEC } from './page-plan';

/** Bytes of a page that were not read yet: Snappy's are decompressed as they are needed. */
export interface PageSource {
  readonly source: Uint8Array;
  readonly isSnappy: boolean;
}

/** Makes bytes of a page readable, which are `bytes` when they are decompressed. Throws DamagedPage, and UnreadPage for other codecs. */
export function pageSource(codec: number, compressed: Uint8Array, bytes: number): PageSource {
  // Some writers leave even the length of nothing out.
  if (codec === CODEC.uncompressed || (bytes === 0 && compressed.length === 0))
    return { source: compressed, isSnappy: false };
  switch (codec) {
    case CODEC.snappy:
      return { source: compressed, isSnappy: true };
    case CODEC.gzip:
      return {
        source: decompressed(() => gunzipSync(compressed, { maxOutputLength: Math.max(1, bytes) })),
        isSnappy: false,
      };
    case CODEC.zstd:
      return { source: decompressed(() => decompress(compressed)), isSnappy: false };
    default:
      throw new UnreadPage(`codec ${codec}`);
  }
}

function decompressed(work: () => Uint8Array): Uint8Array {
  try {
    return work();
  } catch (error) {
    throw new DamagedPage(
      `a page that cannot be decompressed: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
