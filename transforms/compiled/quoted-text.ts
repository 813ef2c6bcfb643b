import { CSV_ESCAPES, CSV_FIELD_SHIFT } from '../../core/csv-rows';
import { copyQuoted } from '../encode/copy-quoted';

/** Longer texts are for the reference. In bytes. */
const MAX_BYTES = 1024 * 1024;
const INITIAL_BYTES = 4096;

/** Takes the doubled quotes out of quoted texts, one at a time. */
export class QuotedText {
  /** The text that was opened: the first `length` bytes. */
  bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  view = viewOf(this.bytes);
  length = 0;

  constructor(private readonly quote: number) {}

  /** False: it has escapes, or is too long. */
  open(from: Buffer, fromView: DataView, start: number, lengthAndFlags: number): boolean {
    const end = start + (lengthAndFlags >> CSV_FIELD_SHIFT);
    if ((lengthAndFlags & CSV_ESCAPES) !== 0 || end - start > MAX_BYTES) return false;
    if (this.bytes.length < end - start) this.grow(end - start);
    const { quote, bytes, view } = this;
    this.length = copyQuoted(from, fromView, start, end - start, quote, bytes, view, 0);
    return true;
  }

  private grow(size: number): void {
    this.bytes = Buffer.allocUnsafeSlow(Math.max(size, Math.min(2 * this.bytes.length, MAX_BYTES)));
    this.view = viewOf(this.bytes);
  }
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}
