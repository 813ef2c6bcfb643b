/** So many are kept while nobody needs them. */
const MAX_SPARE = 4;

/**
 * Buffers that hold a chunk of an upload, for one upload after another: what is allocated anew for each lies about until the garbage collector
 * looks (15 MB more of a peak of 157 with 20 units of 7 MB, measured), and costs the time in which the system finds memory for it.
 */
export class ChunkBuffers {
  private readonly spare: Buffer[] = [];

  /** `bytes`: of each. */
  constructor(readonly bytes: number) {}

  /** One that is there already; undefined: there is none. */
  take(): Buffer | undefined {
    return this.spare.pop();
  }

  /** Only one that nobody reads or writes any more. Of another size, it is left to the garbage collector. */
  giveBack(buffer: Buffer): void {
    if (buffer.byteLength === this.bytes && this.spare.length < MAX_SPARE) this.spare.push(buffer);
  }
}
