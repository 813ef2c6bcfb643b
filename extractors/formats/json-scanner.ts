import { BeamliftError } from '../../core/errors';
import { MAX_RECORD_BYTES } from './format-reader';
import { BYTE, INCOMPLETE, JsonGrammar, TOO_DEEP } from './json-grammar';
import type { JsonNames } from './json-names';
import type { RecordsPath } from './json-path';
import { JsonRecord, kindOf, problemOf } from './json-record';
import { JsonWalk } from './json-walk';

/** `lines`: one record a line. `document`: arrays of records, or records, one behind the other (one object is one record). */
export type JsonFraming = 'lines' | 'document';

/** What the buffer has beyond the longest record; twice the size of the pieces that are fed. In bytes. */
const SPARE_BUFFER_BYTES = 512 * 1024;

/** Only null begins with it. */
const LETTER_N = 110;

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** What a document is waiting for. At START for the next one; SINGLE: a record that is no element of an array. */
const START = 0;
const FIRST_OR_END = 1;
const RECORD = 2;
const COMMA_OR_END = 3;
const SINGLE = 4;

export interface JsonScannerOptions {
  /** Of lines: the first byte fed is not that of the file but of the line behind these: no byte order mark is looked for. */
  readonly linesBefore?: number;
  readonly maxRecordBytes?: number;
  /** Of documents: where in each of them its records are. */
  readonly path?: RecordsPath | undefined;
}

/**
 * Cuts JSON bytes into records, piece by piece, however the pieces are cut, and checks every byte of them against the grammar.
 *
 * Lines: a line that is not one valid object is a record with a problem, and the next line goes on; blank lines are none.
 * Documents: a valid value that is not an object is a record with a problem; where the JSON itself is wrong nothing behind it can be
 * trusted, so it ends with FORMAT_INVALID, which names the record and the byte. A record of more than `maxRecordBytes` is a problem
 * in lines and LIMIT_EXCEEDED in documents.
 *
 * Memory: one record plus one piece, at most `maxRecordBytes` plus one piece.
 */
export class JsonScanner {
  private readonly grammar = new JsonGrammar();
  private readonly record: JsonRecord;
  private readonly walk: JsonWalk | undefined;
  private buffer = Buffer.alloc(0);
  private length = 0;
  /** Bytes of the buffer that are done with; they stay until more are fed, as records that were reported are there. */
  private done = 0;
  /** Bytes of the file before the buffer. */
  private offset = 0;
  private started = false;
  private phase = START;
  /** Records or lines so far. */
  private count = 0;
  /** An unfinished record is looked at again when the buffer has so many bytes: twice as many each time. */
  private retryLength = 0;
  /** In lines: no line end before here. */
  private searched = 0;
  /** In lines: the current one is too long, and only its first bytes are still there. */
  private oversized = false;
  private readonly maxRecordBytes: number;
  private readonly beginsWithFile: boolean;

  constructor(
    private readonly framing: JsonFraming,
    names: JsonNames,
    private readonly onRecord: (record: JsonRecord) => void,
    { linesBefore, maxRecordBytes = MAX_RECORD_BYTES, path }: JsonScannerOptions = {},
  ) {
    this.maxRecordBytes = maxRecordBytes;
    this.beginsWithFile = linesBefore === undefined;
    if (linesBefore !== undefined) {
      this.count = linesBefore;
      this.started = true;
    }
    this.record = new JsonRecord(this.grammar, names);
    this.walk = path === undefined ? undefined : new JsonWalk(path, this.grammar);
  }

  /** Bytes fed so far. */
  get bytes(): number {
    return this.offset + this.length;
  }

  /** Of lines: whether what was fed ends with a line end. */
  get isBetweenLines(): boolean {
    return this.length === this.done;
  }

  /** Takes the next bytes (copied) and reports the records that end in them, whose bytes stay where they are until the next call. Throws FORMAT_INVALID, LIMIT_EXCEEDED. */
  feed(piece: Uint8Array): void {
    this.compact();
    this.reserve(this.length + piece.length);
    this.buffer.set(piece, this.length);
    this.length += piece.length;
    this.scan(false);
  }

  /** Reports the last record. Throws FORMAT_INVALID where a document is not complete. */
  end(): void {
    this.compact();
    this.scan(true);
  }

