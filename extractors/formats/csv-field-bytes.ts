import type { CSV_ESCAPES } from '../../core/csv-rows';
import type { CsvDialect } from './csv-dialect';
import { CsvRecordBytes } from './csv-record-bytes';

const LF = 10;
const CR = 13;

const TAB = 9;
const SPACE = 32;

/** Never a byte. */
const NO_BYTE = -1;

/** Instead of a length: the bytes that are there do not say it yet. */
export const UNDECIDED = -1;

/** Classes of bytes; `ORDINARY` ones are stepped over in the two inner loops. */
const ORDINARY = 0;
const DELIMITER = 1;
const NEWLINE = 2;
const QUOTE = 3;
const ESCAPE = 4;

// A constant of another module would be read from its object each time.
const HAS_ESCAPES: typeof CSV_ESCAPES = 4;

/** Steps over the bytes of fields. */
export abstract class CsvFieldBytes extends CsvRecordBytes {
  /** Of the field at hand. */
  protected fieldFlags = 0;
  /** Line ends within the fields of the record at hand. */
  protected linesInRecord = 0;
  protected readonly escape: number;
  private readonly plainClasses = new Uint8Array(256);
  private readonly quotedClasses = new Uint8Array(256);
  /** What an escape in front of takes the meaning from, besides line ends. */
  private readonly escapable: readonly Uint8Array[];

  protected constructor(dialect: CsvDialect, maxRecordBytes: number) {
    super(dialect, maxRecordBytes);
    this.plainClasses[LF] = this.plainClasses[CR] = NEWLINE;
    this.quotedClasses[LF] = this.quotedClasses[CR] = NEWLINE;
    this.plainClasses[dialect.delimiter[0] ?? 44] = DELIMITER;
    const { quote, escape } = dialect;
    this.escape = escape === undefined || escape === quote ? NO_BYTE : escape;
    if (this.escape !== NO_BYTE) this.plainClasses[this.escape] = this.quotedClasses[this.escape] = ESCAPE;
    if (quote !== undefined) this.quotedClasses[quote] = QUOTE;
    this.escapable = this.plainText.escapable.map((text) => Buffer.from(text, dialect.encoding));
  }

  /** The next byte of an unquoted field that is not simply part of it. */
  protected overPlain(from: number): number {
    const { buffer, length, plainClasses } = this;
    let at = from;
    while (at < length && plainClasses[buffer[at] ?? 0] === ORDINARY) at++;
    return at;
  }

  /** The next quote or escape of a quoted field. */
  protected overQuoted(from: number): number {
    const { buffer, length, quotedClasses } = this;
    let at = from;
    while (at < length) {
      const kind = quotedClasses[buffer[at] ?? 0];
      if (kind !== ORDINARY) {
        if (kind === QUOTE || kind === ESCAPE) break;
        if (buffer[at] === CR || buffer[at - 1] !== CR) this.linesInRecord++;
      }
      at++;
    }
    return at;
  }

  /** Behind an escape and what it takes the meaning from; in front of anything else it is a character like any other. */
  protected overEscape(at: number, atEnd: boolean): number {
    const { buffer, length } = this;
    const next = at + 1;
    if (next === length) return atEnd ? next : UNDECIDED;
    const byte = buffer[next];
    let taken = 0;
    if (byte === LF) taken = 1;
    else if (byte === CR) {
      if (next + 1 === length && !atEnd) return UNDECIDED;
      taken = next + 1 < length && buffer[next + 1] === LF ? 2 : 1;
    }
    if (taken > 0) this.linesInRecord++;
    for (const text of this.escapable) {
      if (taken !== 0) break;
      taken = this.lengthOf(text, next, atEnd);
    }
    if (taken === UNDECIDED) return UNDECIDED;
    if (taken === 0) return next;
    this.fieldFlags |= HAS_ESCAPES;
    return next + taken;
  }

  /** Bytes of the text where it stands there, 0 where it does not. */
  protected lengthOf(text: Uint8Array, at: number, atEnd: boolean): number {
    for (let index = 0; index < text.length; index++) {
      if (at + index === this.length) return atEnd ? 0 : UNDECIDED;
      if (this.buffer[at + index] !== text[index]) return 0;
    }
    return text.length;
  }

  /** The next byte that is neither a space nor a tab, nor what the delimiter begins with. */
  protected overBlanks(from: number): number {
    let at = from;
    while (at < this.length && this.isBlank(at)) at++;
    return at;
  }

  protected isBlank(at: number): boolean {
    const byte = this.buffer[at];
    return (byte === SPACE || byte === TAB) && byte !== this.dialect.delimiter[0];
  }

  protected isDelimiter(at: number): boolean {
    const { delimiter } = this.dialect;
    for (let index = 0; index < delimiter.length; index++) {
      if (this.buffer[at + index] !== delimiter[index]) return false;
    }
    return at + delimiter.length <= this.length;
  }
}
