import { BeamliftError } from '../../core/errors';
import type { CSV_DOUBLED_QUOTES, CSV_QUOTED } from '../../core/csv-rows';
import type { CsvDialect } from './csv-dialect';
import { CsvFieldBytes, UNDECIDED } from './csv-field-bytes';
import { CsvPlainRecords, NO_RECORD } from './csv-plain-records';
import { MAX_FIELDS, type CsvRecord } from './csv-record';
import { MAX_RECORD_BYTES } from './format-reader';

const LF = 10;
const CR = 13;

/** Never a byte. */
const NO_BYTE = -1;

/** What the tokenizer is in the middle of. */
const FIELD_START = 0;
const PLAIN = 1;
const QUOTED = 2;
const AFTER_QUOTE = 3;
const SKIPPED_LINE = 4;

// Constants of another module would be read from its object each time.
const IS_QUOTED: typeof CSV_QUOTED = 1;
const HAS_DOUBLED_QUOTES: typeof CSV_DOUBLED_QUOTES = 2;

export interface CsvTokenizerOptions {
  /** The first byte fed is not that of the file but of a later record, which begins on this line: no byte order mark is looked for. */
  readonly firstLine?: number;
  readonly maxRecordBytes?: number;
}

/**
 * Cuts CSV bytes into records, piece by piece, however the pieces are cut.
 *
 * RFC 4180 with what real files do: records end with LF, CRLF or CR; a quote in the middle of an unquoted field is a character like
 * any other; text after a closing quote makes the record a problem but not the file. An escape character takes its meaning from what
 * stands behind it; a quote may be doubled all the same. Bytes are scanned once and only fields that
 * are asked for become strings: cut from one string per piece where they are ASCII (a native call per field costs five times as much).
 *
 * Memory: one record plus one piece, at most `maxRecordBytes` plus one piece; a longer record is skipped and reported as a problem.
 */
export class CsvTokenizer extends CsvFieldBytes {
  line = 1;

  private phase = FIELD_START;
  private fieldStart = 0;
  private fieldEnd = 0;
  private quoteLine = 0;
  private lastWasCr = false;
  private started = false;
  /** In SKIPPED_LINE: so many line ends are still to come. */
  private linesToSkip = 0;

  private readonly comment: number;
  private readonly plainRecords: CsvPlainRecords | undefined;

  constructor(
    dialect: CsvDialect,
    private readonly onRecord: (record: CsvRecord) => void,
    { firstLine, maxRecordBytes = MAX_RECORD_BYTES }: CsvTokenizerOptions = {},
  ) {
    super(dialect, maxRecordBytes);
    if (firstLine !== undefined) {
      this.line = firstLine;
      this.started = true;
    }
    this.comment = dialect.comment?.[0] ?? NO_BYTE;
    this.plainRecords = CsvPlainRecords.of(dialect);
    const { skipLines = 0 } = dialect;
    if (firstLine === undefined && skipLines > 0) this.skipLines(skipLines);
  }

  /** Takes the next bytes (copied) and reports the records that end in them. Pieces of some 100 KiB keep memory small. */
  feed(piece: Uint8Array): void {
    this.append(piece);
    if (!this.started && !this.skipByteOrderMark(false)) return;
    this.scan(false);
  }

  /** Reports the last record. Throws FORMAT_INVALID when a quote is still open. */
  end(): void {
    this.endBytes();
    if (!this.started) this.skipByteOrderMark(true);
    this.scan(true);
    if (this.phase === SKIPPED_LINE) return;
    if (this.phase === QUOTED) {
      throw new BeamliftError('FORMAT_INVALID', {
        what: `The quote that opens on line ${this.quoteLine} is never closed.`,
        where: { row: `line ${this.quoteLine}` },
        why: 'The file ends inside of a quoted field, so everything after that quote would be one value.',
        hint: 'Look at that line: a quote inside of a field must be doubled. In file_format_options, set `escape: "\\\\"` if a backslash stands before such quotes, or `quote: ""` if quotes mean nothing in this file.',
      });
    }
    if (this.phase === PLAIN) this.fieldEnd = this.length;
    if (this.phase === FIELD_START && this.count > 0) this.beginField(this.length);
    if (this.phase !== FIELD_START) this.endField();
    if (this.count > 0) this.endRecord(this.length);
  }

  /** Whether all records that were begun have ended with a line end: only then can what comes next be read by itself. */
  get isBetweenRecords(): boolean {
    return this.phase === FIELD_START && this.recordStart === this.length;
  }

  private skipByteOrderMark(atEnd: boolean): boolean {
    const { buffer, length } = this;
    if (length < 3 && !atEnd) return false;
    this.started = true;
    const marked =
      this.dialect.encoding === 'utf-8' && buffer[0] === 0xef && buffer[1] === 0xbb && buffer[2] === 0xbf;
    if (marked) this.position = this.recordStart = 3;
    return true;
  }

