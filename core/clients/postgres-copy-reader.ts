import type { Connection, Submittable } from 'pg';
import { FRAME_BYTES, LENGTH_AT, type CopyFrames, type CopyPiece } from './copy-frames';
import type { SocketTap, TappableSocket } from './socket-taps';

/** Kinds of messages (PostgreSQL, "Message Formats"). */
const COPY_DATA = 0x64;
const COPY_OUT_RESPONSE = 0x48;
/** Messages that may come between any others, which are pg's: notices, parameters, notifications. */
const BETWEEN: ReadonlySet<number> = new Set([0x4e, 0x53, 0x41]);

/** What is read into. Large enough for few pauses and copies, small enough for a processor's cache. In bytes. */
const SLAB_BYTES = 1024 * 1024;
/** With less room the next slab is begun: what Node.js reads at once. */
const MIN_ROOM_BYTES = 64 * 1024;
/**
 * Fewer bytes are not given out at once, unless nothing more came for so many milliseconds: the server sends 8 KiB at a time, and what is done for each
 * piece is then done so often that V8 spends twice the time on optimising code (measured with --trace-opt). 256 KiB take 3% more CPU than this.
 */
const PIECE_BYTES = 640 * 1024;
const LINGER_MS = 2;
/**
 * A socket that was read empty is left alone for so many milliseconds. The server sends 8 KiB at a time, and whoever waits for each of them is woken 10,000
 * times for 400 MB: a twelfth of the CPU of a whole run that stages them as Avro. The system keeps what comes meanwhile, and takes more memory for it by itself.
 */
const REST_MS = 1;

interface Slab {
  readonly bytes: Buffer;
  readonly view: DataView;
}

/**
 * A COPY … TO STDOUT as a query of pg, which reads the socket itself: into slabs in which messages lie as the server sent them. Everything that is no CopyData goes
 * to pg, and with the end of the data, or an error, so does the socket. The server waits while pieces are not pulled: about a slab is read ahead.
 */
export class CopyReader implements Submittable, SocketTap {
  private slab = allocate(SLAB_BYTES);
  private spare: Slab | undefined;
  /** Whole messages that are not given out yet begin at `start`, the message that is not whole at `scanned`; what was received ends at `end`. */
  private start = 0;
  private scanned = 0;
  private end = 0;
  /** Bytes of the message that is not whole, with its head; 0: not known. */
  private needed = 0;
  /** Whether the next message has to wait until those before it were given out. */
  private isStopped = false;
  /** Bytes to come of a message that is too long to be kept, and is given out as it comes. */
  private passing = 0;
  /** Messages of slabs before, which nobody has pulled. */
  private readonly pending: CopyFrames[] = [];
  /** What whoever pulls has in hand. */
  private held: CopyPiece | undefined;
  private wake: (() => void) | undefined;
  private lingering: NodeJS.Timeout | undefined;
  private resting: NodeJS.Timeout | undefined;
  private isPaused = false;
  private isAttached = false;
  private isEnded = false;
  private failure: Error | undefined;
  private command = '';
  private readonly finished: Promise<void>;
  private finish: () => void = () => undefined;

  /** `maxMessageBytes`: longer messages are not kept whole. */
  constructor(
    private readonly text: string,
    private readonly socket: TappableSocket,
    private readonly maxMessageBytes: number,
  ) {
    this.finished = new Promise((resolve) => (this.finish = resolve));
  }

  /** Called by pg when it is this query's turn. */
  submit(connection: Connection): void {
    this.isAttached = true;
    this.socket.attach(this);
    connection.query(this.text);
  }

  /** Whole messages as they come; what is longer than allowed, in bytes. Throws what pg has to say of a failure. */
  async *pieces(): AsyncGenerator<CopyPiece, void, undefined> {
    for (let hasLingered = false; ;) {
      // what is no data has waited for the data before it
      if (this.pending.length === 0 && this.start === this.scanned) this.scan();
      if (this.failure !== undefined) throw this.failure;
      if (!hasLingered && this.isShort()) {
        await this.more();
        hasLingered = true;
        continue;
      }
      hasLingered = false;
      const piece = this.take();
      if (piece !== undefined) {
        this.held = piece;
        yield piece;
        this.letGo(piece);
        continue;
      }
      if (this.isEnded) return;
      await this.more();
      hasLingered = true;
    }
  }