  private scan(atEnd: boolean): void {
    if (!this.started && !this.skipByteOrderMark(atEnd)) return;
    this.record.use(this.buffer, this.length);
    this.done = this.framing === 'lines' ? this.scanLines(atEnd) : this.scanDocument(atEnd);
  }

  private skipByteOrderMark(atEnd: boolean): boolean {
    if (this.length < BYTE_ORDER_MARK.length && !atEnd) return false;
    this.started = true;
    if (this.buffer.subarray(0, this.length).indexOf(BYTE_ORDER_MARK) === 0) {
      this.done = BYTE_ORDER_MARK.length;
      this.compact();
    }
    return true;
  }

  /** All lines that end in the buffer; where the first unfinished one begins. */
  private scanLines(atEnd: boolean): number {
    const content = this.buffer.subarray(0, this.length);
    let start = 0;
    for (;;) {
      const found = content.indexOf(BYTE.newline, Math.max(start, this.searched));
      if (found < 0 && !(atEnd && start < this.length)) break;
      const end = found < 0 ? this.length : found;
      this.count++;
      this.line(start, end);
      start = Math.min(end + 1, this.length);
      this.searched = start;
    }
    this.searched = this.length;
    return start;
  }

  private line(start: number, end: number): void {
    const { grammar, record } = this;
    grammar.limit = end;
    grammar.final = true;
    const first = grammar.skipSpace(start);
    if (this.oversized || end - start > this.maxRecordBytes) {
      record.refuse(start, end, `a line of more than ${this.maxRecordBytes} bytes`);
      this.oversized = false;
    } else if (first === end) {
      return;
    } else {
      const answer = record.read(first);
      if (answer < 0) this.refuseLine(first, end, problemOf(answer, grammar));
      else if (grammar.skipSpace(answer) < end) record.refuse(first, end, 'more text behind the value');
    }
    record.number = this.count;
    this.onRecord(record);
  }

  private refuseLine(start: number, end: number, problem: string): void {
    if (this.beginsWithFile && this.count === 1 && this.buffer[start] === BYTE.openArray) {
      throw new BeamliftError('FORMAT_INVALID', {
        what: 'The file is a JSON array over several lines, not one record a line.',
        where: { row: 'line 1' },
        why: `The first line is ${problem}.`,
        hint: 'Set `file_format: json`.',
      });
    }
    this.record.refuse(start, end, problem);
  }

  /** All records that end in the buffer; up to where it is done. */
  private scanDocument(atEnd: boolean): number {
    const { grammar } = this;
    if (this.length < this.retryLength && !atEnd) return 0;
    grammar.final = atEnd;
    let at = 0;
    for (;;) {
      // White space in the middle of a value that is stepped over may be part of it.
      if (this.walk?.isSkipping !== true) at = grammar.skipSpace(at);
      if (at === this.length) {
        if (atEnd) this.checkEnd();
        break;
      }
      const start = this.punctuation(at);
      if (start === INCOMPLETE) {
        if (atEnd) this.checkEnd();
        break;
      }
      if (start > at || this.phase === START) {
        at = start;
        continue;
      }
      const end = this.documentRecord(at, atEnd);
      if (end === INCOMPLETE) break;
      at = end;
    }
    this.retryLength = at === this.length ? 0 : (this.length - at) * 2;
    return at;
  }

  /** Steps over what stands between records; `at` itself where a record begins. */
  private punctuation(at: number): number {
    const byte = this.buffer[at];
    if (this.phase === START)
      return this.walk === undefined ? this.intoRecords(at) : this.walkOn(this.walk, at);
    if (this.phase === RECORD || this.phase === SINGLE) return at;
    if (byte === BYTE.closeArray) {
      this.behindRecords();
      return at + 1;
    }
    if (this.phase === FIRST_OR_END) {
      this.phase = RECORD;
      return at;
    }
    if (byte === BYTE.comma) {
      this.phase = RECORD;
      return at + 1;
    }
    this.grammar.unexpected(at, "',' or ']'");
    throw this.broken(this.grammar.problem, at);
  }

  /** At an array of records, or a record. */
  private intoRecords(at: number): number {
    const isArray = this.buffer[at] === BYTE.openArray;
    this.phase = isArray ? FIRST_OR_END : SINGLE;
    return isArray ? at + 1 : at;
  }