  /** Reports all records that end in the buffer. Stops before a byte whose meaning depends on the next, unless there is none. */
  private scan(atEnd: boolean): void {
    const { buffer, length } = this;
    const quote = this.dialect.quote ?? NO_BYTE;
    const delimiterLength = this.dialect.delimiter.length;
    const { comment, trim } = this.dialect;
    this.plainRecords?.begin(length);
    let at = this.position;
    while (at < length) {
      if (this.phase === SKIPPED_LINE) {
        at = this.overLine(at);
        continue;
      }
      if (this.phase === FIELD_START) {
        if (this.lastWasCr) {
          this.lastWasCr = false;
          if (buffer[at] === LF) {
            at++;
            this.recordStart = at;
            continue;
          }
        }
        if (at === this.recordStart && this.plainRecords !== undefined && buffer[at] !== this.comment) {
          const end = this.plainRecords.find(buffer, this.view, at, length, this.fields);
          if (end !== NO_RECORD) {
            this.count = this.plainRecords.count;
            this.linesInRecord = this.plainRecords.lineEnds;
            this.endRecord(end);
            at = end;
            continue;
          }
        }
        if (comment !== undefined && at === this.recordStart) {
          const compared = this.lengthOf(comment, at, atEnd);
          if (compared === UNDECIDED) break;
          if (compared > 0) {
            this.skipLines(1);
            continue;
          }
        }
        if (trim === true) {
          at = this.overBlanks(at);
          if (at === length) break;
        }
        this.beginField(at);
        if (buffer[at] === quote) {
          at++;
          this.beginQuoted(at);
        }
      }
      if (this.phase === QUOTED) {
        at = this.overQuoted(at);
        if (at === length || (at + 1 === length && !atEnd)) break;
        if (buffer[at] !== quote) {
          const behind = this.overEscape(at, atEnd);
          if (behind === UNDECIDED) break;
          at = behind;
          continue;
        }
        if (at + 1 < length && buffer[at + 1] === quote) {
          this.fieldFlags |= HAS_DOUBLED_QUOTES;
          at += 2;
          continue;
        }
        this.fieldEnd = at;
        this.phase = AFTER_QUOTE;
        at++;
      } else if (this.phase === PLAIN) {
        at = this.overPlain(at);
        this.fieldEnd = at;
      }
      if (trim === true && this.phase === AFTER_QUOTE) at = this.overBlanks(at);
      if (at === length) break;
      const byte = buffer[at];
      if (byte === LF || byte === CR) {
        this.endField();
        at++;
        this.lastWasCr = byte === CR;
        this.endRecord(at);
      } else if (delimiterLength > 1 && at + delimiterLength > length && !atEnd) {
        break;
      } else if (this.isDelimiter(at)) {
        this.endField();
        at += delimiterLength;
      } else if (this.phase === PLAIN && byte === this.escape) {
        const behind = this.overEscape(at, atEnd);
        if (behind === UNDECIDED) break;
        at = behind;
      } else if (this.phase === PLAIN) {
        // The first byte of a longer delimiter, alone.
        at++;
      } else {
        this.problem ??= `text after the closing quote of field ${this.count + 1}`;
        this.phase = PLAIN;
      }
    }
    this.position = at;
  }

  private skipLines(count: number): void {
    this.phase = SKIPPED_LINE;
    this.linesToSkip = count;
  }

  /** Behind a line that is skipped, or all that there is of it. */
  private overLine(from: number): number {
    const { buffer, length } = this;
    let at = from;
    if (this.lastWasCr) {
      this.lastWasCr = false;
      if (buffer[at] === LF) at++;
    }
    while (at < length && buffer[at] !== LF && buffer[at] !== CR) at++;
    if (at < length) {
      this.lastWasCr = buffer[at] === CR;
      at++;
      this.line++;
      this.linesToSkip--;
      if (this.linesToSkip === 0) this.phase = FIELD_START;
    }
    this.recordStart = at;
    return at;
  }

  private beginField(at: number): void {
    this.fieldStart = at;
    this.fieldEnd = at;
    this.fieldFlags = 0;
    this.phase = PLAIN;
  }

  private beginQuoted(at: number): void {
    this.fieldStart = at;
    this.fieldFlags = IS_QUOTED;
    this.quoteLine = this.line + this.linesInRecord;
    this.phase = QUOTED;
  }

  private endField(): void {
    const { count } = this;
    if (this.dialect.trim === true && (this.fieldFlags & IS_QUOTED) === 0) {
      while (this.fieldEnd > this.fieldStart && this.isBlank(this.fieldEnd - 1)) this.fieldEnd--;
    }
    if (count < MAX_FIELDS) this.fields.add(this.fieldStart, this.fieldEnd, this.fieldFlags);
    this.count = count + 1;
    this.phase = FIELD_START;
  }

  /** `end`: behind the line end. */
  private endRecord(end: number): void {
    if (this.oversized || end - this.recordStart > this.maxRecordBytes) {
      this.problem = `longer than ${this.maxRecordBytes} bytes`;
    }
    this.position = end;
    this.onRecord(this);
    this.line += this.linesInRecord + 1;
    this.linesInRecord = 0;
    this.recordStart = end;
    this.fields.endRecord();
    this.count = 0;
    this.problem = undefined;
    this.oversized = false;
  }

  protected movedToFront(bytes: number): void {
    this.fieldStart -= bytes;
    this.fieldEnd -= bytes;
  }
}
