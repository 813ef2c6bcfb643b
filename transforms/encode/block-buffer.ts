/** Room behind the size that a block is meant to have, for the row that fills it. In bytes. */
const ROOM_BYTES = 64 * 1024;

/**
 * Bytes of one block, one buffer for all blocks of a stream: `end` of them are used. Grows for a row that does not fit, and goes back to its
 * usual size with the next block.
 */
export class BlockBuffer {
  bytes: Buffer;
  end = 0;

  /** `blockBytes`: the size that a block is meant to have. */
  constructor(private readonly blockBytes: number) {
    this.bytes = this.allocate();
  }

  /** Makes room for so many bytes behind `end`. `bytes` may be another buffer afterwards. */
  reserve(size: number): void {
    if (this.bytes.length - this.end < size) this.grow(size);
  }

  /** Forgets what it holds. */
  restart(): void {
    this.end = 0;
    if (this.bytes.length > this.blockBytes + ROOM_BYTES) this.bytes = this.allocate();
  }

  private allocate(): Buffer {
    return Buffer.allocUnsafeSlow(this.blockBytes + ROOM_BYTES);
  }

  private grow(size: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length + this.blockBytes, this.end + size));
    this.bytes.copy(grown, 0, 0, this.end);
    this.bytes = grown;
  }
}
