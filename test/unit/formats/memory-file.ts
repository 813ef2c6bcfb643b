import type { FileContent } from '../../../extractors/formats/format-reader';

/** A file in memory, cut into chunks of the given sizes (the last one repeats). Counts the streams that are open. */
export class MemoryFile implements FileContent {
  readonly uri = 'memory';
  readonly bytes: number;
  openStreams = 0;

  constructor(
    private readonly content: Uint8Array,
    private readonly chunkSizes: readonly number[] = [64 * 1024],
    readonly seekable = true,
  ) {
    this.bytes = content.length;
  }

  async *stream(): AsyncGenerator<Uint8Array> {
    this.openStreams++;
    try {
      let start = 0;
      for (let index = 0; start < this.bytes; index++) {
        const size = this.chunkSizes[Math.min(index, this.chunkSizes.length - 1)] ?? 1;
        yield this.content.subarray(start, start + size);
        start += size;
      }
    } finally {
      this.openStreams--;
    }
  }

  async slice(start: number, end: number): Promise<Uint8Array> {
    return this.content.subarray(start, end);
  }
}