  /** Until enough came, or nothing more for a while. */
  private async more(): Promise<void> {
    if (this.resting === undefined) this.goOn();
    const woken = new Promise<void>((resolve) => (this.wake = resolve));
    this.linger();
    await woken;
  }

  /** The server's count of rows, once it is ready for the next command. */
  async completed(): Promise<number> {
    await this.finished;
    if (this.failure !== undefined) throw this.failure;
    return Number(/^COPY (\d+)/.exec(this.command)?.[1] ?? 0);
  }

  room(): Uint8Array {
    const { bytes } = this.slab;
    if (bytes.length - this.end < MIN_ROOM_BYTES || this.scanned + this.needed > bytes.length)
      this.nextSlab();
    return this.slab.bytes.subarray(this.end);
  }

  received(bytes: Uint8Array): boolean {
    const { slab } = this;
    if (bytes.buffer === slab.bytes.buffer && bytes.byteOffset === slab.bytes.byteOffset + this.end) {
      this.end += bytes.length;
    } else {
      this.append(bytes);
    }
    this.scan();
    if (this.isShort()) {
      this.linger();
      if (this.socket.mayRest && bytes.length < MIN_ROOM_BYTES) this.rest();
      return !this.isPaused;
    }
    if (this.wakeUp() || !this.isAttached) return true;
    this.isPaused = this.pending.length > 0 || this.slab.bytes.length - this.end < MIN_ROOM_BYTES;
    return !this.isPaused;
  }

  /** By pg: the server's report, or what broke the connection. */
  handleError(error: Error): void {
    this.failure ??= error;
    this.release();
    this.finish();
    this.wakeUp();
  }

  handleCommandComplete(message: { readonly text?: string } | undefined): void {
    this.command = message?.text ?? '';
  }

  handleReadyForQuery(): void {
    this.finish();
  }

  private take(): CopyPiece | undefined {
    const pending = this.pending.shift();
    if (pending !== undefined) return pending;
    if (this.start < this.scanned) {
      const { start, scanned } = this;
      this.start = scanned;
      return { ...this.slab, start, end: scanned };
    }
    return this.passing === 0 ? undefined : this.pass();
  }

  /** Finds whole messages. */
  private scan(): void {
    const { view } = this.slab;
    this.needed = 0;
    this.isStopped = false;
    while (this.passing === 0 && this.end - this.scanned >= FRAME_BYTES) {
      const isFirst = this.start === this.scanned && this.pending.length === 0;
      const size = LENGTH_AT + view.getUint32(this.scanned + LENGTH_AT);
      if (view.getUint8(this.scanned) !== COPY_DATA) {
        this.isStopped = !isFirst;
        if (!isFirst || !this.readOther(view.getUint8(this.scanned), size)) return;
      } else if (size > this.maxMessageBytes || size < FRAME_BYTES) {
        this.isStopped = !isFirst;
        if (!isFirst) return;
        this.scanned += FRAME_BYTES;
        this.start = this.scanned;
        this.passing = Math.max(0, size - FRAME_BYTES);
      } else {
        if (this.scanned + size > this.end) {
          this.needed = size;
          return;
        }
        this.scanned += size;
      }
    }
  }

  /** A message that is no data; false: no more is to be read for now. */
  private readOther(kind: number, size: number): boolean {
    const { bytes } = this.slab;
    if (kind !== COPY_OUT_RESPONSE && !BETWEEN.has(kind)) {
      this.release();
      return false;
    }
    if (size > this.maxMessageBytes) {
      this.handleError(new Error(`the server sent a message of ${size} bytes that is none of COPY's`));
      return false;
    }
    const next = this.scanned + size;
    if (next > this.end) {
      this.needed = size;
      return false;
    }
    if (BETWEEN.has(kind)) this.tell(Buffer.from(bytes.subarray(this.scanned, next)));
    this.scanned = next;
    this.start = next;
    return true;
  }

