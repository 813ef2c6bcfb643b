/** A stream of pieces of any size, read in portions of known sizes. */
export class ByteInput {
  /** Taken so far. */
  bytes = 0;
  private readonly pieces: AsyncIterator<Uint8Array>;
  private piece: Uint8Array = new Uint8Array(0);
  private isOver = false;

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.pieces = stream[Symbol.asyncIterator]();
  }

  /** The next bytes, fewer only where the stream ends. They may be those of a piece: not to be written to. */
  async take(count: number): Promise<Buffer> {
    await this.fill();
    if (count <= this.piece.length) return this.cut(count);
    const parts: Buffer[] = [];
    for (let missing = count; missing > 0;) {
      await this.fill();
      if (this.piece.length === 0) break;
      const part = this.cut(Math.min(missing, this.piece.length));
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }

  /** Steps over bytes; false: the stream ends before. */
  async skip(count: number): Promise<boolean> {
    let missing = count;
    while (missing > 0) {
      await this.fill();
      if (this.piece.length === 0) return false;
      missing -= this.cut(Math.min(missing, this.piece.length)).length;
    }
    return true;
  }

  /** Ends the stream where it was not read to its end. */
  async close(): Promise<void> {
    if (!this.isOver) await this.pieces.return?.();
    this.isOver = true;
  }

  private async fill(): Promise<void> {
    while (this.piece.length === 0 && !this.isOver) {
      const next = await this.pieces.next();
      if (next.done === true) this.isOver = true;
      else this.piece = next.value;
    }
  }

  private cut(count: number): Buffer {
    const part = Buffer.from(this.piece.buffer, this.piece.byteOffset, count);
    this.piece = this.piece.subarray(count);
    this.bytes += count;
    return part;
  }
}
