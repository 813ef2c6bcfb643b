import { PG_NULL } from '../../core/pg-binary';
import {
  HEADER_BYTES,
  notCopyData,
  readCopyHeader,
  TRAILER,
  type DecoderLimits,
} from './copy-binary-decoder';

/** Complete rows within bytes. */
export interface FoundRows {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly start: number;
  readonly rows: number;
  /** Bytes of something else between a row and the next. */
  readonly gap: number;
  /** See `PgRows`. */
  readonly holder?: object;
}

/**
 * Finds complete rows in the stream of `COPY … TO STDOUT (FORMAT binary)`, wherever its chunks are cut, without looking at their values. Keeps
 * no more than the row that is not complete.
 */
export class CopyBinaryRows {
  /** Rows that were found. */
  rows = 0;
  private isHeaderRead = false;
  private isEnded = false;
  private isTooLarge = false;
  /** Bytes that wait for more, and how many are needed in all before there is anything to find. */
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private neededBytes = HEADER_BYTES;

  constructor(
    private readonly fields: number,
    private readonly limits: DecoderLimits,
  ) {}

  /** Whether the trailer, which proves that nothing is missing before it, has been read. */
  get sawTrailer(): boolean {
    return this.isEnded;
  }

  /** Whether the row that has begun has more bytes than rows may have: nothing more is found, and `rest` is for the decoder. */
  get tooLarge(): boolean {
    return this.isTooLarge;
  }

  /** All bytes from the beginning of the row that is not complete. */
  rest(): Buffer {
    return Buffer.concat(this.waiting, this.waitingBytes);
  }

  /** The rows that are complete with this chunk; undefined: none. Throws SOURCE_INCOMPLETE for bytes that are not this format. */
  push(chunk: Buffer): FoundRows | undefined {
    let bytes = chunk;
    if (this.waitingBytes > 0) {
      this.waiting.push(chunk);
      this.waitingBytes += chunk.length;
      if (this.waitingBytes < this.neededBytes) return undefined;
      bytes = this.rest();
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let position = 0;
    if (!this.isHeaderRead) {
      const header = bytes.length < HEADER_BYTES ? HEADER_BYTES : readCopyHeader(bytes, view);
      if (header > bytes.length) {
        this.wait(bytes, 0, header);
        return undefined;
      }
      this.isHeaderRead = true;
      position = header;
    }
    const start = position;
    let rows = 0;
    for (let end = this.rowEnd(bytes, view, position); end > 0; end = this.rowEnd(bytes, view, position)) {
      position = end;
      rows++;
    }
    this.rows += rows;
    return rows === 0 ? undefined : { bytes, view, start, rows, gap: 0 };
  }

  /** Where the row that begins at `start` ends; -1: it is not complete, and what there is of it waits. */
  private rowEnd(bytes: Buffer, view: DataView, start: number): number {
    const end = bytes.length;
    if (this.isEnded) {
      if (start < end) throw notCopyData('there are bytes behind its end');
      this.wait(bytes, start, 1);
      return -1;
    }
    if (end - start < 2) return this.wait(bytes, start, 2);
    const count = view.getInt16(start);
    if (count === TRAILER) {
      this.isEnded = true;
      if (start + 2 < end) throw notCopyData('there are bytes behind its end');
      return this.wait(bytes, end, 1);
    }
    if (count !== this.fields) {
      throw notCopyData(`a row has ${count} fields where ${this.fields} were asked for`);
    }
    let at = start + 2;
    for (let field = 0; field < count; field++) {
      if (end - at < 4) return this.wait(bytes, start, at + 4 - start);
      const length = view.getInt32(at);
      at += 4;
      if (length === PG_NULL) continue;
      if (length < 0) throw notCopyData(`a field has ${length} bytes`);
      at += length;
      if (at - start > this.limits.maxRowBytes) {
        this.isTooLarge = true;
        return this.wait(bytes, start, at - start);
      }
      if (at > end) return this.wait(bytes, start, at - start);
    }
    return at;
  }

  private wait(bytes: Buffer, position: number, needed: number): -1 {
    this.waiting = position < bytes.length ? [bytes.subarray(position)] : [];
    this.waitingBytes = bytes.length - position;
    this.neededBytes = needed;
    return -1;
  }
}
