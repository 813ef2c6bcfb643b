/** Room behind the size that a block is meant to have, for the row that fills it. In bytes. */
const ROOM_BYTES = 64 * 1024;

/** Up to so many bytes are copied one by one. */
const SHORT_COPY = 96;

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

  /** A range of the bytes that `view` shows, too. Short ones are copied here: to call Node.js costs more than the loop (measured: up to some 100 bytes). */
  appendRange(from: Buffer, view: DataView, start: number, length: number): void {
    this.reserve(length);
    if (length > SHORT_COPY) {
      this.end += from.copy(this.bytes, this.end, start, start + length);
      return;
    }
    const { bytes, view: to } = this;
    let { end } = this;
    let at = start;
    for (const last = start + length - 3; at < last; at += 4, end += 4) {
      to.setInt32(end, view.getInt32(at, true), true);
    }
    for (const last = start + length; at < last; at++, end++) bytes[end] = from[at] ?? 0;
    this.end = end;
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
