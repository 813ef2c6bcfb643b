import { gunzipSync } from 'node:zlib';
import { decompress, Decompress } from 'fzstd';
import { FRAME_FLAGS_BYTES, frameHeaderBytes, readFrameHeader, zstdMagic } from '../../files/zstd-frame';
import { DamagedPage, UnreadPage } from './page-errors';
import { CODEC } from './page-plan';

/** Three bytes of Snappy become 64 at most: a page that claims more is not set aside memory for. */
const MAX_SNAPPY_RATIO = 22;

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
      if (bytes > compressed.length * MAX_SNAPPY_RATIO)
        throw new DamagedPage(`a page of ${compressed.length} bytes that cannot become ${bytes}`);
      return { source: compressed, isSnappy: true };
    case CODEC.gzip:
      return { source: decompressed(() => gunzip(compressed, bytes)), isSnappy: false };
    case CODEC.zstd:
      return { source: decompressed(() => unzstd(compressed, bytes)), isSnappy: false };
    default:
      throw new UnreadPage(`codec ${codec}`);
  }
}

function gunzip(compressed: Uint8Array, bytes: number): Uint8Array {
  return gunzipSync(compressed, { maxOutputLength: Math.max(1, bytes) });
}

function unzstd(compressed: Uint8Array, bytes: number): Uint8Array {
  const head = Buffer.from(
    compressed.buffer,
    compressed.byteOffset,
    Math.min(compressed.length, MAX_FRAME_HEADER),
  );
  if (zstdMagic(head) !== 'frame') throw new Error('it does not begin as zstd does');
  if (head.length < frameHeaderBytes(head[FRAME_FLAGS_BYTES - 1] ?? 0)) throw new Error('it is too short');
  const { contentBytes } = readFrameHeader(head);
  if (contentBytes === bytes) return decompress(compressed);
  // There may be other frames behind it.
  if (contentBytes !== undefined)
    throw new UnreadPage(`a zstd frame of ${contentBytes} bytes in a page of ${bytes}`);
  const content = new Uint8Array(bytes);
  let end = 0;
  const engine = new Decompress((piece) => {
    if (end + piece.length > bytes) throw new Error(`it becomes more than ${bytes} bytes`);
    content.set(piece, end);
    end += piece.length;
  });
  engine.push(compressed, true);
  return content.subarray(0, end);
}
/** Magic number, flags, window, dictionary and content size, in bytes. */
const MAX_FRAME_HEADER = 18;

function decompressed(work: () => Uint8Array): Uint8Array {
  try {
    return work();
  } catch (error) {
    if (error instanceof UnreadPage) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new DamagedPage(`a page that cannot be decompressed: ${why}`);
  }
}