  /** Gives the socket back, with what came from it and is not ours. */
  private release(): void {
    this.isEnded = true;
    if (!this.isAttached) return;
    this.isAttached = false;
    this.socket.detach();
    this.goOn();
    const rest = Buffer.from(this.slab.bytes.subarray(this.scanned, this.end));
    this.end = this.scanned;
    if (rest.length > 0 && this.failure === undefined) this.tell(rest);
  }

  private tell(bytes: Buffer): void {
    for (const listener of this.socket.listeners) listener(bytes);
  }

  /** What has come of a message that is too long. */
  private pass(): Buffer | undefined {
    const length = Math.min(this.passing, this.end - this.start);
    if (length === 0) return undefined;
    const piece = Buffer.from(this.slab.bytes.subarray(this.start, this.start + length));
    this.start += length;
    this.scanned = this.start;
    this.passing -= length;
    return piece;
  }

  private append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const room = this.room();
      const part = bytes.subarray(at, at + room.length);
      room.set(part);
      this.end += part.length;
      at += part.length;
    }
  }

  /** Goes on in another slab, with the message that is not whole in front. */
  private nextSlab(): void {
    const { slab: old, start, scanned, end } = this;
    if (start < scanned) this.pending.push({ ...old, start, end: scanned });
    const size = Math.max(SLAB_BYTES, Math.max(end - scanned, this.needed) + MIN_ROOM_BYTES);
    if (!this.isInUse(old)) this.keep(old);
    const next = size === SLAB_BYTES && this.spare !== undefined ? this.spare : allocate(size);
    if (next === this.spare) this.spare = undefined;
    old.bytes.copy(next.bytes, 0, scanned, end);
    this.slab = next;
    this.start = 0;
    this.scanned = 0;
    this.end = end - scanned;
  }

  private letGo(piece: CopyPiece): void {
    this.held = undefined;
    if (Buffer.isBuffer(piece) || piece.bytes === this.slab.bytes || this.isInUse(piece)) return;
    this.keep({ bytes: piece.bytes, view: piece.view });
  }

  private isInUse({ bytes }: Slab): boolean {
    const { held } = this;
    if (held !== undefined && !Buffer.isBuffer(held) && held.bytes === bytes) return true;
    return this.pending.some((frames) => frames.bytes === bytes);
  }

  private keep(slab: Slab): void {
    if (slab.bytes.length === SLAB_BYTES) this.spare = slab;
  }

  /** Whether it is worth while to wait for more. */
  private isShort(): boolean {
    return (
      this.isAttached &&
      this.pending.length === 0 &&
      this.passing === 0 &&
      this.failure === undefined &&
      !this.isStopped &&
      this.scanned - this.start < PIECE_BYTES &&
      this.slab.bytes.length - this.end >= MIN_ROOM_BYTES
    );
  }

  /** Gives out what there is in a while, should nothing more come. */
  private linger(): void {
    if (this.wake === undefined || this.lingering !== undefined || this.start === this.scanned) return;
    this.lingering = setTimeout(() => this.wakeUp(), LINGER_MS);
  }

  /** The socket waits for a moment. */
  private rest(): void {
    this.isPaused = true;
    this.resting = setTimeout(() => this.goOn(), REST_MS);
  }

  private goOn(): void {
    clearTimeout(this.resting);
    this.resting = undefined;
    if (!this.isPaused) return;
    this.isPaused = false;
    this.socket.resume();
  }

  private wakeUp(): boolean {
    const { wake } = this;
    this.wake = undefined;
    clearTimeout(this.lingering);
    this.lingering = undefined;
    wake?.();
    return wake !== undefined;
  }
}

function allocate(size: number): Slab {
  const bytes = Buffer.allocUnsafeSlow(size);
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, size) };
}
