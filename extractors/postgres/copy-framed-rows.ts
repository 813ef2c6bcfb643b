import { FRAME_BYTES, LENGTH_AT, type CopyFrames } from '../../core/clients/copy-frames';
import { PG_NULL } from '../../core/pg-binary';
import type { PgMachine } from '../../transforms/compiled/pg-machine';
import { HEADER_BYTES, readCopyHeader, TRAILER } from './copy-binary-decoder';
import type { FoundRows } from './copy-binary-rows';

/**
 * Finds rows in messages of COPY binary that hold one row each, as PostgreSQL sends them; the header comes in front of the first row, the trailer alone.
 * It looks at every length, and stops before a message that holds anything else.
 */
export class CopyFramedRows {
  /** Rows that were found. */
  rows = 0;
  /** Whether the header has been read. */
  hasBegun = false;
  /** Whether the trailer, which proves that nothing is missing before it, has been read. */
  sawTrailer = false;
  /** Where the last frames ceased to hold one row each; their end where they did not. */
  stoppedAt = 0;

  /** `machine`: undefined where there is no WebAssembly. */
  constructor(
    private readonly fields: number,
    private readonly machine: PgMachine | undefined,
  ) {}

  /** The rows of these messages; undefined: none. */
  find({ bytes, view, start, end }: CopyFrames): FoundRows | undefined {
    const holder = {};
    let at = start;
    let first = -1;
    let rows = 0;
    let hasLooked = false;
    while (at < end) {
      if (this.hasBegun && !this.sawTrailer && !hasLooked) {
        hasLooked = true;
        const found = this.findMany(holder, bytes, at, end);
        if (rows === 0) first = at + FRAME_BYTES;
        rows += found.rows;
        at = found.end;
        continue;
      }
      const next = at + LENGTH_AT + view.getUint32(at + LENGTH_AT);
      const content = this.hasBegun
        ? at + FRAME_BYTES
        : this.afterHeader(bytes, view, at + FRAME_BYTES, next);
      if (content === next) {
        // a header of its own
        if (!this.hasBegun) {
          this.hasBegun = true;
          at = next;
          continue;
        }
        break;
      }
      if (content < 0) break;
      if (content + 2 === next && view.getInt16(content) === TRAILER && !this.sawTrailer) {
        this.sawTrailer = true;
      } else if (this.sawTrailer || !this.isRow(view, content, next)) {
        break;
      } else {
        if (rows === 0) first = content;
        rows++;
      }
      this.hasBegun = true;
      at = next;
    }
    this.stoppedAt = at;
    this.rows += rows;
    return rows === 0 ? undefined : { bytes, view, start: first, rows, gap: FRAME_BYTES, holder };
  }

  /** Rows in front, as far as WebAssembly finds them, and where the message behind them begins. */
  private findMany(holder: object, bytes: Buffer, at: number, end: number): { rows: number; end: number } {
    const { machine, fields } = this;
    if (machine === undefined || fields === 0 || end - at > machine.exports.inputBytes)
      return { rows: 0, end: at };
    return machine.findFrames(holder, bytes, at, end, fields);
  }

  /** Where the header ends; -1: in another message. */
  private afterHeader(bytes: Buffer, view: DataView, start: number, end: number): number {
    if (end - start < HEADER_BYTES) return -1;
    const header = bytes.subarray(start, end);
    const length = readCopyHeader(header, new DataView(view.buffer, view.byteOffset + start, end - start));
    return start + length > end ? -1 : start + length;
  }

  /** Whether these bytes are one row of as many fields as were asked for. */
  private isRow(view: DataView, start: number, end: number): boolean {
    const { fields } = this;
    if (end - start < 2 + 4 * fields || view.getInt16(start) !== fields) return false;
    let at = start + 2;
    for (let field = 0; field < fields; field++) {
      if (end - at < 4) return false;
      const length = view.getInt32(at);
      at += 4;
      if (length > 0) at += length;
      else if (length < PG_NULL) return false;
    }
    return at === end;
  }
}
