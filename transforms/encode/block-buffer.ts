import { copyRange } from './copy-range';

/** Room behind the size that a block is meant to have, for the row that fills it. In bytes. */
const ROOM_BYTES = 64 * 1024;

/** Thrown where a block would grow beyond its `limit`. */
export class BlockLimit extends Error {}

/**
 * Bytes of one block, one buffer for all blocks of a stream: `end` of them are used. Grows for a row that does not fit, and goes back to its
 * usual size with the next block.
 */
export class BlockBuffer {
  bytes: Buffer;
  /** Of `bytes`. */
  view: DataView;
  end = 0;
  /** It does not grow to hold more than so many bytes: whoever would write them meets a `BlockLimit` before memory is taken for them. */
  limit = Infinity;

  /** `blockBytes`: the size that a block is meant to have; `roomBytes`: what there is behind it. */
  constructor(
    private readonly blockBytes: number,
    private readonly roomBytes = ROOM_BYTES,
  ) {
    this.bytes = this.allocate();
    this.view = viewOf(this.bytes);
  }

  /** Makes room for so many bytes behind `end`. `bytes` may be another buffer afterwards. */
  reserve(size: number): void {
    if (this.bytes.length - this.end < size) this.grow(this.end + size);
  }

  /** A range of the bytes that `view` shows, too. */
  appendRange(from: Buffer, view: DataView, start: number, length: number): void {
    this.reserve(length);
    this.end = copyRange(from, view, start, length, this.bytes, this.view, this.end);
  }

  /** Forgets what it holds. */
  restart(): void {
    this.end = 0;
    if (this.bytes.length <= this.blockBytes + this.roomBytes) return;
    this.bytes = this.allocate();
    this.view = viewOf(this.bytes);
  }

  private allocate(): Buffer {
    return Buffer.allocUnsafeSlow(this.blockBytes + this.roomBytes);
  }

  protected grow(needed: number): void {
    if (needed > this.limit) throw new BlockLimit();
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(this.bytes.length * 2, this.limit)));
    this.bytes.copy(grown, 0, 0, this.end);
    this.bytes = grown;
    this.view = viewOf(grown);
  }
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}
