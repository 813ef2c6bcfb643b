import { CSV_ESCAPES, CSV_FIELD_SHIFT } from '../../core/csv-rows';

/** Longer texts are for the reference. In bytes. */
const MAX_BYTES = 1024 * 1024;
const INITIAL_BYTES = 4096;
/** So many bytes more than needed may be written. */
const SLACK_BYTES = 8;

const ONES = 0x0101_0101;
const HIGH_BITS = 0x8080_8080 | 0;

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
    if (this.bytes.length < end - start + SLACK_BYTES) this.grow(end - start + SLACK_BYTES);
    const { quote, bytes, view } = this;
    const quotes = Math.imul(quote, ONES);
    let length = 0;
    let at = start;
    for (const last = end - 4; at <= last;) {
      const word = fromView.getInt32(at, true);
      view.setInt32(length, word, true);
      const ofQuote = word ^ quotes;
      const found = (ofQuote - ONES) & ~ofQuote & HIGH_BITS;
      if (found === 0) {
        at += 4;
        length += 4;
      } else {
        // Of a quote, only the first of the two.
        const plain = ((31 - Math.clz32(found & -found)) >> 3) + 1;
        at += plain + 1;
        length += plain;
      }
    }
    while (at < end) {
      const byte = from[at] ?? 0;
      bytes[length++] = byte;
      at += byte === quote ? 2 : 1;
    }
    this.length = length;
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
