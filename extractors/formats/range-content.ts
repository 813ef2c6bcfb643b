import type { FileContent } from './format-reader';

/**
 * Bytes of one request for text: on an object store its wait (some 50 ms) is then about as long as reading these bytes as text, and hidden behind
 * that, as the next ones are asked for meanwhile. Two of them are in memory for each unit that is read at the same time.
 */
const TEXT_SLICE_BYTES = 2 * 1024 * 1024;

/**
 * The bytes `start` (inclusive) to `end` (exclusive) of a seekable file, as a stream of slices, of which the next is under way. A reader that stops
 * early leaves nothing open.
 */
export async function* streamRange(
  file: FileContent,
  start: number,
  end: number,
  signal: AbortSignal,
  sliceBytes = TEXT_SLICE_BYTES,
): AsyncGenerator<Uint8Array> {
  const fetch = (from: number): Promise<Uint8Array> | undefined =>
    from < end ? file.slice(from, Math.min(from + sliceBytes, end), signal) : undefined;
  let next = fetch(start);
  try {
    for (let at = start; next !== undefined;) {
      const slice = await next;
      at += slice.length;
      next = slice.length === 0 ? undefined : fetch(at);
      // An error of it is thrown when its turn comes.
      next?.catch(() => undefined);
      yield slice;
    }
  } finally {
    await next?.catch(() => undefined);
  }
}

/** The file as if it were only those bytes. */
export function rangeContent(file: FileContent, start: number, end: number): FileContent {
  return {
    uri: file.uri,
    bytes: end - start,
    seekable: true,
    stream: (signal) => streamRange(file, start, end, signal),
    slice: (from, to, signal) => file.slice(start + from, Math.min(start + to, end), signal),
  };
}
