import { BATCH_BYTES } from '../extractor';
import { BeamliftError } from '../errors';
import { MYSQL_HEADER_BYTES } from '../mysql-rows';

/** A packet of so many bytes has another one behind it, and both are one. */
const MAX_PACKET_BYTES = 0xff_ffff;
/** Where in a packet's header its number is. */
const NUMBER_AT = 3;
/** What the packets behind the last row begin with: of the end of a result (shorter than any row that begins so), of an error. */
const END_MARK = 0xfe;
const END_BYTES = 9;
const ERROR_MARK = 0xff;

/** At least so much is read at once. In bytes. */
const READ_BYTES = 64 * 1024;
const USUAL_BYTES = BATCH_BYTES + 2 * READ_BYTES;

/** Takes what an answer of the server is made of. */
export interface PacketReceiver {
  /** A packet that is no row, with its header; `number` is the header's. Says whether rows are behind it. */
  other(packet: Buffer, number: number): boolean;
  /** Complete packets of rows from `start` to `end`, each with its header. They stay as they are until `goOn`. */
  rows(bytes: Buffer, view: DataView, start: number, end: number, rows: number): void;
  /** A row of several packets, without headers. */
  longRow(row: Buffer): void;
}

interface Slab {
  readonly bytes: Buffer;
  readonly view: DataView;
}

/**
 * Finds the packets in the bytes of an answer, wherever those are cut, without an object for each. Bytes come into two slabs in turn: rows
 * are not copied, but for the beginning of the one that is not complete when the others are given.
 */
export class RowPackets {
  private slab = allocate(USUAL_BYTES);
  /** Not in use; and that of the rows that were given. */
  private spare: Slab | undefined;
  private given: Slab | undefined;
  /** Rows that are not given yet begin here, and the packet that is not complete; `end`: of what has come. */
  private start = 0;
  private found = 0;
  private end = 0;
  private count = 0;
  private number = 0;
  private isRows = false;
  private isGiven = false;

  /** `maxRowBytes`: of one row; more are LIMIT_EXCEEDED before they are all in memory. */
  constructor(
    private readonly receiver: PacketReceiver,
    private readonly maxRowBytes: number,
    private readonly tooLong: () => BeamliftError,
  ) {}

  /** Where the next bytes may be put, also while rows are given. */
  room(): Buffer {
    this.reserve(READ_BYTES);
    return this.slab.bytes.subarray(this.end);
  }

  /** Takes bytes, which may be where `room` said. False: rows were given, and nothing more should come before `goOn`. Throws SOURCE_INCOMPLETE for what is no answer. */
  received(chunk: Uint8Array): boolean {
    const { bytes } = this.slab;
    if (chunk.buffer !== bytes.buffer || chunk.byteOffset !== bytes.byteOffset + this.end) {
      this.reserve(chunk.length);
      this.slab.bytes.set(chunk, this.end);
    }
    this.end += chunk.length;
    return !this.isGiven && this.find();
  }

  /** The rows that were given are no longer needed. False: there are others already. */
  goOn(): boolean {
    this.isGiven = false;
    if (this.given?.bytes.length === USUAL_BYTES) this.spare = this.given;
    this.given = undefined;
    return this.find();
  }

  private find(): boolean {
    while (this.end - this.found >= MYSQL_HEADER_BYTES) {
      const { bytes, view } = this.slab;
      const length = view.getUint32(this.found, true) & MAX_PACKET_BYTES;
      const next = this.found + MYSQL_HEADER_BYTES + length;
      if (this.isRows && length === MAX_PACKET_BYTES) {
        if (!this.findLongRow()) break;
        return false;
      }
      if (next > this.end) break;
      const mark = bytes[this.found + MYSQL_HEADER_BYTES];
      if (!this.isRows || mark === ERROR_MARK || (mark === END_MARK && length < END_BYTES)) {
        if (this.count > 0) this.give();
        else this.passOther(next);
        continue;
      }
      this.checkNumber(this.found);
      this.count++;
      this.found = next;
    }
    if (this.end - this.found > this.maxRowBytes + MYSQL_HEADER_BYTES) throw this.tooLong();
    if (this.found - this.start < BATCH_BYTES) return true;
    this.give();
    return false;
  }

  /** Packets are counted, so that a missing one is noticed. */
  private checkNumber(packet: number): void {
    const number = this.slab.bytes[packet + NUMBER_AT] ?? 0;
    if (number !== this.number) {
      throw new BeamliftError('SOURCE_INCOMPLETE', {
        what: `The server sent packet ${number} of its answer where packet ${this.number} was due`,
        hint: 'Run the job again; nothing of this unit counts. If it happens again, something between here and the server damages what it sends.',
      });
    }
    this.number = (number + 1) & 0xff;
  }

  private passOther(next: number): void {
    const packet = Buffer.from(this.slab.bytes.subarray(this.found, next));
    const number = packet[NUMBER_AT] ?? 0;
    this.number = (number + 1) & 0xff;
    this.start = this.found = next;
    this.isRows = this.receiver.other(packet, number);
  }

  /** What is behind the rows goes on in the other slab. */
  private give(): void {
    const { slab, start, found, count } = this;
    this.start = found;
    this.replace(USUAL_BYTES);
    this.isGiven = true;
    this.given = slab;
    this.count = 0;
    this.receiver.rows(slab.bytes, slab.view, start, found, count);
  }

  /** Whether it, or what is in front of it, was given: the rows in front of it go first. */
  private findLongRow(): boolean {
    const parts: Buffer[] = [];
    let at = this.found;
    for (let length = MAX_PACKET_BYTES; length === MAX_PACKET_BYTES; at += length) {
      if (this.end - at < MYSQL_HEADER_BYTES) return false;
      length = this.slab.view.getUint32(at, true) & MAX_PACKET_BYTES;
      at += MYSQL_HEADER_BYTES;
      if (length > this.end - at) return false;
      parts.push(this.slab.bytes.subarray(at, at + length));
    }
    if (this.count > 0) {
      this.give();
      return true;
    }
    for (let packet = this.found; packet < at; packet += MYSQL_HEADER_BYTES + MAX_PACKET_BYTES) {
      this.checkNumber(packet);
    }
    const row = Buffer.concat(parts);
    this.start = this.found = at;
    this.isGiven = true;
    this.receiver.longRow(row);
    return true;
  }

  private reserve(size: number): void {
    const { length } = this.slab.bytes;
    if (length - this.end < size) this.replace(Math.max(length * 2, this.end - this.start + size));
  }

  /** What comes from `start` on moves to a slab of at least so many bytes. */
  private replace(size: number): void {
    const { slab: old, start, end } = this;
    const needed = Math.max(size, end - start + READ_BYTES);
    this.slab = needed === USUAL_BYTES && this.spare !== undefined ? this.spare : allocate(needed);
    if (this.slab === this.spare) this.spare = undefined;
    old.bytes.copy(this.slab.bytes, 0, start, end);
    this.found -= start;
    this.end -= start;
    this.start = 0;
  }
}

function allocate(size: number): Slab {
  const bytes = Buffer.allocUnsafeSlow(size);
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, size) };
}
