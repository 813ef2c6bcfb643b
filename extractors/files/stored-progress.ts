import type { FileContent } from '../formats/format-reader';

/** Turns decompressed bytes, batch by batch, into the stored bytes that they came from: what a progress bar counts against. */
export function storedProgress(content: FileContent): (bytes: number) => number {
  let decompressed = 0;
  let reported = 0;
  return (bytes) => {
    decompressed += bytes;
    const stored = Math.min(Math.round(decompressed / (content.expansion?.() ?? 1)), content.bytes);
    const more = Math.max(0, stored - reported);
    reported += more;
    return more;
  };
}
