import type { Cell } from '../../core/cells';
import { BeamliftError } from '../../core/errors';
import { UnreadableValue } from '../../core/pg-binary';
import type { FieldDecoder } from './field-decoders';

/** Where decoded rows go. */
export interface RowSink {
  row(cells: Cell[]): void;
  /** A row of which one field cannot be read; that and every other unreadable field is null in `cells`. */
  unreadable(cells: Cell[], field: number, reason: string): void;
}

export interface DecoderLimits {
  /** The most bytes of one row's fields that are kept; fields beyond it are skipped and their row is unreadable. */
  readonly maxRowBytes: number;
}

/** `PGCOPY\n\xff\r\n\0`. */
const SIGNATURE = Buffer.from([0x50, 0x47, 0x43, 0x4f, 0x50, 0x59, 0x0a, 0xff, 0x0d, 0x0a, 0x00]);
/** Signature, flags, and the length of what else the header may hold. */
export const HEADER_BYTES = SIGNATURE.length + 8;
/** Flags from bit 16 on change what the data means; none is known. */
const CRITICAL_FLAGS = 0xffff_0000;
/** In place of a row's number of fields: the end of the data. */
export const TRAILER = -1;
/** A header that says nothing: what a decoder is given first that goes on in the middle. */
export const EMPTY_HEADER = Buffer.concat([SIGNATURE, Buffer.alloc(8)]);
const NULL_FIELD = -1;

/**
 * Decodes the stream of `COPY … TO STDOUT (FORMAT binary)` row by row, wherever its chunks are cut. Keeps no more than the
 * field that is not complete, at most `maxRowBytes`; larger fields pass by without being kept.
 */
export class CopyBinaryDecoder {
  /** Decoded rows, unreadable ones included. */
  rows = 0;

  private isHeaderRead = false;
  private isEnded = false;
  /** Bytes that wait for more, and how many are needed in all before decoding can go on. */
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private neededBytes = HEADER_BYTES;
  /** Bytes still to come of what is skipped. */
  private skipBytes = 0;
  /** The row that has begun. */
  private cells: Cell[] | undefined;
  private field = 0;
  private rowBytes = 0;
  private problem: { readonly field: number; readonly reason: string } | undefined;

  constructor(
    private readonly fields: readonly FieldDecoder[],
    private readonly sink: RowSink,
    private readonly limits: DecoderLimits,
  ) {}

  /** Whether the trailer, which proves that nothing is missing before it, has been read. */
  get sawTrailer(): boolean {
    return this.isEnded;
  }

  /** Takes the next chunk; `row` and `unreadable` are called before it returns. Throws SOURCE_INCOMPLETE for bytes that are not this format. */
  push(chunk: Buffer): void {
    let bytes = chunk;
    if (this.skipBytes > 0) {
      const skipped = Math.min(this.skipBytes, bytes.length);
      this.skipBytes -= skipped;
      bytes = bytes.subarray(skipped);
    }
    if (bytes.length === 0) return;
    if (this.waitingBytes > 0) {
      this.waiting.push(bytes);
      this.waitingBytes += bytes.length;
      if (this.waitingBytes < this.neededBytes) return;
      bytes = Buffer.concat(this.waiting, this.waitingBytes);
      this.waiting = [];
      this.waitingBytes = 0;
    }
    this.decode(bytes);
  }