  private behindRecords(): void {
    this.phase = START;
    this.walk?.leave();
  }

  /** A step outside of the records, at most into them. Null stands for no records. */
  private walkOn(walk: JsonWalk, at: number): number {
    const { grammar } = this;
    const next = walk.step(at);
    if (next === INCOMPLETE) this.checkLength(at);
    if (next < INCOMPLETE) throw this.broken(problemOf(next, grammar), grammar.problemAt);
    if (!walk.reached) return next;
    const byte = this.buffer[next] ?? 0;
    if (byte === BYTE.openArray || byte === BYTE.openObject) return this.intoRecords(next);
    const end = grammar.value(next, 0);
    if (end >= 0 && byte !== LETTER_N) throw walk.noRecords(kindOf(byte));
    if (end < INCOMPLETE) throw this.broken(problemOf(end, grammar), grammar.problemAt);
    if (end !== INCOMPLETE) walk.leave();
    return end;
  }

  private documentRecord(at: number, atEnd: boolean): number {
    const { grammar, record } = this;
    const end = record.read(at);
    if (end === INCOMPLETE && !atEnd) {
      this.checkLength(at);
      return INCOMPLETE;
    }
    if (end >= 0 && end - at > this.maxRecordBytes) throw this.tooLong(at);
    this.count++;
    if (end === TOO_DEEP) throw this.tooDeep(at);
    if (end < 0)
      throw this.broken(problemOf(end, grammar), end === INCOMPLETE ? this.length : grammar.problemAt);
    record.number = this.count;
    this.onRecord(record);
    if (this.phase === SINGLE) this.behindRecords();
    else this.phase = COMMA_OR_END;
    return end;
  }

  private checkLength(at: number): void {
    if (this.length - at > this.maxRecordBytes) throw this.tooLong(at);
  }

  private checkEnd(): void {
    if (this.phase !== START) throw this.broken("the array is not closed: a ']' is missing", this.length);
    if (this.walk?.isBetweenDocuments === false)
      throw this.broken('the document ends too early', this.length);
  }

  private broken(why: string, at: number): BeamliftError {
    return new BeamliftError('FORMAT_INVALID', {
      what: 'The file is not valid JSON.',
      where: { row: `record ${Math.max(1, this.count)}` },
      why: `${why} at byte ${this.offset + at}.`,
      hint: 'Check that the file is complete. If it has one object a line, set `file_format: jsonl`: then only bad lines are rejected.',
    });
  }

  private tooLong(at: number): BeamliftError {
    return new BeamliftError('LIMIT_EXCEEDED', {
      what: `A record of the file has more than ${this.maxRecordBytes} bytes.`,
      where: { row: `record ${this.count + 1}` },
      why: `It begins at byte ${this.offset + at}.`,
      hint: 'If the file is one object around an array of records, set `records_path` in file_format_options to where the array is.',
    });
  }

  private tooDeep(at: number): BeamliftError {
    return new BeamliftError('LIMIT_EXCEEDED', {
      what: `A record of the file is ${problemOf(TOO_DEEP, this.grammar)}.`,
      where: { row: `record ${this.count}` },
      why: `It begins at byte ${this.offset + at}.`,
    });
  }

  /** Forgets the bytes that are done with; and of a line that is too long, all but its beginning. */
  private compact(): void {
    const { done } = this;
    this.done = 0;
    if (done > 0) {
      this.buffer.copyWithin(0, done, this.length);
      this.length -= done;
      this.offset += done;
      this.searched = Math.max(0, this.searched - done);
    }
    if (this.framing === 'lines' && this.length > this.maxRecordBytes) {
      this.oversized = true;
      this.offset += this.length - KEPT_BYTES;
      this.length = this.searched = KEPT_BYTES;
    }
  }

  private reserve(bytes: number): void {
    if (bytes <= this.buffer.length) return;
    const largest = this.maxRecordBytes + SPARE_BUFFER_BYTES;
    const larger = Buffer.allocUnsafe(Math.max(bytes, Math.min(this.buffer.length * 2, largest)));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}

/** Of a line that is too long, in bytes: what a reject shows of it. */
const KEPT_BYTES = 256;
