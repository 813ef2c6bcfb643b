import { BATCH_BYTES } from '../../core/extractor';
import type { FileContent } from '../formats/format-reader';

/**
 * The content of a small file, read whole and proven complete, so that looking at it several times (what it is, its columns, its rows)
 * opens it once: of twenty thousand small files, opening is what takes the time. Larger contents come back as they are.
 */
export async function smallContent(content: FileContent, signal: AbortSignal): Promise<FileContent> {
  if (content.bytes > BATCH_BYTES) return content;
  const pieces: Uint8Array[] = [];
  for await (const piece of content.stream(signal)) pieces.push(piece);
  const whole = Buffer.concat(pieces);
  return {
    uri: content.uri,
    bytes: content.bytes,
    seekable: content.seekable,
    stream: () => streamOf(whole),
    // A copy: whoever gets it may send it to another thread for good.
    slice: (start, end) => Promise.resolve(Uint8Array.prototype.slice.call(whole, start, end)),
  };
}

async function* streamOf(whole: Uint8Array): AsyncGenerator<Uint8Array> {
  if (whole.length > 0) yield await Promise.resolve(whole);
}