  private decode(bytes: Buffer): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const end = bytes.length;
    let position = 0;
    if (!this.isHeaderRead) {
      if (end < HEADER_BYTES) {
        this.wait(bytes, 0, HEADER_BYTES);
        return;
      }
      position = readCopyHeader(bytes, view);
      this.isHeaderRead = true;
      if (position > end) {
        this.skipBytes = position - end;
        return;
      }
    }
    for (;;) {
      let { cells } = this;
      if (cells === undefined) {
        if (this.isEnded) {
          if (position < end) throw notCopyData('there are bytes behind its end');
          return;
        }
        if (end - position < 2) {
          this.wait(bytes, position, 2);
          return;
        }
        cells = this.beginRow(view.getInt16(position));
        position += 2;
        if (cells === undefined) continue;
      }
      position = this.readFields(cells, bytes, view, position);
      if (position < 0) return;
    }
  }

  /** Undefined: there are no more rows. */
  private beginRow(count: number): Cell[] | undefined {
    if (count === TRAILER) {
      this.isEnded = true;
      return undefined;
    }
    if (count !== this.fields.length) {
      throw notCopyData(`a row has ${count} fields where ${this.fields.length} were asked for`);
    }
    const cells = new Array<Cell>(count);
    this.cells = cells;
    this.field = 0;
    this.rowBytes = 0;
    this.problem = undefined;
    return cells;
  }

  /** Reads on in the row until it is complete, and gives the position behind it; -1 when it waits for more bytes. */
  private readFields(cells: Cell[], bytes: Buffer, view: DataView, from: number): number {
    const { fields } = this;
    const end = bytes.length;
    let position = from;
    let field = this.field;
    for (; field < fields.length; field++) {
      if (end - position < 4) {
        this.field = field;
        this.wait(bytes, position, 4);
        return -1;
      }
      const length = view.getInt32(position);
      if (length === NULL_FIELD) {
        cells[field] = null;
        position += 4;
        continue;
      }
      if (length < 0) throw notCopyData(`a field has ${length} bytes`);
      if (this.rowBytes + length > this.limits.maxRowBytes) {
        position = this.skipField(cells, field, length, position + 4, end);
        if (position < 0) return -1;
        continue;
      }
      if (end - position < 4 + length) {
        this.field = field;
        this.wait(bytes, position, 4 + length);
        return -1;
      }
      const decode = fields[field];
      if (decode !== undefined) {
        try {
          cells[field] = decode(bytes, view, position + 4, length);
        } catch (error) {
          this.noteProblem(cells, field, reasonOf(error));
        }
      }
      this.rowBytes += length;
      position += 4 + length;
    }
    this.endRow(cells);
    return position;
  }

  private skipField(cells: Cell[], field: number, length: number, start: number, end: number): number {
    this.noteProblem(
      cells,
      field,
      `${length} bytes; a row may have ${this.limits.maxRowBytes} bytes, which bounds the memory it needs`,
    );
    if (start + length <= end) return start + length;
    this.skipBytes = start + length - end;
    this.field = field + 1;
    if (this.field === this.fields.length) this.endRow(cells);
    return -1;
  }

  private endRow(cells: Cell[]): void {
    this.rows++;
    this.cells = undefined;
    if (this.problem === undefined) this.sink.row(cells);
    else this.sink.unreadable(cells, this.problem.field, this.problem.reason);
  }

  /** The first one is reported. */
  private noteProblem(cells: Cell[], field: number, reason: string): void {
    cells[field] = null;
    this.problem ??= { field, reason };
  }

  private wait(bytes: Buffer, position: number, needed: number): void {
    if (position < bytes.length) this.waiting = [bytes.subarray(position)];
    this.waitingBytes = bytes.length - position;
    this.neededBytes = needed;
  }
}

/** Where the rows begin; what else the header holds is skipped, as the format asks for. `bytes` are at least HEADER_BYTES. */
export function readCopyHeader(bytes: Buffer, view: DataView): number {
  if (bytes.compare(SIGNATURE, 0, SIGNATURE.length, 0, SIGNATURE.length) !== 0) {
    throw notCopyData('it does not begin with its signature');
  }
  const flags = view.getUint32(SIGNATURE.length);
  if ((flags & CRITICAL_FLAGS) !== 0) throw notCopyData(`flags ${flags.toString(16)} are not known`);
  return HEADER_BYTES + view.getUint32(SIGNATURE.length + 4);
}

function reasonOf(error: unknown): string {
  if (error instanceof UnreadableValue) return error.message;
  // DataView's: the value is shorter than its type
  if (error instanceof RangeError) return 'the value has fewer bytes than its type';
  throw error;
}

/** What is wrong with an answer that should be COPY's. */
export function notCopyData(why: string): BeamliftError {
  return new BeamliftError('SOURCE_INCOMPLETE', {
    what: "The server's answer is not the binary format of COPY",
    why,
    hint: 'Something between here and the server changes the data, or the server is not PostgreSQL.',
  });
}
