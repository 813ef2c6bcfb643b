import { isAscii, isUtf8 } from 'node:buffer';
import { MAX_SHOWN_VALUE } from '../../core/errors';
import { CSV_DOUBLED_QUOTES, CSV_ESCAPES, CSV_FIELD_SHIFT, CSV_QUOTED } from '../../core/csv-rows';
import type { CsvDialect } from './csv-dialect';
import { CsvFields } from './csv-fields';
import { CsvPlainText } from './csv-plain-text';
import { MAX_FIELDS, type CsvRecord } from './csv-record';

/** What the buffer has beyond the longest record; twice the size of the pieces that are fed. In bytes. */
const SPARE_BUFFER_BYTES = 512 * 1024;

/** Bytes behind the last one that may be read, and mean nothing: an index beyond the buffer would make every loop that meets it slow, for good. */
const SLACK_BYTES = 16;

/** Bytes of a record that `preview` shows: with the `…` that follows, what `showValue` shows in full. */
const PREVIEW_BYTES = MAX_SHOWN_VALUE - 1;

/** Bytes that continue a character of UTF-8 at most. */
const MAX_CONTINUATION_BYTES = 3;

/** The bytes of the records that are being found, and the record at hand in them. */
export abstract class CsvRecordBytes implements CsvRecord {
  abstract readonly line: number;
  count = 0;
  problem: string | undefined;

  protected buffer = Buffer.alloc(SLACK_BYTES);
  protected view = viewOf(this.buffer);
  /** Bytes in the buffer, where the current record starts in it, and where scanning goes on. */
  protected length = 0;
  protected recordStart = 0;
  protected position = 0;
  protected readonly fields = new CsvFields();
  protected oversized = false;
  private oversizedPreview = '';
  /** The buffer as a string of one character a byte, made when a field of it is first asked for. */
  private characters: string | undefined;
  /** Whether all bytes are characters of one byte, and whether they are valid; once somebody asked. */
  private singleBytes: boolean | undefined;
  private valid: boolean | undefined;
  private ended = false;

  /** Makes texts of fields with escapes or doubled quotes. */
  protected readonly plainText: CsvPlainText;

  protected constructor(
    readonly dialect: CsvDialect,
    protected readonly maxRecordBytes: number,
  ) {
    this.plainText = new CsvPlainText(dialect);
  }

  get base(): number {
    return this.fields.base;
  }

  /** Of all records since the last `feed`; valid until the next one. */
  get found(): { readonly bytes: Buffer; readonly view: DataView; readonly fields: Int32Array } {
    return { bytes: this.buffer, view: this.view, fields: this.fields.packed };
  }

  /** Whether all records that are found in what was fed are valid UTF-8; in Latin-1, ASCII. */
  get isValid(): boolean {
    if (this.valid !== undefined) return this.valid;
    const end = this.ended ? this.length : wholeCharacters(this.buffer, this.length);
    const bytes = this.buffer.subarray(0, end);
    return (this.valid = this.dialect.encoding === 'latin1' ? isAscii(bytes) : isUtf8(bytes));
  }

  get blank(): boolean {
    return this.count === 1 && this.problem === undefined && !this.hasContent(0);
  }

  hasContent(index: number): boolean {
    return this.fields.lengthAndFlags(index) !== 0;
  }

  isQuoted(index: number): boolean {
    return (this.fields.lengthAndFlags(index) & CSV_QUOTED) !== 0;
  }

  hasEscapes(index: number): boolean {
    return (this.fields.lengthAndFlags(index) & CSV_ESCAPES) !== 0;
  }

  text(index: number): string | undefined {
    const start = this.fields.start(index);
    const flags = this.fields.lengthAndFlags(index);
    const end = start + (flags >> CSV_FIELD_SHIFT);
    let text: string;
    if (this.isOfSingleBytes(start, end)) {
      this.characters ??= this.buffer.toString('latin1', 0, this.length);
      text = this.characters.substring(start, end);
    } else {
      text = this.buffer.toString('utf8', start, end);
      // Only a replacement character can hide an invalid byte; it is valid itself where the file has it.
      if (text.includes('\ufffd') && !isUtf8(this.buffer.subarray(start, end))) return undefined;
    }
    if ((flags & (CSV_DOUBLED_QUOTES | CSV_ESCAPES)) === 0) return text;
    return this.plainText.of(text, (flags & CSV_QUOTED) !== 0);
  }

  preview(): string {
    if (this.oversized) return this.oversizedPreview;
    const whole = this.position - this.recordStart <= PREVIEW_BYTES;
    const end = whole ? this.position : this.recordStart + PREVIEW_BYTES;
    const text = this.buffer.toString(this.dialect.encoding, this.recordStart, end);
    // The last character may have been cut in two.
    return whole ? text.replace(/[\r\n]+$/, '') : `${text.replace(/\ufffd+$/, '')}…`;
  }

  padTo(count: number): void {
    for (let index = this.count; index < Math.min(count, MAX_FIELDS); index++) this.fields.addAbsent();
  }

  /** The next bytes, in place of records that are behind. */
  protected append(piece: Uint8Array): void {
    this.forgetRecords();
    this.reserve(this.length + piece.length);
    this.buffer.set(piece, this.length);
    this.length += piece.length;
    this.characters = undefined;
    this.singleBytes = undefined;
    this.valid = undefined;
  }

  /** No more bytes will come. */
  protected endBytes(): void {
    this.ended = true;
    this.valid = undefined;
  }

  /** Moves the unfinished record to the front; forgets all but its last byte where it is too long to keep. */
  private forgetRecords(): void {
    if (!this.oversized && this.length - this.recordStart > this.maxRecordBytes) {
      this.oversizedPreview = this.preview();
      this.oversized = true;
    }
    const keep = this.oversized ? Math.max(this.recordStart, this.position - 1) : this.recordStart;
    if (keep === 0) return;
    this.buffer.copyWithin(0, keep, this.length);
    this.length -= keep;
    this.position -= keep;
    this.recordStart = 0;
    this.fields.moveToFront(keep);
    this.movedToFront(keep);
  }

  /** The buffer forgot its first bytes. */
  protected abstract movedToFront(bytes: number): void;

  private isOfSingleBytes(start: number, end: number): boolean {
    this.singleBytes ??= this.dialect.encoding === 'latin1' || isAscii(this.buffer.subarray(0, this.length));
    if (this.singleBytes) return true;
    const { buffer } = this;
    for (let at = start; at < end; at++) if ((buffer[at] ?? 0) > 127) return false;
    return true;
  }

  private reserve(bytes: number): void {
    if (bytes + SLACK_BYTES <= this.buffer.length) return;
    const most = this.maxRecordBytes + SPARE_BUFFER_BYTES;
    const size = Math.max(bytes, Math.min(this.buffer.length * 2, most)) + SLACK_BYTES;
    const larger = Buffer.allocUnsafeSlow(size);
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
    this.view = viewOf(larger);
  }
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}

/** Where the last character ends that is whole. */
function wholeCharacters(bytes: Buffer, length: number): number {
  for (let back = 1; back <= Math.min(MAX_CONTINUATION_BYTES, length); back++) {
    const byte = bytes[length - back] ?? 0;
    if (byte < 128) return length;
    // The first byte of a character of more bytes than there are.
    if (byte >= 192) return (byte >= 240 ? 4 : byte >= 224 ? 3 : 2) > back ? length - back : length;
  }
  return length;
}
